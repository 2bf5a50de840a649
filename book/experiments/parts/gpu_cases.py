"""What `gpu_speed` times: training steps, networks and whole detectors, each with some switches on.

A step is `Learner.step` with the authors' optimizer on pictures with three objects each, all on the GPU already.
"network" goes from a prepared batch to offsets and logits; "detections" goes from pictures to boxes. The weights are
random, so in the place of its own answers every detector goes on with made-up ones: of 8,700 priors and 20 classes,
about 1,400 boxes a picture pass the threshold of 0.01 then.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from dsod_lite import DSOD, TrainConfig
from dsod_lite.training.optimizer import make_optimizer
from dsod_lite.training.step import Learner

from .counting import SSDNetwork

BACKGROUND = 7.0
"""The background's made-up logit; those of the classes are standard normal."""
Make = Callable[[], nn.Module]


@dataclass(frozen=True)
class Switches:
    """What makes a detector faster or smaller, and no other."""

    channels_last: bool = False
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    compile: bool = False
    fused: bool = False
    """The optimizer, in training."""
    save_memory: bool = False
    """A DSOD's dense layers, in training."""


def switches_for(model: nn.Module, half: Literal["bfloat16", "float16"]) -> tuple[dict[str, Switches], ...]:
    """By name: those of training, and those of inference."""
    both = {
        "none": Switches(),
        "channels_last": Switches(channels_last=True),
        "bfloat16": Switches(precision="bfloat16"),
        "float16": Switches(precision="float16"),
        "compile": Switches(compile=True),
    }
    together = Switches(channels_last=True, precision=half, compile=True)
    training = both | {"fused": Switches(fused=True)}
    if isinstance(model, DSOD):
        training |= {"save_memory": Switches(save_memory=True)}
        # The compiler does not follow a layer that is computed twice.
        training["all, save_memory for compile"] = replace(together, fused=True, compile=False, save_memory=True)
    return training | {"all": replace(together, fused=True)}, both | {"all": together}


@dataclass
class Case:
    """Something to be timed."""

    model: str
    part: str
    """training, network or detections."""
    switches: str
    precision: str
    pictures: int
    call: Callable[[], Any]


def apply(model: nn.Module, switches: Switches) -> None:
    """Order of memory, and compilation at the first call."""
    order = torch.channels_last if switches.channels_last else torch.contiguous_format
    model.to(memory_format=order)  # type: ignore[call-overload]
    if switches.compile:
        for part in (model.network,) if isinstance(model, DSOD) else (model.backbone, model.head):
            part.compile()  # type: ignore[union-attr, operator]


def pictures_with_objects(count: int, side: int, device: torch.device) -> tuple[list[Tensor], list[dict[str, Any]]]:
    """Noise with three objects a picture."""
    boxes = torch.tensor([[0.1, 0.1, 0.4, 0.5], [0.3, 0.2, 0.9, 0.8], [0.5, 0.5, 0.6, 0.6]]) * side
    target = {"boxes": boxes.to(device), "labels": torch.tensor([1, 2, 3], device=device)}
    return list(torch.rand(count, 3, side, side, device=device)), [target] * count


def training(make: Make, switches: Switches, batch: int, side: int, device: torch.device) -> Callable[[], Any]:
    """A call that is a step."""
    fields: dict[str, Any] = {"precision": switches.precision, "save_memory": switches.save_memory}
    config = TrainConfig(epochs=1, batch_size=batch, optimizer="sgd", learning_rate=1e-4, **fields)
    model = make().train()
    learner = Learner(model, config, device)
    learner.optimizer = make_optimizer(model, config, fused=switches.fused)
    apply(model, switches)
    images, targets = pictures_with_objects(batch, side, device)
    return lambda: learner.step(images, targets, 0, config.learning_rate)


class MadeUp(nn.Module):
    """Does a module's work, and then gives another answer."""

    def __init__(self, module: nn.Module, answer: Any) -> None:
        super().__init__()
        self.module, self.answer = module, answer

    def forward(self, *inputs: Any) -> Any:
        self.module(*inputs)
        return self.answer


def inference(
    make: Make, switches: Switches, fold: bool, batch: int, side: int, device: torch.device
) -> dict[str, Callable[[], Any]]:
    """Calls for the network alone, and for the whole detector; `fold`: a DSOD's network is its `fast_network`."""
    model: Any = make().eval().to(device)
    images, _ = pictures_with_objects(batch, side, device)
    prepared = torch.stack(images)
    ours = isinstance(model, DSOD)
    network: Any = model.network if ours else SSDNetwork(model)
    with torch.no_grad():
        offsets, logits = (torch.randn(answer.shape, device=device) for answer in network(prepared))
    logits[..., 0] = BACKGROUND
    apply(model, replace(switches, compile=switches.compile and not (ours and fold)))
    if ours and fold:
        network.forward = model.fast_network()
    if ours:
        model.network = MadeUp(model.network, (offsets, logits))
    else:
        model.head = MadeUp(model.head, {"bbox_regression": offsets, "cls_logits": logits})
    dtype = getattr(torch, switches.precision)

    def timed(call: Callable[[Any], Any], argument: Any) -> Callable[[], Any]:
        def inner() -> Any:
            with torch.no_grad(), torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
                return call(argument)

        return inner

    if switches.channels_last:
        prepared = prepared.contiguous(memory_format=torch.channels_last)
    return {"network": timed(network, prepared), "detections": timed(model, images)}

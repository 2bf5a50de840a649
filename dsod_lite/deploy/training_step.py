"""A training step as one ONNX file: for engines that can run a graph, and know nothing of gradients.

A step is a function: from weights, the optimizer's memory and a batch to new weights, new memory and the losses.
`make_fx` writes down what PyTorch does in it, backward pass and optimizer included, and `to_onnx` translates that.
"""

import copy
import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch._decomp import core_aten_decompositions, get_decompositions
from torch.func import functional_call, functionalize, grad
from torch.fx.experimental.proxy_tensor import make_fx

from ..detector.model import DSOD
from ..detector.network import Network
from ..support.errors import MissingPackage
from ..support.files import whole_file
from .gradient_rules import RULES
from .training_state import first_values, flat, memory_names, parameters, shaped, statistics, training_state

aten = torch.ops.aten
NOWHERE = (2.0, 2.0, 2.1, 2.1)
"""The box of an object that is not there: outside of the picture, it overlaps no prior, and so nothing matches it."""
INPUTS = ("weights", "memory", "statistics", "steps", "pictures", "boxes", "labels", "rate")
OUTPUTS = ("losses", "new_weights", "new_memory", "new_statistics", "gradient", "offsets", "logits")


class RecordingNorm(nn.Module):
    """BatchNorm in training as a function: the batch's statistics are put down instead of worked into the running."""

    def __init__(self, norm: nn.BatchNorm2d, name: str, new: dict[str, Tensor]) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps
        self.register_buffer("running_mean", norm.running_mean)
        self.register_buffer("running_var", norm.running_var)
        self.name, self.new = name, new

    def forward(self, x: Tensor) -> Tensor:
        values = (self.weight, self.bias, self.running_mean, self.running_var)
        y, _, _, mean, variance = aten._native_batch_norm_legit_functional(x, *values, True, 1.0, self.eps)
        self.new |= {f"{self.name}.running_mean": mean, f"{self.name}.running_var": variance}
        return y


def recording(network: Network) -> tuple[nn.Module, dict[str, Tensor]]:
    """A copy of the network in training, and where its BatchNorms put the batch's statistics, by name."""
    copied: nn.Module = copy.deepcopy(network).train()
    new: dict[str, Tensor] = {}
    for path, module in list(copied.named_modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, RecordingNorm(child, f"{path}.{name}", new))
    return copied, new


def training_step(model: DSOD, optimizer: torch.optim.Optimizer) -> Callable[..., tuple[Tensor, ...]]:
    """The step as a function of the `INPUTS`, giving the `OUTPUTS`. What it computes is the model's own.

    The loss is `model.loss`, the update torch's of this optimizer, in a form that writes to nothing.
    """
    network, found = recording(model.network)
    weights_like = parameters(model, optimizer)
    statistics_like = statistics(model.network)
    memory_names(optimizer)
    update = sgd_step if isinstance(optimizer, torch.optim.SGD) else adamw_step
    sizes = [sum(p.numel() for p in group["params"]) for group in optimizer.param_groups]
    norms = [module for module in model.network.modules() if isinstance(module, nn.BatchNorm2d)]
    # Of the batch's statistics in the new running ones.
    share = torch.cat([torch.full((2 * norm.num_features,), cast(float, norm.momentum)) for norm in norms])

    def step(
        weights: Tensor, memory: Tensor, running: Tensor, steps: Tensor, pictures: Tensor, boxes: Tensor,
        labels: Tensor, rate: Tensor,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        def loss(weights: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            values = shaped(weights, weights_like) | shaped(running, statistics_like)
            offsets, logits = functional_call(network, values, (pictures,))
            losses = model.loss(offsets, logits, model.priors, list(boxes), list(labels))
            both = torch.stack([losses["bbox_regression"], losses["classification"]])
            return both.sum(), (both, torch.cat([found[name] for name in statistics_like]), offsets, logits)

        gradient, (losses, now, offsets, logits) = grad(loss, has_aux=True)(weights)
        columns = zip(
            optimizer.param_groups, weights.split(sizes), gradient.split(sizes), memory.split(sizes, 1), strict=True
        )
        updated = [update(group, w, g, m, rate, steps + 1) for group, w, g, m in columns]
        new_weights = torch.cat([w for w, _ in updated])
        new_memory = torch.cat([m for _, m in updated], dim=1)
        return losses, new_weights, new_memory, running * (1 - share) + now * share, gradient, offsets, logits

    return step


def sgd_step(
    group: Mapping[str, Any], weights: Tensor, gradient: Tensor, memory: Tensor, rate: Tensor, step: Tensor
) -> tuple[Tensor, Tensor]:
    """New weights and new momentum [1, N], as `torch.optim.SGD` has them."""
    momentum = memory[0] * group["momentum"] + (gradient + weights * group["weight_decay"])
    return weights - rate * momentum, momentum[None]


def adamw_step(
    group: Mapping[str, Any], weights: Tensor, gradient: Tensor, memory: Tensor, rate: Tensor, step: Tensor
) -> tuple[Tensor, Tensor]:
    """New weights and the new averages of gradients and their squares [2, N], as `torch.optim.AdamW` has them."""
    first, second = group["betas"]
    mean = memory[0] * first + gradient * (1 - first)
    square = memory[1] * second + gradient * gradient * (1 - second)
    # A power of a number to an unknown exponent.
    unbiased = [1 - (step * torch.tensor(beta, dtype=torch.float64).log().float()).exp() for beta in (first, second)]
    length = (square / unbiased[1]).sqrt() + group["eps"]
    weights = weights * (1 - rate * group["weight_decay"])
    return weights - rate * (mean / unbiased[0]) / length, torch.stack([mean, square])


def decompositions() -> dict[Any, Callable[..., Any]]:
    """What each of PyTorch's larger operations consists of: torch's own, and our rules where it has none that fit."""
    more = (
        aten._log_softmax, aten._log_softmax_backward_data, aten.nll_loss_forward, aten.nll_loss_backward,
        aten.smooth_l1_loss, aten.smooth_l1_loss_backward,
    )  # fmt: skip
    return {**core_aten_decompositions(), **get_decompositions(more), **RULES}


def export_training(
    model: DSOD,
    optimizer: torch.optim.Optimizer,
    path: str | Path,
    batch_size: int,
    objects: int = 6,
    classes: Sequence[str] = (),
    with_state: bool = True,
) -> None:
    """Writes loss, gradients and optimizer of a DSOD as one ONNX file.

    Inputs: "weights" [N], "memory" [K, N], "statistics" [M] and "steps" [] (see `training_state`); "pictures" [B, 3, S,
    S], normalised as `model.normalize` does it; "boxes" [B, objects, 4] xyxy, fractions, with `NOWHERE` where a picture
    has fewer; "labels" [B, objects] int64, there 0; "rate" [], the learning rate. Outputs: "losses" [2], of offsets and
    of classes; "new_weights", "new_memory" and "new_statistics", the next step's inputs; "gradient" [N]; and "offsets"
    [B, P, 4] and "logits" [B, P, C], from before the step.

    The metadata have "config" and "classes" as `export_onnx` has them, and "parameters": [name, shape, how it begins
    (see `first_values`)] in the order of the weights, and "statistics": [name, shape].

    Args:
        model: on the CPU.
        optimizer: SGD or AdamW over the model's parameters.
        path: the file to write.
        batch_size: pictures of a step.
        objects: the most that a picture may have.
        classes: names of the classes 1 to C - 1, if they have any.
        with_state: the file holds the state of model and optimizer, so that these inputs may be left out at first.

    Raises:
        SettingError: for an optimizer that has no training step.
        MissingPackage: if onnx is missing.
    """
    size = model.config.image_size
    state = training_state(model, optimizer)
    batch = {
        "pictures": torch.zeros(batch_size, 3, size, size),
        "boxes": torch.tensor(NOWHERE).repeat(batch_size, objects, 1),
        "labels": torch.zeros(batch_size, objects, dtype=torch.int64),
        "rate": torch.tensor(0.01),
    }
    about = {
        "config": asdict(model.config),
        "classes": list(classes),
        "optimizer": type(optimizer).__name__,
        "parameters": [
            [name, list(p.shape), *first_values(model.network)[name]]
            for name, p in parameters(model, optimizer).items()
        ],
        "statistics": [[name, list(value.shape)] for name, value in statistics(model.network).items()],
    }
    write_function(path, training_step(model, optimizer), state | batch, OUTPUTS, about, state if with_state else {})


def export_weightless(model: DSOD, optimizer: torch.optim.Optimizer, path: str | Path) -> None:
    """Writes the network in evaluation mode, for one picture, with "weights" and "statistics" among its inputs.

    Its outputs are those of `export_onnx`. It detects between the steps of `export_training`, and with values for these
    two inputs and the metadata's "classes" it is such a file as `export_onnx` writes, for one picture at a time.
    """
    network = copy.deepcopy(model.network).eval()
    weights_like, statistics_like = parameters(model, optimizer), statistics(model.network)

    def detect(weights: Tensor, running: Tensor, pictures: Tensor) -> tuple[Tensor, Tensor]:
        values = shaped(weights, weights_like) | shaped(running, statistics_like)
        return functional_call(network, values, (pictures,))

    size = model.config.image_size
    inputs = {"weights": flat(weights_like), "statistics": flat(statistics_like)}
    about = {"config": asdict(model.config)}
    write_function(path, detect, inputs | {"pictures": torch.zeros(1, 3, size, size)}, ("offsets", "logits"), about, {})


def write_function(
    path: str | Path,
    function: Callable[..., tuple[Tensor, ...]],
    inputs: Mapping[str, Tensor],
    outputs: Sequence[str],
    about: Mapping[str, Any],
    defaults: Mapping[str, Tensor],
) -> None:
    """Writes a function of tensors as ONNX. `defaults`: inputs that have a value until they are given another."""
    if importlib.util.find_spec("onnx") is None:
        raise MissingPackage("export needs onnx: pip install onnx")
    from onnx import numpy_helper

    from .aten_to_onnx import to_onnx

    traced = make_fx(functionalize(function), decomposition_table=decompositions())(*inputs.values())
    traced.graph.eliminate_dead_code()
    file = to_onnx(traced, list(inputs), outputs)
    for name, value in defaults.items():
        file.graph.initializer.append(numpy_helper.from_array(value.numpy(), name))
    for key, value in about.items():
        file.metadata_props.add(key=key, value=json.dumps(value))
    with whole_file(Path(path)) as out:
        out.write(file.SerializeToString())

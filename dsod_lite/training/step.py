"""What a step of training changes: the weights, the optimizer, and what goes along with them."""

import contextlib
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel

from ..detector.blocks import DenseLayer
from ..detector.model import DSOD
from ..support.batches import to_device
from ..support.processes import mean_of_processes
from .optimizer import averager, learning_rate_at, make_optimizer, norm_momentum_at
from .recipe import TrainConfig
from .sharing import share_of, synchronize


class Learner:
    """A model on its device, with its optimizer, and the average of its weights where one is kept.

    The model is changed in place. With several processes, each has a learner, and their weights stay the same.
    """

    def __init__(self, model: nn.Module, config: TrainConfig, device: torch.device) -> None:
        self.config, self.device, self.share = config, device, share_of(config)
        self.precision = getattr(torch, config.precision)
        self.model = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        for layer in model.modules():
            if isinstance(layer, DenseLayer):
                layer.save_memory = config.save_memory
        if self.share.together:
            synchronize(model)
        self.norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
        if config.compile and isinstance(model, DSOD):
            model.network.compile()
        self.optimizer = make_optimizer(model, config, fused=device.type == "cuda")
        self.scaler = torch.amp.GradScaler(device.type, enabled=config.precision == "float16")
        self.average = None
        if config.weight_average:
            self.average = AveragedModel(model, multi_avg_fn=averager(config.weight_average), use_buffers=True)
        self.processes = None
        if self.share.world > 1:
            with warnings.catch_warnings():  # newer torch has another word for it, which older torch does not know
                warnings.simplefilter("ignore", FutureWarning)
                # BatchNorm's statistics are each process's own, until `average_statistics` brings them together.
                self.processes = DistributedDataParallel(model, broadcast_buffers=False)

    @property
    def judged(self) -> nn.Module:
        """The model that is judged and kept: with averaged weights, where there are any."""
        return self.average.module if self.average is not None else self.model

    def step(
        self, images: Sequence[Tensor], targets: Sequence[dict[str, Any]], step: int, total_steps: int
    ) -> list[dict[str, float]]:
        """One step on this process's pictures of a batch. Returns the losses of each part, see `backpropagate`."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate_at(step, total_steps, self.config)
        # For models that roll dice: each process its own, and the same ones after a kill.
        torch.manual_seed(self.config.seed * 1_000_003 + step + (self.share.rank << 40))
        self.optimizer.zero_grad(set_to_none=True)
        losses = self.backpropagate(images, targets, step)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.average is not None:
            self.average.update_parameters(self.model)
        return losses

    def backpropagate(
        self, images: Sequence[Tensor], targets: Sequence[dict[str, Any]], step: int = 0
    ) -> list[dict[str, float]]:
        """Adds the gradients of a batch, part by part as BatchNorm is to see it.

        Returns the losses of each part, "loss" being their sum.
        """
        config, size = self.config, len(images) // self.share.parts
        names: list[str] = []
        values = []
        for i in range(self.share.parts):
            if config.norm_average is not None:
                momentum = norm_momentum_at(step * self.share.parts + i, config.norm_average)
                for norm in self.norms:
                    norm.momentum = momentum
            part = slice(i * size, (i + 1) * size)
            own_images = [image.to(self.device, non_blocking=True) for image in images[part]]
            own_targets = [to_device(target, self.device) for target in targets[part]]
            with self.alone_until_the_last(i):
                with torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32):
                    losses = (self.processes or self.model)(own_images, own_targets)
                loss = torch.stack(list(losses.values())).sum()
                self.scaler.scale(loss / self.share.parts).backward()
            names = ["loss", *losses]
            values.append(torch.stack([loss, *losses.values()]).detach().float())
        # Read at the end: a GPU works on while its results are not asked for.
        return [dict(zip(names, row, strict=True)) for row in torch.stack(values).tolist()]

    def alone_until_the_last(self, part: int) -> contextlib.AbstractContextManager[None]:
        """Gradients are brought together once, with the batch's last part."""
        if self.processes is None or part == self.share.parts - 1:
            return contextlib.nullcontext()
        return self.processes.no_sync()

    def average_statistics(self) -> None:
        """BatchNorm's running statistics become the mean over the processes, which have seen different pictures."""
        for model in (self.model,) if self.average is None else (self.model, self.average.module):
            for value in model.buffers():
                if value.is_floating_point():
                    mean_of_processes(value)

    def check_finite(self) -> None:
        """Raises ValueError, naming a value of the model that is not finite."""
        for name, value in self.judged.state_dict().items():
            if not value.isfinite().all():
                raise ValueError(f"{name} is not finite any more, though every loss was")

    def finish(self) -> None:
        """Leaves the averaged weights in the model."""
        if self.average is not None:
            self.model.load_state_dict(self.average.module.state_dict())

    def state(self) -> dict[str, Any]:
        """All that a checkpoint has to hold of it. "model" is the model that is judged."""
        average = self.average
        return {
            "model": self.judged.state_dict(),
            "weights": None if average is None else self.model.state_dict(),
            "averaged": 0 if average is None else int(average.n_averaged),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Takes up a `state`; raises what torch raises if it does not fit."""
        if self.average is None:
            self.model.load_state_dict(state["model"])
        else:
            self.average.module.load_state_dict(state["model"])
            self.average.n_averaged.fill_(state["averaged"])
            self.model.load_state_dict(state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])

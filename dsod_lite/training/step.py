"""One step of training: losses of a batch, their gradients, and what they change in the weights."""

import contextlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ..detector.model import DSOD
from ..support.processes import mean_of_processes
from .feeding import placed
from .forwards import recomputed, replaced, tuned
from .groups import Groups, grouped
from .memory import half_of, portions_with_room
from .optimizer import MovingAverage, make_optimizer, norm_momentum_at
from .recipe import TrainConfig
from .sharing import share_of, synchronized


@dataclass
class LearnerState:
    """All that a checkpoint has to hold of a learner."""

    model: dict[str, Any]
    """The model that is judged: with averaged weights, where there are any."""
    optimizer: dict[str, Any]
    scaler: dict[str, Any]
    weights: dict[str, Any] | None
    """Where the weights are averaged, those that training goes on with."""
    averaged: int
    """Steps in the average."""
    skipped: int = 0
    """Steps that changed nothing, since float16 had no numbers for their gradients."""


class Learner:
    """A model on its device, its optimizer, and the moving average (EMA) of its weights where one is kept.

    The model is changed in place. With several processes, each has a learner, and their weights stay the same.
    """

    def __init__(self, model: nn.Module, config: TrainConfig, device: torch.device) -> None:
        self.config, self.device, self.share = config, device, share_of(config)
        self.norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
        # Portions pass together in a DSOD with the usual BatchNorm, if they are this process's own.
        usual = isinstance(model, DSOD) and all(type(norm) is nn.BatchNorm2d for norm in self.norms)
        self.grouping = usual and not self.share.together and len(self.share.portions) > 1
        # `groups` wants each channel in one piece of memory.
        layout = torch.contiguous_format if self.grouping else torch.channels_last
        self.model = model.to(device, memory_format=layout)  # type: ignore[call-overload]
        self.groups: dict[int, tuple[Groups, dict[nn.Module, Callable[..., Any]]]] = {}
        self.together = 1
        """Portions that pass through the network at once."""
        if self.grouping:
            self.together = portions_with_room(model, config, self.share, device)
        self.forwards: dict[nn.Module, Callable[..., Any]] = recomputed(model) if config.save_memory else {}
        if self.share.together:
            self.forwards |= synchronized(model)
        if config.compile and isinstance(model, DSOD):
            model.network.compile()
        self.fixed = isinstance(model, DSOD) and device.type == "cuda"
        """Whether all passes have pictures of one size."""
        self.optimizer = make_optimizer(model, config, fused=device.type == "cuda")
        # Mixed precision: `autocast` computes convolutions in it; float16 needs its gradients scaled as well.
        precision = half_of(device) if config.precision == "half" else config.precision
        self.precision = getattr(torch, precision)
        self.scaler = torch.amp.GradScaler(device.type, enabled=precision == "float16")
        self.scale, self.skipped = self.scaler.get_scale(), 0
        self.average = MovingAverage(model, config.weight_average) if config.weight_average else None
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
        self, images: Sequence[Tensor] | Tensor, targets: Sequence[dict[str, Any]], step: int, rate: float
    ) -> list[dict[str, float]]:
        """One step of the run, number `step` from 0, at a learning rate. Returns the losses of each micro-batch."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        # For models with randomness of their own: other numbers in each process, and the same ones after a kill.
        torch.manual_seed(self.config.seed * 1_000_003 + step + (self.share.rank << 40))
        self.optimizer.zero_grad(set_to_none=True)
        losses = self.backpropagate(images, targets, step)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        before, self.scale = self.scale, self.scaler.get_scale()
        if self.scale < before:  # which is how it says that it left out this step
            self.skipped += 1
        elif self.average is not None:
            self.average.update(self.model)
        return losses

    def backpropagate(
        self, images: Sequence[Tensor] | Tensor, targets: Sequence[dict[str, Any]], step: int = 0
    ) -> list[dict[str, float]]:
        """Accumulates the gradients of a batch, whose portions BatchNorm and the loss see one by one.

        Args:
            images: float in [0, 1] or uint8, `share.pictures` of [3, H, W], in a list or a tensor.
            targets: as `DSOD` takes them.
            step: from 0; it decides about BatchNorm's momentum, where the config has a `norm_average`.

        Returns:
            The losses of each of `share.portions`, "loss" being their sum.
        """
        names: list[str] = []
        values = []
        passes = self.passes()
        for i, portions in enumerate(passes):
            own = slice(portions[0].start, portions[-1].stop)
            last = i == len(passes) - 1
            with tuned(self.fixed), replaced(self.prepared(portions, step)), self.alone_until(last):
                batch = placed(self.model, images[own], targets[own], len(portions), self.device)
                with torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32):
                    losses = (self.processes or self.model)(*batch)
                each = torch.stack(list(losses.values())).view(len(losses), -1)  # [names, portions]
                loss = each.sum(dim=0).mean() * ((own.stop - own.start) / len(images))
                self.scaler.scale(loss).backward()
            names = ["loss", *losses]
            values.append(torch.cat([each.sum(dim=0, keepdim=True), each]).detach().float())
        # Read at the end: a GPU works on while its results are not asked for.
        return [dict(zip(names, column, strict=True)) for column in torch.cat(values, dim=1).T.tolist()]

    def passes(self) -> list[list[slice]]:
        """The portions of a batch that go through the network at once: equally long ones, as many as have room."""
        equal = [p for p in self.share.portions if p.stop - p.start == self.share.portion]
        passes = [equal[i : i + self.together] for i in range(0, len(equal), self.together)]
        return [*passes, *([p] for p in self.share.portions[len(equal) :])]

    def prepared(self, portions: list[slice], step: int) -> dict[nn.Module, Callable[..., Any]]:
        """What layers compute in the place of their usual in a pass of these portions, and BatchNorm's momenta set."""
        count, first = len(portions), portions[0].start // self.share.portion
        momenta = [self.norms[0].momentum or 0.0] * count if self.norms else []
        if self.config.norm_average is not None:
            before = step * len(self.share.portions) + first
            momenta = [norm_momentum_at(before + i, self.config.norm_average) for i in range(count)]
        if count == 1 and not (self.grouping and self.config.norm_average is not None):
            for norm in self.norms if self.config.norm_average is not None else []:
                norm.momentum = momenta[0]
            return self.forwards
        if count not in self.groups:
            groups = Groups(count, self.device)
            self.groups[count] = groups, grouped(self.model, groups)
        groups, forwards = self.groups[count]
        groups.follow(momenta)
        return {**self.forwards, **forwards}

    def alone_until(self, last: bool) -> contextlib.AbstractContextManager[None]:
        """Gradients of all processes are brought together once, with the batch's last micro-batch."""
        return contextlib.nullcontext() if self.processes is None or last else self.processes.no_sync()

    def average_statistics(self) -> None:
        """BatchNorm's running statistics become the mean over the processes, which have seen different pictures."""
        for model in (self.model,) if self.average is None else (self.model, self.average.module):
            for value in model.buffers():
                if value.is_floating_point():
                    mean_of_processes(value)

    def finish(self) -> None:
        """Leaves the averaged weights in the model."""
        if self.average is not None:
            self.model.load_state_dict(self.average.module.state_dict())

    def state(self) -> LearnerState:
        """What `load` takes up again."""
        average, optimizer, scaler = self.average, self.optimizer.state_dict(), self.scaler.state_dict()
        weights, averaged = (None, 0) if average is None else (self.model.state_dict(), average.steps)
        return LearnerState(self.judged.state_dict(), optimizer, scaler, weights, averaged, self.skipped)

    def load(self, state: LearnerState) -> None:
        """Takes up a `state`; raises what torch raises if it does not fit."""
        self.judged.load_state_dict(state.model)
        if self.average is not None:
            self.average.steps = state.averaged
            self.model.load_state_dict(state.weights or {})
        self.optimizer.load_state_dict(state.optimizer)
        if state.scaler:  # empty if the run began on a GPU with the other kind of half precision
            self.scaler.load_state_dict(state.scaler)
        self.scale, self.skipped = self.scaler.get_scale(), state.skipped

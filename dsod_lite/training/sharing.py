"""Data parallelism: several processes train as one, started by torchrun. Who is this one, and what is its share?

However many there are, they see the same pictures in the same batches, and BatchNorm and the loss the same parts of
them (micro-batches). So a step is that of one process, but for the order in which float32 adds up. Steps carry that
difference on: two runs of some epochs are two runs, as those of two seeds are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch.distributed as dist
from torch import Tensor, nn

from ..detector.loss import MultiBoxLoss
from ..support.errors import SettingError
from ..support.processes import rank, world_size
from .recipe import TrainConfig
from .sync_norm import over_processes


@dataclass(frozen=True)
class Share:
    """What one process does of every batch."""

    rank: int = 0
    world: int = 1
    pictures: int = 1
    """Pictures of a batch that are its own."""
    portion: int = 1
    """How many of them BatchNorm and the loss see at once: a micro-batch of gradient accumulation."""
    together: bool = False
    """Whether each portion is spread over all processes, which BatchNorm and the loss then have to know."""

    @property
    def portions(self) -> list[slice]:
        """Its pictures' places, portion by portion; the last may be smaller."""
        starts = range(0, self.pictures, self.portion)
        return [slice(start, min(start + self.portion, self.pictures)) for start in starts]


def share_of(config: TrainConfig) -> Share:
    """This process's share.

    A portion that BatchNorm is to see at once (`norm_batch_size`) goes to one process, if every process gets as many.
    Else each portion is spread over all of them. A last portion that is smaller is for one process alone.

    Raises:
        SettingError: naming the fields, if neither comes out even.
    """
    world, batch = world_size(), config.batch_size
    portion = config.norm_batch_size or batch
    if world == 1 or (batch % portion == 0 and batch // portion % world == 0):
        return Share(rank(), world, batch // world, portion)
    if batch % portion == 0 and portion % world == 0:
        return Share(rank(), world, batch // world, portion // world, together=True)
    raise SettingError(
        f"batch_size is {batch} and norm_batch_size {portion}: neither the {batch / portion:g} portions nor the "
        f"{portion} pictures of a portion can be shared out evenly over {world} processes"
    )


def synchronized(model: nn.Module) -> dict[nn.Module, Callable[..., Any]]:
    """Forward passes with which BatchNorm and DSOD's loss see the parts of all processes as one (see `forwards`)."""
    forwards: dict[nn.Module, Callable[..., Any]] = {}
    for module in model.modules():
        if type(module) is nn.BatchNorm2d:
            forwards[module] = over_processes(module)
        elif isinstance(module, MultiBoxLoss):
            forwards[module] = partial(loss_over_processes, module)
    return forwards


def loss_over_processes(loss: MultiBoxLoss, *batch: Any) -> dict[str, Tensor]:
    """`MultiBoxLoss` of pictures that are spread over processes; the mean of all processes' values is the loss.

    The sums are divided by the positive priors of all processes, of which each has its share.
    """
    sums, positives = loss.sums(*batch)
    total = positives.sum().float()
    dist.all_reduce(total)
    return {name: value.sum() * world_size() / total.clamp(min=1) for name, value in sums.items()}

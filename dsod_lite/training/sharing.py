"""Several processes that train as one, started by torchrun: who this one is, and what it does of every batch.

However many there are, they see the same pictures in the same batches, and BatchNorm and the loss the same parts of
them; so the numbers are those of one process.
"""

from dataclasses import dataclass

import torch.distributed as dist
from torch import Tensor, nn

from ..detector.loss import MultiBoxLoss
from ..support.processes import rank, world_size
from .recipe import TrainConfig
from .sync_norm import SyncBatchNorm2d


@dataclass(frozen=True)
class Share:
    """What one process does of every batch."""

    rank: int = 0
    world: int = 1
    pictures: int = 1
    """Pictures of a batch that are its own."""
    parts: int = 1
    """Parts of them that go through the network one after the other."""
    together: bool = False
    """Whether each part is spread over all processes, which BatchNorm and the loss then have to know."""


def share_of(config: TrainConfig) -> Share:
    """This process's share.

    A part that BatchNorm is to see at once (`norm_batch_size`) goes to one process, if every process gets as many. Else
    each part is spread over all of them.

    Raises:
        ValueError: naming the fields, if neither comes out even.
    """
    world, part = world_size(), config.norm_batch_size or config.batch_size
    parts = config.batch_size // part
    if parts % world == 0:
        return Share(rank(), world, config.batch_size // world, parts // world)
    if part % world == 0:
        return Share(rank(), world, config.batch_size // world, parts, together=True)
    raise ValueError(
        f"batch_size is {config.batch_size} and norm_batch_size {part}: neither the {parts} parts nor the {part} "
        f"pictures of a part can be shared out evenly over {world} processes"
    )


class SyncMultiBoxLoss(MultiBoxLoss):
    """`MultiBoxLoss` of pictures that are spread over processes; the mean of all processes' values is the loss."""

    def count(self, positive: Tensor) -> Tensor:
        """The positives of all processes, divided over them."""
        positives = positive.sum().float()
        dist.all_reduce(positives)
        return positives.clamp(min=1) / world_size()


def synchronize(model: nn.Module) -> None:
    """From now on BatchNorm and DSOD's loss see the parts of all processes as one.

    The layers change their class and stay the same objects, since the optimizer and others hold them.
    """
    for module in model.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SyncBatchNorm2d
        elif type(module) is MultiBoxLoss:
            module.__class__ = SyncMultiBoxLoss

"""Several processes that train as one, started by torchrun: who this one is, and what it does of every batch.

However many there are, they see the same pictures in the same batches, and BatchNorm and the loss the same parts of
them; so the numbers are those of one process.
"""

import atexit
import os
import time
import uuid
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from .devices import pick_device
from .loss import MultiBoxLoss
from .recipe import TrainConfig
from .sync_norm import SyncBatchNorm2d


def join(device: str) -> torch.device:
    """This process's device. Where torchrun started several processes, they are connected first.

    Each process of a host takes the GPU of its place there; CPUs talk by gloo, GPUs by nccl.

    Args:
        device: as in `TrainConfig`.
    """
    picked = pick_device(device)
    if not dist.is_torchelastic_launched():
        return picked
    if picked.type == "cuda":
        picked = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(picked)
    if not dist.is_initialized():
        backend = "nccl" if picked.type == "cuda" else "gloo"
        store, own, world = next(dist.rendezvous("env://"))
        dist.init_process_group(backend, store=unused_part(store, own, world), rank=own, world_size=world)
        atexit.register(dist.destroy_process_group)
    return picked


def unused_part(store: dist.Store, own: int, world: int) -> dist.Store:
    """A part of torchrun's store that this start of the processes has for itself.

    The store outlives the processes. After a kill the next ones would find the addresses of the dead in it, try to
    connect to them, and wait for half an hour (pytorch/pytorch issue 135712; torch 2.14 does it too). So the first
    process makes up a name, and each of the others waits until the first one has called it by a name of its own. No
    answer can be an old one then.

    Args:
        store: what all processes of this start share, those before it too.
        own: this process's rank.
        world: how many processes there are.
    """
    if own == 0:
        name = uuid.uuid4().hex
        store.set("start", name)
        for other in range(1, world):
            store.set(store.get(f"{name}/{other}").decode(), "")
    else:
        here = uuid.uuid4().hex
        while not store.check([here]):
            name = store.get("start").decode()  # of an earlier start, perhaps: then nobody answers
            store.set(f"{name}/{own}", here)
            time.sleep(0.01)
    return dist.PrefixStore(name, store)


def world_size() -> int:
    """How many processes there are; 1 without torchrun."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """This process's number, from 0; number 0 writes the files and shows the bar."""
    return dist.get_rank() if dist.is_initialized() else 0


def mean_of_processes(values: Tensor) -> Tensor:
    """The mean over the processes of a tensor that each of them has, in place."""
    if world_size() > 1:
        dist.all_reduce(values)
        values /= world_size()
    return values


def gathered(value: Any) -> list[Any]:
    """What every process has, in the order of their ranks; anything that can be pickled."""
    values = [value] * world_size()
    if world_size() > 1:
        dist.all_gather_object(values, value)
    return values


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

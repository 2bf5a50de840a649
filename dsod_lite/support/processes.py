"""This process among others, and its device: who it is, and how all of them say what each of them has."""

import atexit
import hashlib
import os
import time
import uuid
import warnings
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from .errors import SettingError, one_line


def pick_device(name: str) -> torch.device:
    """"auto": a GPU of CUDA's where there is one, else the CPU; anything else is torch's own name for a device.

    On a Mac "auto" warns that its GPU is left out.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
        if name == "cpu" and torch.backends.mps.is_available():
            said = "device: 'auto' is the CPU here; this Mac's GPU is 'mps', on which the package was only rehearsed"
            warnings.warn(said, stacklevel=2)
    try:
        return torch.zeros(0, device=name).device
    except (RuntimeError, AssertionError) as error:  # an unknown name, or a device that this machine lacks
        raise SettingError(f"device is {name!r}: {one_line(error)}") from None


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
        _stores.append(unused_part(store, own, world))
        dist.init_process_group(backend, store=_stores[-1], rank=own, world_size=world)
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


_stores: list[dist.Store] = []
"""What the processes share, from the time on that they are connected."""


def first_to_say(message: str) -> bool:
    """Whether this process is the one of all that has to say it: the first that wants to.

    Before the processes are connected, when all of them do the same, that is number 0.
    """
    if not dist.is_torchelastic_launched():
        return True
    if not _stores:
        return int(os.environ["RANK"]) == 0
    try:
        return _stores[-1].add(hashlib.sha256(message.encode()).hexdigest(), 1) == 1
    except RuntimeError:  # the others are gone, and the store with them
        return True


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


def anywhere(mine: bool, device: torch.device) -> bool:
    """Whether it is so in any of the processes, in each of which the answer is the same."""
    if world_size() == 1:
        return mine
    return mean_of_processes(torch.tensor([float(mine)], device=device)).item() > 0


def gathered(value: Any) -> list[Any]:
    """What every process has, in the order of their ranks; anything that can be pickled."""
    values = [value] * world_size()
    if world_size() > 1:
        dist.all_gather_object(values, value)
    return values

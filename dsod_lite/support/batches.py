"""Batches of pictures and targets, who loads them, and the device they go to."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from .errors import LoadingError, one_line


def collate(batch: Sequence[tuple[Any, ...]]) -> tuple[list[Any], ...]:
    """The items of a batch, field by field as lists, since pictures may differ in size."""
    return tuple(map(list, zip(*batch, strict=True)))


def to_device(target: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """A target with its tensors on the device."""
    return {key: value.to(device) if isinstance(value, Tensor) else value for key, value in target.items()}


def worker_count(workers: int | None, device: torch.device) -> int:
    """Processes that load pictures: as many as asked for.

    None: 0, since on a CPU no core is idle; beside a GPU one for each core, at most 8.
    """
    if workers is not None:
        return workers
    return min(8, os.cpu_count() or 1) if device.type == "cuda" else 0


def loaded(loader: DataLoader[Any]) -> Iterator[Any]:
    """The loader's batches. Raises LoadingError if one of its processes dies."""
    try:
        yield from loader
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise LoadingError(
            f"workers: a process that loads pictures died ({one_line(error)}). It may have been out of memory: "
            f"try again with fewer than {loader.num_workers}"
        ) from error

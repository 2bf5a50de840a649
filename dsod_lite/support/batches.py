"""Batches of pictures and targets: how they come from the processes that load them, and how they get to the device."""

import os
import shutil
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, get_worker_info
from torchvision.transforms.v2 import functional as transforms

from .errors import LoadingError, one_line

SHARED = Path("/dev/shm")
"""Linux's shared memory, through which tensors go from one process to another. Docker gives it 64 MB."""
AHEAD = 2
"""Batches that a process loads ahead of their use: torch's default."""


@dataclass
class Batch:
    """What a loading process hands over: all pixels in one tensor, whatever the number and the sizes of the pictures.

    Each tensor that another process gets is an open file there, of which Linux allows 1,024, and is in shared memory
    until it is used. Pixels are bytes, a quarter of the floats they stand for, where no digit is lost by it.
    """

    pixels: Tensor | NDArray[Any] | list[Any]
    """[N] of all pictures, one after the other: uint8, or what they came in. An array goes through a pipe; a list has
    the pictures as they are, which are not tensors of one type."""
    shapes: list[torch.Size]
    fields: list[list[Any]]
    """What the items have beside their pictures. Tensors of targets are arrays, which go through a pipe too."""
    piped: bool = False
    """Whether the pixels came through a pipe, for want of shared memory."""

    def pin_memory(self) -> "Batch":
        """For a DataLoader: in memory from which a GPU fetches by itself."""
        if not isinstance(self.pixels, list):
            self.pixels = torch.as_tensor(self.pixels).pin_memory()
        return self

    def opened(self) -> tuple[Any, ...]:
        """The pictures, one tensor [B, 3, H, W] if they have one size and else a list, and the fields' lists."""
        images: Any = self.pixels
        if not isinstance(images, list):
            parts = torch.as_tensor(images).split([shape.numel() for shape in self.shapes])
            images = [part.view(shape) for part, shape in zip(parts, self.shapes, strict=True)]
            if len(set(self.shapes)) == 1:
                images = torch.as_tensor(self.pixels).view(len(self.shapes), *self.shapes[0])
        return images, *([with_tensors(value) for value in values] for values in self.fields)


def collate(items: Sequence[tuple[Any, ...]]) -> Batch:
    """Items (image, target, ...) as a batch. Pictures may differ in size."""
    images, *fields = map(list, zip(*items, strict=True))
    fields = [[with_arrays(value) for value in values] for values in fields]
    if not all(isinstance(image, Tensor) and image.dtype == images[0].dtype for image in images):
        return Batch(images, [], fields)
    pixels = as_bytes(torch.cat([image.flatten() for image in images]))
    piped = not has_room(pixels.nbytes)
    return Batch(pixels.numpy() if piped else pixels, [image.shape for image in images], fields, piped)


def as_bytes(pixels: Tensor) -> Tensor:
    """Floats [N] in [0, 1] as uint8, if `as_floats` makes the same floats of them; else as they are."""
    if pixels.dtype != torch.float32:
        return pixels
    rounded = (pixels * 255).round_().to(torch.uint8)
    return rounded if torch.equal(as_floats(rounded), pixels) else pixels


def as_floats(pixels: Tensor) -> Tensor:
    """uint8 as float32 in [0, 1]; floats as they are."""
    return transforms.to_dtype(pixels, torch.float32, scale=True) if pixels.dtype == torch.uint8 else pixels


def with_arrays(value: Any) -> Any:
    """A target with arrays in the place of its tensors."""
    if not isinstance(value, dict):
        return value
    return {key: item.numpy(force=True) if isinstance(item, Tensor) else item for key, item in value.items()}


def with_tensors(value: Any) -> Any:
    """The inverse of `with_arrays`."""
    if not isinstance(value, dict):
        return value
    numbers = {key for key, item in value.items() if isinstance(item, np.ndarray) and item.dtype.kind in "biufc"}
    return {key: torch.from_numpy(item) if key in numbers else item for key, item in value.items()}


def has_room(size: int) -> bool:
    """Whether shared memory has room for batches of so many bytes. Where it has not, Linux kills the process.

    Twice those that all processes load ahead: any number of them may look before one takes its place, and batches may
    differ. With no loading process, and but for Linux, there is always room.
    """
    worker = get_worker_info()
    if worker is None or not SHARED.is_dir():
        return True
    return shutil.disk_usage(SHARED).free > 2 * AHEAD * worker.num_workers * size


def to_device(target: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """A target with its tensors on the device; only for those that come to the CPU is a GPU waited for."""
    wait = device.type == "cpu"
    return {k: v.to(device, non_blocking=not wait) if isinstance(v, Tensor) else v for k, v in target.items()}


def worker_count(workers: int | None, device: torch.device) -> int:
    """Processes that load pictures: as many as asked for.

    None: 0 on a CPU; beside a GPU one for each core, at most 8.
    """
    if workers is not None:
        return workers
    return min(8, os.cpu_count() or 1) if device.type == "cuda" else 0


def loaded(loader: DataLoader[Any]) -> Iterator[tuple[Any, ...]]:
    """The loader's batches, opened. Raises LoadingError if one of its processes dies."""
    try:
        for batch in loader:
            if batch.piped:
                warnings.warn(
                    f"{SHARED} is too small for the batches of {loader.num_workers} loading processes, so they come "
                    "through pipes, which takes longer; in Docker, --shm-size=8g makes it larger",
                    stacklevel=2,
                )
            yield batch.opened()
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise LoadingError(
            f"workers: a process that loads pictures died ({one_line(error)}). It may have been out of memory: "
            f"try again with fewer than {loader.num_workers}"
        ) from error

"""A data set whose pictures are decoded once, not once in every epoch."""

from typing import Any

from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms.v2 import functional as transforms

from .labelled import DetectionDataset, Transform

SPARE = 2
"""The shorter side of a kept picture, in sides of the network's input: a crop to half of it is still sharp."""
ROOM = 1 << 30
"""Bytes that the kept pictures of a process may take."""


class InMemory(Dataset[tuple[Any, dict[str, Any]]]):
    """The items of another data set, whose pictures stay in memory from their first use on.

    A run of minutes sees each of a hundred photographs some hundred times, and to decode one of 12 megapixels takes
    longer than to learn from it. A picture whose shorter side is longer than `side` is shrunk to it, with its boxes,
    before it is augmented. Each process that loads pictures has a memory of its own.

    Args:
        dataset: whose pictures are kept. It loses its own transform.
        side: pixels, `SPARE` times the network's input for instance.
    """

    def __init__(self, dataset: DetectionDataset, side: int) -> None:
        self.dataset, self.side = dataset, side
        self.classes, self.names, self.sizes = dataset.classes, dataset.names, dataset.sizes
        self.transform: Transform | None = None
        dataset.transform = self._shrunk
        self._kept: dict[int, tuple[Any, dict[str, Any]]] = {}

    def __len__(self) -> int:
        return len(self.names)

    def fingerprint(self) -> str:
        """That of the data set."""
        return self.dataset.fingerprint()  # type: ignore[attr-defined]

    def __getitem__(self, index: int) -> tuple[Any, dict[str, Any]]:
        if index not in self._kept:
            self._kept[index] = self.dataset[index]
        image, kept = self._kept[index]
        # Copies: a transform may change what it is given in place.
        image, target = image.clone(), {k: v.clone() if isinstance(v, Tensor) else v for k, v in kept.items()}
        if self.transform is not None:
            return self.transform(image, target)
        boxes = target["boxes"].as_subclass(Tensor)
        return transforms.to_dtype(image.as_subclass(Tensor), scale=True), target | {"boxes": boxes}

    def _shrunk(self, image: Any, target: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        height, width = image.shape[-2:]
        columns, rows = shrunk_size((width, height), self.side)
        if (columns, rows) == (width, height):
            return image, target
        boxes = transforms.resize(target["boxes"], [rows, columns])
        return transforms.resize(image, [rows, columns], antialias=True), target | {"boxes": boxes}


def fits_in_memory(dataset: DetectionDataset, side: int, processes: int = 1) -> bool:
    """Whether each of the processes can keep a data set's pictures with a shorter side of so many pixels."""
    kept = (shrunk_size(size, side) for size in dataset.sizes)
    return processes * sum(3 * width * height for width, height in kept) <= ROOM


def shrunk_size(size: tuple[int, int], side: int) -> tuple[int, int]:
    """(width, height) of a picture of `size` whose shorter side becomes `side`; smaller ones stay as they are."""
    factor = min(1.0, side / min(size))
    return round(size[0] * factor), round(size[1] * factor)

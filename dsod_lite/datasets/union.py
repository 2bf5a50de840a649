"""Several data sets of the same classes as one: VOC 07+12, 07++12, and both with COCO's pictures."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torch.utils.data import ConcatDataset, Dataset

from .classes import VOC_CLASSES
from .coco import CocoDataset
from .voc import VOCDataset


class Union(Dataset[tuple[Any, dict[str, Any]]]):
    """The parts one after the other; "image_id" is the place in the whole.

    Raises ValueError, if their classes differ.
    """

    def __init__(self, parts: Sequence[VOCDataset | CocoDataset]) -> None:
        self.parts = list(parts)
        self.classes = self.parts[0].classes
        for part in self.parts:
            if part.classes != self.classes:
                raise ValueError(f"classes: {list(self.classes)} and {list(part.classes)} cannot be one data set")
        self.names = [name for part in self.parts for name in part.names]
        self.sizes = [size for part in self.parts for size in part.sizes]
        self._all: ConcatDataset[tuple[Any, dict[str, Any]]] = ConcatDataset(self.parts)

    @property
    def transform(self) -> Callable[[Any, dict[str, Any]], Any] | None:
        """The parts' augmentation; setting it sets it in all of them."""
        return self.parts[0].transform

    @transform.setter
    def transform(self, transform: Callable[[Any, dict[str, Any]], Any] | None) -> None:
        for part in self.parts:
            part.transform = transform

    def __len__(self) -> int:
        return len(self.names)

    def fingerprint(self) -> str:
        """Those of the parts."""
        return " ".join(part.fingerprint() for part in self.parts)

    def __getitem__(self, index: int) -> tuple[Any, dict[str, Any]]:
        image, target = self._all[index]
        return image, target | {"image_id": index}


VOC_UNIONS = {
    "07+12": (("VOC2007", "trainval"), ("VOC2012", "trainval")),
    "07++12": (("VOC2007", "trainval"), ("VOC2007", "test"), ("VOC2012", "trainval")),
}
"""What the paper trains on: 07+12 to be judged on VOC 2007 test, 07++12 on VOC 2012 test."""


def voc_union(devkit: str | Path, union: str = "07+12", coco: str | Path | None = None) -> Union:
    """A union of VOC's years, and of COCO's pictures of the same 20 classes.

    Args:
        devkit: the folder VOCdevkit, with VOC2007 and VOC2012 in it.
        union: a key of `VOC_UNIONS`.
        coco: a folder with COCO 2014's train2014, val2014 and annotations, to be added whole ("trainval"); or None.

    Raises:
        DataError: naming the file, if something is missing or broken.
    """
    if union not in VOC_UNIONS:
        raise ValueError(f"union is {union!r}; it is one of {', '.join(VOC_UNIONS)}")
    parts: list[VOCDataset | CocoDataset] = [
        VOCDataset(Path(devkit) / year, split, classes=VOC_CLASSES) for year, split in VOC_UNIONS[union]
    ]
    if coco is not None:
        for split in ("train2014", "val2014"):
            annotations = Path(coco) / "annotations" / f"instances_{split}.json"
            parts.append(CocoDataset(Path(coco) / split, annotations, classes=VOC_CLASSES))
    return Union(parts)

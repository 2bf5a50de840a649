"""The photographs of blood cells that were labelled twice: by BCCD's makers, and again by those of TXL-PBC.

The second labels are looked for in the folder that DSOD_LITE_BCCD_RELABELLED names, else in downloads/bccd_relabelled,
where `python -m dsod_lite download bccd_relabelled --to downloads/bccd_relabelled` puts them.
"""

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch
from torch.utils.data import Dataset
from torchvision.ops import box_convert

from dsod_lite.datasets import DataError, VOCDataset
from dsod_lite.datasets.labelled import read_item

from ..comparisons.blood_cells import folder as photographs

Labels = Literal["first", "second"]
NAMES = ("WBC", "RBC", "Platelets")
"""The second labelling's classes, in its own order (its data.yaml)."""


def folder() -> Path:
    """Where the second labels are.

    Raises:
        FileNotFoundError: says how to get them.
    """
    path = Path(os.environ.get("DSOD_LITE_BCCD_RELABELLED", photographs().parent / "bccd_relabelled"))
    if not path.is_dir():
        raise FileNotFoundError(
            f"{path}: there are no second labels; set DSOD_LITE_BCCD_RELABELLED to their folder, or get them by "
            "python -m dsod_lite download bccd_relabelled --to downloads/bccd_relabelled"
        )
    return path


class TwiceLabelled(Dataset[tuple[Any, dict[str, Any]]]):
    """The photographs of a list of BCCD that have both labellings, with one of them. Items are as `VOCDataset`'s.

    Args:
        split: a list of BCCD.
        labels: which.
        transform: as `VOCDataset`'s.
    """

    def __init__(
        self, split: str, labels: Labels, transform: Callable[[Any, dict[str, Any]], Any] | None = None
    ) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # two boxes without area
            source = VOCDataset(photographs(), split)
        texts = {name: folder() / "labels" / f"{name}.txt" for name in source.names}
        kept = [i for i, name in enumerate(source.names) if texts[name].exists()]
        self.names = [source.names[i] for i in kept]
        self.sizes = [source.sizes[i] for i in kept]
        self.classes = source.classes
        self.transform = transform
        self.paths = [source.root / "JPEGImages" / f"{name}.jpg" for name in self.names]
        if labels == "first":
            self.targets = [source[i][1] for i in kept]
        else:
            self.targets = [
                read_labels(texts[name], size, self.classes) for name, size in zip(self.names, self.sizes, strict=True)
            ]
        self.targets = [target | {"image_id": i} for i, target in enumerate(self.targets)]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> tuple[Any, dict[str, Any]]:
        return read_item(self.paths[index], self.targets[index], self.transform)


def read_labels(path: Path, size: tuple[int, int], classes: tuple[str, ...]) -> dict[str, Any]:
    """A file of the second labelling as a target: boxes [M, 4] xyxy in pixels, labels by `classes`, none difficult.

    Args:
        path: a line for each object: class, centre x and y, width, height, as fractions of the picture.
        size: (width, height) of the picture in pixels.
        classes: the names of the labels 1 to C.

    Raises:
        DataError: naming the file and the line that is not of this form.
    """
    labels, boxes = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            kind, *box = line.split()
            labels.append(classes.index(NAMES[int(kind)]) + 1)
            boxes.append([float(x) for x in box])
            assert len(box) == 4
        except (ValueError, IndexError, AssertionError):
            raise DataError(f"{path}: line {number}: {line!r} is no class with a box") from None
    width, height = size
    edges = torch.tensor([width, height, width, height])
    corners = box_convert(torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4), "cxcywh", "xyxy") * edges
    return {
        "boxes": torch.minimum(corners.clamp(min=0), edges),
        "labels": torch.tensor(labels, dtype=torch.int64),
        "difficult": torch.zeros(len(labels), dtype=torch.bool),
    }

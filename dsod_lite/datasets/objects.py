"""The objects of pictures without the pictures: what priors and an input's size are chosen by."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from .labels import Upright


def objects_of(dataset: Any) -> tuple[Tensor, Tensor]:
    """Every object of one of our data sets: boxes [M, 4] xyxy, fractions of their pictures, and labels [M] int64."""
    boxes = [torch.zeros(0, 4)]
    for target, (width, height) in zip(dataset._targets, dataset.sizes, strict=True):
        boxes.append(target["boxes"] / torch.tensor([width, height, width, height]))
    labels = [torch.zeros(0, dtype=torch.int64), *(target["labels"] for target in dataset._targets)]
    return torch.cat(boxes), torch.cat(labels)


def objects_of_labels(pictures: Iterable[Upright]) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """The same of labelled pictures, and the names of the labels 1 to C, sorted. Boxes without area are left out."""
    rows = [
        ([o.box[0] / width, o.box[1] / height, o.box[2] / width, o.box[3] / height], o.name)
        for width, height, objects in ((*picture.size, picture.objects) for picture in pictures)
        for o in objects
        if o.box[2] > o.box[0] and o.box[3] > o.box[1]
    ]
    classes = tuple(sorted({name for _, name in rows}))
    number = {name: label for label, name in enumerate(classes, start=1)}
    labels = torch.tensor([number[name] for _, name in rows], dtype=torch.int64)
    return torch.tensor([box for box, _ in rows]).reshape(-1, 4), labels, classes

"""The objects of a data set without its pictures: what priors and an input's size are chosen by."""

from typing import Any

import torch
from torch import Tensor

from .union import Union


def objects_of(dataset: Any) -> tuple[Tensor, Tensor]:
    """Every object of one of our data sets: boxes [M, 4] xyxy, fractions of their pictures, and labels [M] int64."""
    if isinstance(dataset, Union):
        parts = [objects_of(part) for part in dataset.parts]
        return torch.cat([boxes for boxes, _ in parts]), torch.cat([labels for _, labels in parts])
    boxes = [torch.zeros(0, 4)]
    for target, (width, height) in zip(dataset._targets, dataset.sizes, strict=True):
        boxes.append(target["boxes"] / torch.tensor([width, height, width, height]))
    labels = [torch.zeros(0, dtype=torch.int64), *(target["labels"] for target in dataset._targets)]
    return torch.cat(boxes), torch.cat(labels)

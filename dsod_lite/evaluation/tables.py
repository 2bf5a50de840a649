"""Detections and targets of many images as two tables, checked: what both kinds of evaluation begin with.

Detections and targets are lists with one dict for each image, in the same order and in torchvision's form:
`boxes` [N, 4] (x1, y1, x2, y2 in pixels), `labels` [N] (1..C; 0 is background), for detections `scores` [N].
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Records = Sequence[Mapping[str, Any]]  # one dict of tensors for each image
Table = dict[str, NDArray]  # the same fields, all images below one another; "image" [N] says which is which


def gather(
    detections: Records, targets: Records, optional: dict[str, float], num_classes: int | None
) -> tuple[Table, Table]:
    """The rows of all detections and of all objects.

    Args:
        detections: dicts with `boxes`, `labels` and `scores`; tensors on any device.
        targets: dicts with `boxes`, `labels` and perhaps the fields of `optional`.
        optional: further fields of targets, each with what stands in where one is missing.
        num_classes: classes with the background; None: any label from 1 up.

    Raises:
        ValueError: lists of different lengths; or a field that is missing, has the wrong shape, is not finite
            or holds a label out of range (names the image and the field).
    """
    if len(detections) != len(targets):
        raise ValueError(f"detections are of {len(detections)} images, targets of {len(targets)}")
    fields: dict[str, float | None] = {"boxes": None, "labels": None}
    found = _table("detections", detections, {**fields, "scores": None}, num_classes)
    return found, _table("targets", targets, {**fields, **optional}, num_classes)


def _table(kind: str, records: Records, fields: dict[str, float | None], num_classes: int | None) -> Table:
    """`fields`, "boxes" first, has what stands in for a missing field, None where the field must be there."""
    columns = {field: [np.empty((0, 4) if field == "boxes" else 0)] for field in fields}
    last = num_classes - 1 if num_classes else math.inf
    for index, record in enumerate(records):
        count = 0
        for field, default in fields.items():
            name = f"{kind}[{index}][{field!r}]"
            if field in record:
                values = torch.as_tensor(record[field]).detach().to("cpu", torch.float64).numpy()
            elif default is not None:
                values = np.full(count, default)
            else:
                raise ValueError(f"{name} is missing")
            if field == "boxes":
                values = values if values.size else values.reshape(0, 4)  # torch.tensor([]) is fine too
                count = len(values)
            expected = [count, 4] if field == "boxes" else [count]
            if list(values.shape) != expected:
                raise ValueError(f"{name} has shape {list(values.shape)}; it should be {expected}")
            if default is None and not np.isfinite(values).all():
                raise ValueError(f"{name} holds a value that is not finite")
            if field == "labels" and (wrong := values[(values < 1) | (values > last)]).size:
                raise ValueError(f"{name} holds {wrong[0]:g}; labels go from 1 to {last}")
            columns[field].append(values)
    table = {field: np.concatenate(column) for field, column in columns.items()}
    table["labels"] = table["labels"].astype(np.int64)
    table["image"] = np.repeat(np.arange(len(records)), [len(boxes) for boxes in columns["boxes"][1:]])
    return table

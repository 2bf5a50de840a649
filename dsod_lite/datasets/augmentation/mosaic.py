"""Mosaic: four pictures become one, a quarter of it each (Bochkovskiy and others, 2020, section 3.3)."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional

MIN_SIDE = 1.0
"""Pixels of a shrunk box's shorter side, below which nothing is left to learn from."""


def mosaic(items: Sequence[tuple[Tensor, dict[str, Any]]]) -> tuple[Tensor, dict[str, Any]]:
    """One picture of four, each shrunk to half of its sides, row by row: objects in other sizes and surroundings.

    Args:
        items: four pictures float32 [3, S, S], each with its target: "boxes" [M, 4] in pixels and other fields, of M
            entries each but for "image_id".

    Returns:
        A picture [3, S, S], and the target of all four, with the first one's "image_id". Boxes of which next to
        nothing is left are left out.
    """
    side = items[0][0].shape[-1]
    parts = ((0, side // 2), (side // 2, side - side // 2))  # (place, length)
    places = [(x, y) for y in parts for x in parts]
    picture = torch.empty_like(items[0][0])
    boxes = []
    for (image, target), ((left, width), (top, height)) in zip(items, places, strict=True):
        small = functional.resize(image, [height, width], antialias=True)
        picture[:, top : top + height, left : left + width] = small
        shrink = torch.tensor([width, height, width, height]) / side
        boxes.append(target["boxes"] * shrink + torch.tensor([left, top, left, top]))
    targets = [target for _, target in items]
    found = torch.cat(boxes)
    seen = (found[:, 2:] - found[:, :2] >= MIN_SIDE).all(dim=1)
    fields = {k: torch.cat([t[k] for t in targets])[seen] for k in targets[0] if k not in ("boxes", "image_id")}
    return picture, {"boxes": found[seen], **fields, "image_id": targets[0]["image_id"]}

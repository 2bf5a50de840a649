"""Copy-paste: an object of another picture is put into this one (Ghiasi and others, 2021, with boxes for masks)."""

from typing import Any

import torch
from torch import Tensor
from torchvision.ops import box_area, box_iou
from torchvision.transforms.v2 import functional

SCALES = (0.5, 1.25)
"""The pasted object's sides, as shares of its own."""
MIN_SIDE = 4
"""Pixels of its shorter side, below which nothing is pasted."""
MOST_HIDDEN = 0.4
"""The share of any object's area that it may cover."""
EDGE = 0.15
"""The share of its sides over which it fades into the picture: boxes are all that is known of its outline."""


def copy_paste(
    image: Tensor, target: dict[str, Any], source: Tensor, its_target: dict[str, Any]
) -> tuple[Tensor, dict[str, Any]]:
    """A picture into which an object of another one is pasted, at random; the same picture where there is no room.

    The object is shrunk or enlarged, put where it hides little of any other, and fades in at its edges. So each object
    is seen before many grounds, and what surrounds it says less of it.

    Args:
        image: float32 [3, S, S].
        target: "boxes" [M, 4] in pixels and other fields, of M entries each but for "image_id".
        source: another picture of the same size.
        its_target: its own.
    """
    if not len(its_target["boxes"]):
        return image, target
    chosen = int(torch.randint(len(its_target["boxes"]), ()))
    x1, y1, x2, y2 = its_target["boxes"][chosen].round().int().tolist()
    scale = SCALES[0] + (SCALES[1] - SCALES[0]) * float(torch.rand(()))
    side = image.shape[-1]
    width, height = (min(side, round(scale * length)) for length in (x2 - x1, y2 - y1))
    if min(width, height) < MIN_SIDE:
        return image, target
    left, top = (int(torch.randint(side - length + 1, ())) for length in (width, height))
    box = torch.tensor([[left, top, left + width, top + height]], dtype=torch.float32)
    if (hidden(target["boxes"], box) > MOST_HIDDEN).any():
        return image, target
    patch = functional.resize(source[:, y1:y2, x1:x2], [height, width], antialias=True)
    fields = {k: torch.cat([v, its_target[k][chosen : chosen + 1]]) for k, v in target.items() if k != "image_id"}
    fields |= {"boxes": torch.cat([target["boxes"], box]), "image_id": target["image_id"]}
    return pasted(image, patch, left, top), fields


def pasted(image: Tensor, patch: Tensor, left: int, top: int) -> Tensor:
    """A copy of a picture [3, S, S], with another one [3, h, w] at a place in pixels, faded in from its edges."""
    height, width = patch.shape[-2:]
    weight = ramp(height)[:, None] * ramp(width)
    image = image.clone()
    region = image[:, top : top + height, left : left + width]
    region += weight * (patch - region)
    return image


def hidden(boxes: Tensor, over: Tensor) -> Tensor:
    """Of each of the boxes [M, 4] the share of its area that one box [1, 4] covers, [M]."""
    iou = box_iou(boxes, over)[:, 0]
    shared = iou * (box_area(boxes) + box_area(over)) / (1 + iou)
    return shared / box_area(boxes)


def ramp(length: int) -> Tensor:
    """How much of the pasted object is seen along one of its sides [length]: all but for its edges."""
    place = (torch.arange(length) + 0.5) / length
    return (torch.minimum(place, 1 - place) / EDGE).clamp(max=1.0)

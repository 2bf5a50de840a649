"""Copy-paste: an object of another picture is put into this one (Ghiasi and others, 2021, with boxes for masks)."""

from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.ops import box_area, box_iou
from torchvision.transforms.v2 import functional

from ...support.errors import DataError, SettingError
from ..in_memory import InMemory
from ..labelled import LabelledDataset

SCALES = (0.5, 1.25)
"""The pasted object's sides, as shares of its own."""
MIN_SIDE = 4
"""Pixels of its shorter side, below which nothing is pasted."""
MOST_HIDDEN = 0.4
"""The share of any object's area that it may cover."""
EDGE = 0.15
"""The share of its sides over which it fades into the picture: boxes are all that is known of its outline."""


class CopyPaste(Dataset[tuple[Tensor, dict[str, Any]]]):
    """The pictures of another data set; into a share of them an object of another picture is pasted.

    It is shrunk or enlarged, put where it hides little of any object, and fades in at its edges. So each object is
    seen before many grounds, and what surrounds it says less of it. Where it finds no room the picture stays as it is,
    and so it does where the other one cannot be read.

    Args:
        dataset: items (float32 [3, S, S], target with "boxes" [M, 4] in pixels and other fields, of M entries each but
            for "image_id"), augmented anew whenever they are asked for.
        share: of the items, from 0 to 1, into which something is pasted if there is room.

    Raises:
        SettingError: for another share.
    """

    def __init__(self, dataset: LabelledDataset | InMemory, share: float) -> None:
        if not 0 <= share <= 1:
            raise SettingError(f"copy_paste is {share}; it is a share of the pictures, from 0 to 1")
        self.dataset, self.share, self.classes = dataset, share, dataset.classes

    def __len__(self) -> int:
        return len(self.dataset)

    def fingerprint(self) -> str:
        """That of the data set."""
        return self.dataset.fingerprint()

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Any]]:
        image, target = self.dataset[index]
        if torch.rand(()) >= self.share:
            return image, target
        try:
            source, its_target = self.dataset[int(torch.randint(len(self.dataset), ()))]
        except DataError:  # it is said where it is an item of its own
            return image, target
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

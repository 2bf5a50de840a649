"""Data augmentation while training: SSD's and milder ones, in steps of torchvision.transforms.v2."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

from .crop import SSDCrop


def ssd_augmentation(image_size: int) -> v2.Compose:
    """SSD's, as DSOD's authors use it: (uint8 picture of any size, target) -> (float32 [3, S, S] in [0, 1], target).

    Colours, a canvas of up to four times each side, a crop that keeps a minimum IoU with some object, a warp to the
    network's input with a random interpolation, a mirror: see `SSDCrop` for the order in which it is computed. Boxes
    come out in the output's pixels. Objects whose centre falls outside the crop are dropped, with their labels and
    difficult marks; so are those that are left with less than a pixel, which the authors keep.

    Source: SSD, section 2.2 and its revision on "expand"; DSOD's training script.
    """
    return _compose(image_size, [SSDCrop(image_size)], v2.Identity())


def light_augmentation(image_size: int) -> v2.Compose:
    """A mild and quick one, for runs too short to see every object at every size. Shapes as with `ssd_augmentation`.

    Half of the pictures are cropped (`LightCrop`). Brightness, contrast and saturation vary, hues
    do not.
    """
    return _compose(image_size, [LightCrop()], v2.ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3))


class LightCrop(v2.RandomIoUCrop):
    """Half of the pictures cut to 0.6 or more of each side, the two shares at most as 4 to 3.

    torchvision's limits are those of the cut's own shape. A picture of 16:9 would only be cut to something narrower,
    and from 2.25:1 on there is no such cut. Here they are relative to the picture's shape, whatever it is.
    """

    def __init__(self) -> None:
        super().__init__(min_scale=0.6, min_aspect_ratio=0.75, max_aspect_ratio=4 / 3, sampler_options=[0.0, 1.0])

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = next(x.canvas_size for x in flat_inputs if isinstance(x, tv_tensors.BoundingBoxes))
        shape = width / height
        relative = copy.copy(self)
        relative.min_aspect_ratio, relative.max_aspect_ratio = 0.75 * shape, 4 / 3 * shape
        return v2.RandomIoUCrop.make_params(relative, flat_inputs)


def upless_augmentation(image_size: int) -> v2.Compose:
    """`light_augmentation`, and half of the pictures upside down: for microscopes and satellites, which have no up."""
    return v2.Compose([v2.RandomVerticalFlip(), *light_augmentation(image_size).transforms])


def _compose(image_size: int, frame: list[Callable[..., Any]], colours: torch.nn.Module) -> v2.Compose:
    return v2.Compose(
        [
            *frame,
            v2.Resize((image_size, image_size), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.ClampBoundingBoxes(),  # 299 · (300/299) is 300.00003 in float32, and outside boxes are dropped next
            v2.SanitizeBoundingBoxes(min_size=1, labels_getter=per_object),
            colours,
            v2.ToDtype(torch.float32, scale=True),
            v2.ToPureTensor(),
        ]
    )


AUGMENTATIONS = {"light": light_augmentation, "upless": upless_augmentation, "ssd": ssd_augmentation}


def per_object(sample: tuple[torch.Tensor, dict[str, torch.Tensor]]) -> tuple[torch.Tensor, ...]:
    """The fields of a target that have one entry for each object, beside its boxes."""
    return tuple(sample[1][key] for key in ("labels", "difficult") if key in sample[1])

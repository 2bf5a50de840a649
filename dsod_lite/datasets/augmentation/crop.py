"""SSD's expand, crop and warp, worked out in numbers first, so that each pixel is touched once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.ops import box_iou
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2.functional import resize

from .colours import ssd_colours

MEAN_COLOUR = (123, 117, 104)
"""Of the photographs that SSD's authors counted, RGB: the canvas's."""
MIN_IOUS = (0.1, 0.3, 0.5, 0.7, 0.9, 0.0)
"""What a window's IoU with some object must reach, one for each sampler. To the last one any window will do."""
TRIALS = 50
"""How often a sampler tries."""
INTERPOLATIONS = (
    (InterpolationMode.NEAREST_EXACT, False),
    (InterpolationMode.BILINEAR, False),
    (InterpolationMode.BICUBIC, False),
    (InterpolationMode.BILINEAR, True),  # for OpenCV's AREA: an average when it shrinks, linear when it enlarges
    (InterpolationMode.BICUBIC, True),  # for LANCZOS4, which torch does not have for tensors
)
"""Mode and antialias, one sampled for each picture."""


def ssd_windows(boxes: Tensor) -> Tensor:
    """What SSD's samplers find: windows [1 to 7, 4], the whole picture first. One of them is to be sampled.

    Each sampler takes the first of its trials whose IoU with some object reaches its minimum; one that has none finds
    nothing. All trials are made at once, which costs less than a loop in Python over the few that it takes.

    Args:
        boxes: float32 [M, 4], xyxy in fractions of the picture, as the windows are. Without any, the whole picture is
            all that is found.

    Source: SSD's sampler.cpp and the batch samplers of DSOD's training script.
    """
    trials = (len(MIN_IOUS), TRIALS)
    scale = torch.empty(trials).uniform_(0.3, 1.0)
    aspect = torch.empty(trials).uniform_(0.5, 2.0).clamp(scale**2, scale**-2)  # neither side is longer than 1
    sides = torch.stack([scale * aspect.sqrt(), scale / aspect.sqrt()], dim=-1)
    corner = torch.rand(*trials, 2) * (1 - sides)
    windows = torch.cat([corner, corner + sides], dim=-1)  # [6, 50, 4]
    overlap = box_iou(windows.flatten(0, 1), boxes).unflatten(0, trials)  # [6, 50, M]
    fits = (overlap >= torch.tensor(MIN_IOUS)[:, None, None]).any(dim=-1)
    first = fits.int().argmax(dim=1)
    found = windows[torch.arange(len(MIN_IOUS)), first][fits.any(dim=1)]
    return torch.cat([torch.tensor([[0.0, 0.0, 1.0, 1.0]]), found])


@dataclass(frozen=True)
class SSDCrop:
    """SSD's expand, crop and warp: (uint8 [3, H, W], target) -> (uint8 [3, S, S], target in its pixels).

    Half of the pictures are laid on a canvas of the mean colour, up to `max_expand` times as wide and high. A window
    is chosen (`ssd_windows`) and warped to S×S with one of five interpolations. Objects whose centre is outside get
    boxes of zeros, as `v2.RandomIoUCrop` does, for `v2.SanitizeBoundingBoxes` to drop.

    The authors change colours first, then make the canvas, cut and warp. Here only that part of the picture which the
    window shows is warped, changed in colour and laid on a canvas of S×S. `ssd_colours` treats each pixel by itself,
    so it gives the same before a cut as after it, and nearly the same before and after a warp; it never touches the
    canvas. What differs: the picture's edge on the canvas is sharp, and lies on whole pixels of the S×S. Boxes follow
    the pixels exactly.
    """

    image_size: int
    max_expand: float = 4.0
    colours: Callable[[Tensor], Tensor] = ssd_colours

    def __call__(self, image: Tensor, target: dict[str, Any]) -> tuple[Tensor, dict[str, Any]]:
        size = self.image_size
        boxes = target["boxes"].as_subclass(Tensor)
        height, width = image.shape[-2:]
        left, top, right, bottom = window = draw_window(boxes, width, height, self.max_expand)
        columns, rows = Shown.through(left, right, width, size), Shown.through(top, bottom, height, size)

        picture = canvas(size).clone()
        mode, antialias = INTERPOLATIONS[int(torch.randint(len(INTERPOLATIONS), ()))]
        centre = (boxes[:, :2] + boxes[:, 2:]) / 2
        inside = ((centre >= torch.tensor(window[:2])) & (centre <= torch.tensor(window[2:]))).all(dim=1)
        if columns and rows:
            part = image.as_subclass(Tensor)[:, rows.source, columns.source]
            part = resize(part, [rows.length, columns.length], mode, antialias=antialias)
            picture[:, rows.output, columns.output] = self.colours(part)
            x1, y1, x2, y2 = boxes.unbind(dim=1)
            boxes = torch.stack([columns.move(x1), rows.move(y1), columns.move(x2), rows.move(y2)], dim=1)
            boxes = boxes * inside[:, None]
        else:
            boxes = torch.zeros_like(boxes)
        moved = tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=(size, size))  # type: ignore[call-arg]
        return tv_tensors.Image(picture), target | {"boxes": moved}


@cache
def canvas(size: int) -> Tensor:
    """uint8 [3, S, S] of the mean colour. It is shared: take a clone."""
    return torch.tensor(MEAN_COLOUR, dtype=torch.uint8).repeat(size, size, 1).permute(2, 0, 1)


def draw_window(boxes: Tensor, width: int, height: int, max_expand: float) -> tuple[int, int, int, int]:
    """A window xyxy in the picture's pixels, at least one wide and high; on the canvas it may reach outside.

    Args:
        boxes: float32 [M, 4], xyxy in the picture's pixels.
    """
    expand, ratio, x, y = torch.rand(4).tolist()
    ratio = 1 + ratio * (max_expand - 1) if expand < 0.5 else 1.0
    canvas_width, canvas_height = int(width * ratio), int(height * ratio)
    left, top = -int(x * (canvas_width - width)), -int(y * (canvas_height - height))
    sides = torch.tensor([canvas_width, canvas_height] * 2)
    windows = ssd_windows((boxes - torch.tensor([left, top] * 2)) / sides)
    x1, y1, x2, y2 = (windows[int(torch.randint(len(windows), ()))] * sides).tolist()
    left, top = left + min(int(x1), canvas_width - 1), top + min(int(y1), canvas_height - 1)
    return left, top, left + max(1, int(x2 - x1)), top + max(1, int(y2 - y1))


@dataclass(frozen=True)
class Shown:
    """What a window shows of the picture along one axis: pixels `source`, which become pixels `output`."""

    source: slice
    output: slice

    @classmethod
    def through(cls, start: int, stop: int, side: int, size: int) -> "Shown | None":
        """Through a window [start, stop) of a picture's `side`, warped to `size`; None if that is not one pixel."""
        first, last = max(start, 0), min(stop, side)
        scale = size / (stop - start)
        output = slice(round((first - start) * scale), round((last - start) * scale))
        return cls(slice(first, last), output) if first < last and output.start < output.stop else None

    @property
    def length(self) -> int:
        return self.output.stop - self.output.start

    def move(self, places: Tensor) -> Tensor:
        """Places on the picture, in its pixels, to the output's."""
        scale = self.length / (self.source.stop - self.source.start)
        return self.output.start + (places - self.source.start) * scale

"""One detection or object, cut out with its surroundings, the labels drawn beside it."""

from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2 import functional as transforms
from torchvision.utils import draw_bounding_boxes, make_grid

from ..support.files import whole_file

SIDE = 176
"""Pixels of a cutout."""
TRUTH, FOUND = "white", "#e6550d"
"""Colours: of the labels, and of what is looked at."""


def cutout(image: Tensor, box: Tensor, truth: Tensor, side: int = SIDE) -> Tensor:
    """A square around a box, uint8 [3, side, side]: the box in orange, the labels in white, over black.

    Args:
        image: float [3, H, W] in [0, 1].
        box: [4] xyxy in pixels.
        truth: [M, 4] likewise, of all labels.
    """
    x1, y1, x2, y2 = box.tolist()
    radius = max(24.0, 0.8 * max(x2 - x1, y2 - y1))
    left, top = (x1 + x2) / 2 - radius, (y1 + y2) / 2 - radius
    where = [round(top), round(left), round(2 * radius), round(2 * radius)]
    part = transforms.resized_crop(image, *where, size=[side, side], antialias=True)  # black beyond the picture's edge
    canvas = (part.clamp(0, 1) * 255).round().to(torch.uint8)
    shift, scale = torch.tensor([where[1], where[0]] * 2), side / where[2]

    def moved(boxes: Tensor) -> Tensor:
        return ((boxes.reshape(-1, 4) - shift) * scale).clamp(-1, side)

    seen = moved(truth)
    seen = seen[(seen[:, 2:] > 0).all(dim=1) & (seen[:, :2] < side - 1).all(dim=1)]
    for boxes, colour, width in ((seen, "black", 4), (seen, TRUTH, 2), (moved(box), FOUND, 3)):
        if len(boxes):
            canvas = draw_bounding_boxes(canvas, boxes, colors=colour, width=width)
    return canvas


def write_sheet(cutouts: Sequence[Tensor], path: str | Path, columns: int = 6) -> None:
    """Writes cutouts side by side, as the kind of picture that the file's name says."""
    sheet = make_grid(torch.stack(list(cutouts)), nrow=columns, padding=6, pad_value=255)
    with whole_file(Path(path)) as file:
        kind = Image.registered_extensions()[Path(path).suffix.lower()]
        transforms.to_pil_image(sheet).save(file, kind)

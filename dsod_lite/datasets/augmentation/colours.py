"""SSD's data augmentation of colours, in tables of 256 bytes."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

Table = NDArray[np.float64]  # [256], for each byte what becomes of it
SAME: Table = np.arange(256.0)


@dataclass(frozen=True)
class Changes:
    """How much a picture's colours change."""

    brightness: float = 0.0
    """Added, of 255."""
    contrast: float = 1.0
    saturation: float = 1.0
    hue: float = 0.0
    """Added, in turns of the circle of colours."""
    contrast_first: bool = True
    """Whether contrast comes before saturation and hue, or after them."""


def sample_changes() -> Changes:
    """SSD's: each with probability 0.5, brightness ±32, contrast and saturation 0.5 to 1.5, hue ±36°."""
    uniform = torch.rand(9).tolist()
    brightness, contrast, saturation, hue = (p < 0.5 for p in uniform[:4])
    return Changes(
        64 * uniform[4] - 32 if brightness else 0.0,
        0.5 + uniform[5] if contrast else 1.0,
        0.5 + uniform[6] if saturation else 1.0,
        (2 * uniform[7] - 1) / 10 if hue else 0.0,
        uniform[8] < 0.5,
    )


def ssd_colours(image: Tensor) -> Tensor:
    """`sample_changes`, and the picture with them: uint8 [3, H, W] -> the same.

    Brightness is added, contrast multiplies, before saturation and hue or after them; these are changed in HSV (OpenCV
    has 180 steps of hue, and the authors 18 of them). Each pixel is treated by itself. That is what the authors' code
    does; `v2.RandomPhotometricDistort` multiplies brightness, takes contrast about the picture's mean and saturation
    about its grey, and has half the hues.

    Every step maps a byte to a byte, so steps that follow each other are one table. HSV has 8 bits as in OpenCV, and
    hues wrap around on both sides (OpenCV's stop at red when they are lowered).

    Source: SSD's im_transforms.cpp, ApplyDistort.
    """
    return change(image, sample_changes())


def change(image: Tensor, changes: Changes) -> Tensor:
    """The picture, uint8 [3, H, W], with its colours changed."""
    before = after = saturations = hues = SAME
    if changes.brightness:
        before = whole(before + changes.brightness)
    if changes.contrast != 1 and changes.contrast_first:
        before = whole(before * changes.contrast)
    elif changes.contrast != 1:
        after = whole(after * changes.contrast)
    if changes.saturation != 1:
        saturations = whole(saturations * changes.saturation)
    if changes.hue:
        hues = np.rint(hues + 256 * changes.hue) % 256

    picture = through(Image.fromarray(image.permute(1, 2, 0).numpy()), before, before, before)
    if saturations is not SAME or hues is not SAME:  # the way to HSV and back costs more than all the rest
        picture = through(picture.convert("HSV"), hues, saturations, SAME).convert("RGB")
    picture = through(picture, after, after, after)
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)


def whole(values: Table) -> Table:
    """Rounded and kept in a byte's range, as after each of the authors' steps."""
    return np.rint(values).clip(0, 255)


def through(picture: Image.Image, *tables: Table) -> Image.Image:
    """Each of the three channels through its table."""
    if all(table is SAME for table in tables):
        return picture
    return picture.point(np.concatenate(tables).astype(int).tolist())

"""SSD's data augmentation of colours, in tables of 256 bytes."""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

Table = NDArray[np.float64]  # [256], for each byte what becomes of it
SAME: Table = np.arange(256.0)


def ssd_colours(image: Tensor) -> Tensor:
    """Brightness, contrast, saturation and hue, each changed with probability 0.5: uint8 [3, H, W] -> the same.

    Brightness is added (±32 of 255), contrast multiplies (0.5 to 1.5), before saturation and hue or after them; these
    are changed in HSV, saturation by 0.5 to 1.5, hue by ±36° (18 of the 180 steps that OpenCV has). Each pixel is
    treated by itself. That is what the authors' code does; `v2.RandomPhotometricDistort` multiplies brightness,
    takes contrast about the picture's mean and saturation about its grey, and has half the hues.

    Every step maps a byte to a byte, so steps that follow each other are one table. HSV has 8 bits as in OpenCV, and
    hues wrap around on both sides (OpenCV's stop at red when they are lowered).

    Source: SSD's im_transforms.cpp, ApplyDistort.
    """
    uniform = torch.rand(9).tolist()
    change_brightness, change_contrast, change_saturation, change_hue = (p < 0.5 for p in uniform[:4])
    brightness, contrast, saturation, hue = uniform[4:8]
    contrast_first = uniform[8] < 0.5
    before = after = saturations = hues = SAME
    if change_brightness:
        before = whole(before + 64 * brightness - 32)
    if change_contrast and contrast_first:
        before = whole(before * (0.5 + contrast))
    elif change_contrast:
        after = whole(after * (0.5 + contrast))
    if change_saturation:
        saturations = whole(saturations * (0.5 + saturation))
    if change_hue:
        hues = np.rint(hues + 256 * (2 * hue - 1) / 10) % 256

    picture = through(Image.fromarray(image.permute(1, 2, 0).numpy()), before, before, before)
    if change_saturation or change_hue:  # the way to HSV and back costs more than all the rest
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

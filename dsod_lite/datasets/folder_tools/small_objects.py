"""Objects that vanish when their picture is shrunk to the network's size."""

import math
from collections.abc import Iterable

from ..labels import Upright

LEAST = 1.0
"""Pixel. What is left with less is dropped by the augmentation, and never reaches the loss."""
STEP = 32
"""Sizes of the network's input are multiples of it."""


def vanishing(pictures: Iterable[Upright], image_size: int) -> str | None:
    """How many objects have less than a pixel at `image_size`, and from which size on none has; None: none has."""
    needed = [
        LEAST / min((box[2] - box[0]) / width, (box[3] - box[1]) / height)
        for width, height, box in ((*picture.size, item.box) for picture in pictures for item in picture.objects)
        if box[2] > box[0] and box[3] > box[1]
    ]
    lost = sum(side > image_size for side in needed)
    if not lost:
        return None
    enough = STEP * math.ceil(max(needed) / STEP)
    half = STEP * math.ceil(sorted(needed)[-1 - lost // 2] / STEP)
    also = f", {half} half of them" if half < enough else ""
    return (
        f"{lost} of {len(needed)} objects are less than a pixel wide or high at {image_size}×{image_size}, and are not "
        f"learned; an image size of {enough} keeps all{also}. Or cut the pictures into pieces before labelling"
    )

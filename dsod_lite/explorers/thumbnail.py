"""Pictures small enough to travel with a page."""

from torch import Tensor

from .explorer import data_url


def thumbnail(image: Tensor, longest_side: int) -> str:
    """A picture [3, H, W], float in [0, 1] or uint8, as a JPEG in a data URL, no side longer than so many pixels."""
    height, width = image.shape[-2:]
    shrink = min(1.0, longest_side / max(height, width))
    return data_url(image, (max(1, round(height * shrink)), max(1, round(width * shrink))))

"""Pictures from files, as a viewer would show them."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from ..support.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp")
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP")
"""What a file may be, whatever its name is. Pillow knows others, of which EPS starts another program."""
ORIENTATION = 0x0112  # the EXIF tag that says how the camera was held


def read_image(path: str | Path) -> Tensor:
    """A picture as uint8 RGB [3, H, W].

    Grey, palette and CMYK pictures become RGB, 16-bit ones lose their low byte, transparency is laid on
    white, and a camera's orientation tag is followed.

    Raises:
        DataError: naming the file, if it is missing, truncated, none of `FORMATS`, or beyond Pillow's limit
            against bombs (twice `PIL.Image.MAX_IMAGE_PIXELS`, 179 million pixels).
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            ImageOps.exif_transpose(image, in_place=True)
            pixels = np.array(as_rgb(image))
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except Exception as error:  # Pillow's decoders raise nearly anything on a broken file
        raise DataError(f"{path}: cannot be read as a picture: {error}") from error
    return torch.from_numpy(pixels).permute(2, 0, 1)  # channels last in memory, which resizing is quickest with


def as_rgb(image: Image.Image) -> Image.Image:
    """Any mode of Pillow's -> RGB. Raises ValueError for floats, on whose brightness no two viewers agree."""
    if image.mode == "F":
        raise ValueError("its pixels are floats; save it with 8 or 16 bits")
    if image.mode.startswith("I"):  # 16 or 32 bits of grey, which convert() would cut off at 255
        values = np.asarray(image).clip(0, 65535).astype(np.uint16, copy=False)
        if image.mode.startswith("I;16") or values.max(initial=0) > 255:
            values = values // 257 + (values % 257 > 128)  # 65535 -> 255, rounded; floats would take four times as much
        return Image.fromarray(values.astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def image_size(path: str | Path) -> tuple[int, int]:
    """(width, height) in pixels, as `read_image` would give them.

    A JPEG's header is enough. A PNG may say at its end how the camera was held, and is read as a whole.

    Raises:
        DataError: naming the file, if it is missing or not a picture.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.format == "TIFF":
                image.load()  # Pillow turns these by itself, and forgets the tag
            turned = image.getexif().get(ORIENTATION) in (5, 6, 7, 8)  # these lie on their side
            return (image.height, image.width) if turned else (image.width, image.height)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except Exception as error:
        raise DataError(f"{path}: cannot be read as a picture: {error}") from error


def find_images(paths: list[str | Path]) -> list[Path]:
    """The pictures among files and folders, in order, folders sorted by name.

    Raises:
        DataError: naming the path that does not exist or the folder that holds no picture.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
            if not inside:
                raise DataError(f"{path}: there is no picture in this folder")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise DataError(f"{path}: there is no such file or folder")
    return found

"""Pictures from files, as a viewer would show them."""

import io
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from ..support.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp")
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP")
"""What a file may be, whatever its name is. Pillow knows others, of which EPS starts another program."""
END_OF_JPEG = b"\xff\xd9"
"""The mark that ends a JPEG. Behind a file that breaks off it makes libjpeg paint the rest grey, as viewers do."""
CUT = "lacks its last bytes; what is there is read, and the rest is grey, as in a viewer"
ORIENTATION = 0x0112  # the EXIF tag that says how the camera was held


def read_image(path: str | Path) -> Tensor:
    """A picture as uint8 RGB [3, H, W].

    Grey, palette and CMYK pictures become RGB, 16-bit ones lose their low byte, transparency is laid on
    white, and a camera's orientation tag is followed. A JPEG that lacks its last bytes is read as far as it goes,
    with a warning that names it.

    Raises:
        DataError: naming the file, if it is missing, truncated (and no JPEG), none of `FORMATS`, or beyond the limit
            that Pillow sets against bombs (twice `PIL.Image.MAX_IMAGE_PIXELS`, 179 million pixels).
    """
    rgb, whole = read_rgb(path)
    if not whole:
        warnings.warn(f"{path}: {CUT}", stacklevel=2)
    return torch.from_numpy(np.array(rgb)).permute(2, 0, 1)  # channels last in memory, which resizing is quickest with


def read_rgb(path: str | Path) -> tuple[Image.Image, bool]:
    """A picture as `read_image` reads it, and whether its file is whole. Raises DataError as that does."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            jpeg = image.format in ("JPEG", "MPO")
            try:
                ImageOps.exif_transpose(image, in_place=True)
                return as_rgb(image), True
            except OSError as error:
                if not (jpeg and "truncated" in str(error)):
                    raise
        with Image.open(io.BytesIO(Path(path).read_bytes() + END_OF_JPEG), formats=FORMATS) as image:
            ImageOps.exif_transpose(image, in_place=True)
            return as_rgb(image), False
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except Exception as error:  # Pillow's decoders raise nearly anything on a broken file
        raise DataError(f"{path}: cannot be read as a picture: {error}") from error


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

    Raises:
        DataError: naming the file, if it is missing or not a picture.
    """
    return image_frame(path)[0]


def image_frame(path: str | Path) -> tuple[tuple[int, int], int]:
    """(width, height) in pixels, as `read_image` would give them, and how the camera was held: EXIF's 1 to 8.

    A JPEG's header is enough. A PNG may say at its end how the camera was held, and is read as a whole.

    Raises:
        DataError: naming the file, if it is missing or not a picture.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.format == "TIFF":
                image.load()  # Pillow turns these by itself, and forgets the tag
            orientation = orientation_of(image)
            if orientation in (5, 6, 7, 8):  # these lie on their side
                return (image.height, image.width), orientation
            return (image.width, image.height), orientation if orientation in (2, 3, 4) else 1
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except Exception as error:
        raise DataError(f"{path}: cannot be read as a picture: {error}") from error


def orientation_of(image: Image.Image) -> int:
    """EXIF's, 1 where there is none, or where the file breaks off before it: that is found when the pixels are read."""
    try:
        return image.getexif().get(ORIENTATION, 1)
    except (OSError, SyntaxError):
        return 1


def is_picture(name: str) -> bool:
    """Whether a file of this name is one that we read. Cameras write .JPG, and .Jpg."""
    return name.lower().endswith(SUFFIXES)

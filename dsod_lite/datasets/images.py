"""Pictures from files, as a viewer would show them."""

import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp")
MAX_PIXELS = 400_000_000
"""A picture with more pixels is refused: decoded it would fill gigabytes, and is more often a bomb than a photograph."""


class DataError(ValueError):
    """Something in a data set's files is not as it has to be. The message names the file and the field."""


def read_image(path: str | Path) -> Tensor:
    """A picture as uint8 RGB [3, H, W].

    Grey, palette and CMYK pictures become RGB, 16-bit ones lose their low byte, transparency is laid on white, and a
    camera's orientation tag is followed.

    Raises:
        DataError: naming the file, if it is missing, truncated, too large, or not a picture.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise DataError(f"{path}: {image.width}×{image.height} pixels are more than {MAX_PIXELS:,}")
                rgb = as_rgb(ImageOps.exif_transpose(image))
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except Exception as error:  # Pillow's decoders raise nearly anything on a broken file
        raise DataError(f"{path}: cannot be read as a picture: {error}") from error
    return torch.from_numpy(np.array(rgb)).permute(2, 0, 1).contiguous()


def as_rgb(image: Image.Image) -> Image.Image:
    """Any mode of Pillow's -> RGB."""
    if image.mode.startswith("I") or image.mode == "F":  # 16 or 32 bits of grey, which convert() would cut off at 255
        values = np.asarray(image, dtype=np.float64)
        if image.mode.startswith("I;16") or values.max(initial=0) > 255:
            values = values / 257  # 65535 -> 255
        return Image.fromarray(values.clip(0, 255).round().astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("RGB")


def image_size(path: str | Path) -> tuple[int, int]:
    """(width, height) in pixels, as `read_image` would give them, read from the header alone.

    Raises:
        DataError: naming the file, if it is missing or not a picture.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                turned = image.getexif().get(0x0112, 1) >= 5  # the orientation tag: 5 to 8 lie on their side
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
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
            if not inside:
                raise DataError(f"{path}: there is no picture in this folder")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise DataError(f"{path}: there is no such file or folder")
    return found

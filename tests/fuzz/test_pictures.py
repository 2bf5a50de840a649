"""Whatever is in a file that is called a picture, it is read or named: by its bytes, and by what its header says."""

import io
import random
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from damage import damaged_bytes, examine
from PIL import Image

from dsod_lite.datasets import DataError
from dsod_lite.datasets.folder_tools.copies import fingerprint
from dsod_lite.datasets.folder_tools.prepared import prepare_picture
from dsod_lite.datasets.images import image_frame, read_image, read_rgb

WIDTH, HEIGHT = 93, 61
SMALL = Image.new("P", (9, 9))
SIDES = (0, 1, 2, 255, 256, 4096, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1)
"""What a header may say that a picture is wide or high."""
KINDS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "JPEG": [("RGB", {}), ("RGB", {"progressive": True}), ("L", {}), ("CMYK", {})],
    "PNG": [*[(mode, {}) for mode in ("RGB", "RGBA", "LA", "L", "1", "I;16")], ("P", {"transparency": b"\x80"})],
    "GIF": [("P", {}), ("P", {"transparency": 1}), ("P", {"save_all": True, "append_images": [SMALL]})],
    "BMP": [("RGB", {}), ("P", {}), ("1", {}), ("RGBA", {})],
    "WEBP": [("RGB", {}), ("RGBA", {"lossless": True}), ("RGB", {"save_all": True})],
    "TIFF": [
        *[("RGB", {"compression": name}) for name in ("raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")],
        ("1", {"compression": "group4"}), ("I;16", {}), ("RGBA", {}), ("CMYK", {}), ("P", {}), ("F", {}),
    ],
}  # fmt: skip
"""Of each format pictures of several modes, with the options they are saved with."""


def legal(kind: str) -> list[bytes]:
    """The pictures of a format, every other one turned by its EXIF tag."""
    rgb = Image.fromarray(np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8))
    found = []
    for i, (mode, options) in enumerate(KINDS[kind]):
        picture = rgb.convert("L").convert(mode) if mode in ("I;16", "LA") else rgb.convert(mode)
        file, exif = io.BytesIO(), Image.Exif()
        exif[0x0112] = 6 + i % 3
        turned = {"exif": exif} if i % 2 and kind in ("JPEG", "PNG", "WEBP", "TIFF") else {}
        picture.save(file, kind, **options, **turned)
        found.append(file.getvalue())
    return found


def with_other_sides(content: bytes, draw: random.Random) -> bytes:
    """The header says another width or height, wherever it says one of either."""
    side = draw.choice((WIDTH, HEIGHT))
    form = draw.choice(("<H", ">H", "<I", ">I"))
    other = struct.pack(form, draw.choice(SIDES) % 256 ** struct.calcsize(form))
    return content[:400].replace(struct.pack(form, side), other) + content[400:]


def with_right_sums(png: bytes) -> bytes:
    """A PNG whose chunks have the checksums of what is in them, as far as there are chunks."""
    at, found = 8, png[:8]
    while at + 12 <= len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        chunk = png[at + 4 : at + 8 + length]
        found += struct.pack(">I", length) + chunk + struct.pack(">I", zlib.crc32(chunk))
        at += 12 + length
    return found + png[at:]


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_read_or_named(kind: str, tmp_path: Path) -> None:
    pictures, path = legal(kind), tmp_path / "picture.img"

    path.write_bytes(pictures[0])

    def damage(draw: random.Random) -> None:
        content = draw.choice(pictures)
        damages = draw.choice([(damaged_bytes,), (with_other_sides,), (with_other_sides, damaged_bytes)])
        for damaged in damages:
            content = damaged(content, draw)
        path.write_bytes(with_right_sums(content) if kind == "PNG" and draw.random() < 0.7 else content)

    def read(draw: random.Random) -> None:
        image = read_image(path)
        size, orientation = image_frame(path)
        assert image.dtype == torch.uint8
        assert (3, *size[::-1]) == image.shape
        assert orientation in range(1, 9)
        if draw.random() < 0.5:
            fingerprint(path, read_rgb(path)[0])
        else:
            prepare_picture(path, tmp_path, 32, "small")

    examine(kind, damage, read, DataError, most=2000)  # a legal picture may have 179 million pixels

"""Small folders in VOC's layout, for the tests of whatever reads them."""

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 64, 48
Object = tuple[Any, ...]
"""Class, xmin, ymin, xmax, ymax, and perhaps the difficult mark: numbers, or the nonsense that a test wants."""


def xml(objects: Sequence[Object] = (), size: tuple[Any, Any] | None = (WIDTH, HEIGHT)) -> str:
    """An annotation as VOC writes it."""
    lines = ["<annotation>"]
    if size is not None:
        lines.append(f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>")
    for name, x0, y0, x1, y1, *difficult in objects:
        corners = f"<xmin>{x0}</xmin><ymin>{y0}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax>"
        mark = f"<difficult>{difficult[0]}</difficult>" if difficult else ""
        lines.append(f"<object><name>{escape(name)}</name>{mark}<bndbox>{corners}</bndbox></object>")
    return "\n".join([*lines, "</annotation>"])


def write_picture(path: Path, seed: int = 0) -> None:
    """A picture of random blocks, WIDTH×HEIGHT, in the format of its suffix."""
    blocks = np.random.default_rng(seed).integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
    Image.fromarray(blocks).resize((WIDTH, HEIGHT), Image.Resampling.NEAREST).save(path)


def add(root: Path, name: str, objects: Sequence[Object] = (), suffix: str = ".jpg") -> None:
    """One picture with its annotation."""
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    write_picture(root / "JPEGImages" / f"{name}{suffix}", seed=zlib.crc32(name.encode()))
    (root / "Annotations" / f"{name}.xml").write_text(xml(objects), encoding="utf-8")


def write_list(root: Path, split: str, content: str | bytes) -> None:
    """ImageSets/Main/SPLIT.txt, byte by byte."""
    path = root / "ImageSets" / "Main" / f"{split}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def make_folder(root: Path, **splits: Mapping[str, Sequence[Object]]) -> Path:
    """A whole folder: for each split, its pictures and what is on them."""
    for split, pictures in splits.items():
        for name, objects in pictures.items():
            add(root, name, objects)
        write_list(root, split, "".join(f"{name}\n" for name in pictures))
    return root

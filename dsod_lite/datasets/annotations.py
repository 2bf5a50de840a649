"""The files of Pascal VOC's layout, read and checked one by one: an annotation, a list of pictures, the classes."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from .images import SUFFIXES, DataError

CORNERS = ("xmin", "ymin", "xmax", "ymax")
SLOW_TO_READ = 2000
"""From this many annotations on, reading them takes long enough for a progress bar."""


@dataclass(frozen=True)
class VOCObject:
    """One object of an annotation: class name, box xyxy in pixels as the file has it, and VOC's difficult mark."""

    name: str
    box: tuple[float, float, float, float]
    difficult: bool

    @property
    def degenerate(self) -> bool:
        """Whether the box has no width or height, or is reversed."""
        return self.box[2] <= self.box[0] or self.box[3] <= self.box[1]


@dataclass(frozen=True)
class Annotation:
    """What one XML file says. `size` is its (width, height), None where it has none."""

    size: tuple[int, int] | None
    objects: tuple[VOCObject, ...]


def read_annotation(path: Path) -> Annotation:
    """One annotation file.

    Raises:
        DataError: naming the file and the field that is missing or not a number.
    """
    try:
        root = ET.parse(path).getroot()
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such annotation") from None
    except (ET.ParseError, UnicodeDecodeError, ValueError) as error:
        raise DataError(f"{path}: is not well-formed XML: {error}") from None
    objects = [_read_object(path, i, element) for i, element in enumerate(root.findall("object"))]
    width, height = root.findtext("size/width"), root.findtext("size/height")
    try:
        size = (int(float(width or 0)), int(float(height or 0)))
    except (ValueError, OverflowError):
        raise DataError(f"{path}: size: {width!r} × {height!r} are not numbers") from None
    return Annotation(size if min(size) > 0 else None, tuple(objects))


def _read_object(path: Path, index: int, element: ET.Element) -> VOCObject:
    where = f"{path}: object {index}"
    name = (element.findtext("name") or "").strip()
    if not name:
        raise DataError(f"{where}: name: is missing or empty")
    box = []
    for corner in CORNERS:
        text = element.findtext(f"bndbox/{corner}")
        try:
            box.append(float(text))  # type: ignore[arg-type]  # None is reported below like any other non-number
        except (TypeError, ValueError):
            raise DataError(f"{where} ({name}): bndbox/{corner}: {text!r} is not a number") from None
        if not abs(box[-1]) < float("inf"):
            raise DataError(f"{where} ({name}): bndbox/{corner}: {text!r} is not finite")
    difficult = (element.findtext("difficult") or "0").strip() not in ("", "0")
    return VOCObject(name, (box[0], box[1], box[2], box[3]), difficult)


def split_names(root: Path, split: str) -> list[str]:
    """The picture names of ImageSets/Main/SPLIT.txt, in its order.

    Raises:
        DataError: if there is no such list, it is empty, or names a picture twice.
    """
    path = root / "ImageSets" / "Main" / f"{split}.txt"
    if not path.exists():
        there = ", ".join(sorted(p.stem for p in path.parent.glob("*.txt"))) or "none"
        raise DataError(f"{path}: there is no such split; the folder has: {there}")
    names = [line.split()[0] for line in path.read_text().splitlines() if line.strip()]
    if not names:
        raise DataError(f"{path}: lists no picture")
    if len(set(names)) != len(names):
        twice = next(n for n in names if names.count(n) > 1)
        raise DataError(f"{path}: lists {twice} more than once")
    return names


def find_image(root: Path, name: str) -> Path:
    """JPEGImages/NAME with whichever suffix it has. Raises DataError if there is none."""
    for suffix in SUFFIXES:
        path = root / "JPEGImages" / f"{name}{suffix}"
        if path.exists():
            return path
    raise DataError(f"{root / 'JPEGImages' / name}.jpg: there is no such picture")


def class_names(root: Path) -> tuple[str, ...]:
    """Every class that an annotation of the folder names, sorted."""
    paths = sorted((root / "Annotations").glob("*.xml"))
    if not paths:
        raise DataError(f"{root / 'Annotations'}: there are no annotations")
    return tuple(sorted({o.name for path in progress(paths) for o in read_annotation(path).objects}))


def progress(items: Sequence[Any]) -> Any:
    """The items, with a progress bar where reading them takes a while."""
    return (tqdm(items, desc="annotations", leave=False, disable=len(items) < SLOW_TO_READ))

"""The files of Pascal VOC's layout, read and checked one by one: an annotation, a list, the classes."""

import os
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..support.errors import DataError
from .images import is_picture

CORNERS = ("xmin", "ymin", "xmax", "ymax")
SMALLEST_SIDE = 0.01
"""Pixels. A thinner box may lose its width to float32, and a detector learns the logarithm of the width."""
REMEDY = "`python -m dsod_lite arrange FOLDER --to NEW` makes a copy with train, val and test"
"""For a folder that is not divided."""
SLOW_TO_READ = 2000
"""From this many annotations on, reading them takes long enough for a progress bar."""


@dataclass(frozen=True)
class VOCObject:
    """One object of an annotation: class name, box xyxy in pixels as in the file, VOC's difficult mark."""

    name: str
    box: tuple[float, float, float, float]
    difficult: bool

    @property
    def degenerate(self) -> bool:
        """Whether the box has no width or height, or is reversed."""
        return not has_area(self.box)


@dataclass(frozen=True)
class Annotation:
    """What one XML file says. `size` is its (width, height), None where it has none."""

    size: tuple[int, int] | None
    objects: tuple[VOCObject, ...]


def has_area(box: tuple[float, float, float, float]) -> bool:
    """Whether a box xyxy, in pixels, has a width and a height."""
    return box[2] - box[0] >= SMALLEST_SIDE and box[3] - box[1] >= SMALLEST_SIDE


def read_annotation(path: Path) -> Annotation:
    """One annotation file.

    Entities that would expand to gigabytes, and references to other files, are refused by expat.

    Raises:
        DataError: naming the file and the field that is missing or not what it has to be.
    """
    if not path.is_file():
        raise DataError(f"{path}: there is no such annotation")
    try:
        root = ET.parse(path).getroot()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except (ET.ParseError, LookupError, ValueError) as error:  # LookupError: an encoding nobody knows
        raise DataError(f"{path}: is not well-formed XML: {error}") from None
    if root.tag != "annotation":
        raise DataError(f"{path}: is no annotation: its outermost element is <{root.tag}>, not <annotation>")
    objects = [item for i, element in enumerate(root.findall("object")) for item in _read_object(path, i, element)]
    width, height = root.findtext("size/width"), root.findtext("size/height")
    try:
        size = (int(float(width or 0)), int(float(height or 0)))
    except (ValueError, OverflowError):
        raise DataError(f"{path}: size: {width!r} × {height!r} are not numbers") from None
    return Annotation(size if min(size) > 0 else None, tuple(objects))


def _read_object(path: Path, index: int, element: ET.Element) -> list[VOCObject]:
    """One for each <bndbox>: some tools write an object's boxes one after the other."""
    where = f"{path}: object {index}"
    name = (element.findtext("name") or "").strip()
    if not name:
        raise DataError(f"{where}: name: is missing or empty")
    difficult = (element.findtext("difficult") or "").strip() or "0"
    if difficult not in ("0", "1"):
        raise DataError(f"{where} ({name}): difficult: {difficult!r} is neither 0 nor 1")
    boxes = element.findall("bndbox") or [element]  # without any, a corner is what is missing
    return [VOCObject(name, _read_box(f"{where} ({name})", box), difficult == "1") for box in boxes]


def _read_box(where: str, element: ET.Element) -> tuple[float, float, float, float]:
    box = []
    for corner in CORNERS:
        text = element.findtext(corner)
        try:
            box.append(float(text))  # type: ignore[arg-type]  # None is no number either
        except (TypeError, ValueError):
            raise DataError(f"{where}: bndbox/{corner}: {text!r} is not a number") from None
        if not abs(box[-1]) < float("inf"):
            raise DataError(f"{where}: bndbox/{corner}: {text!r} is not finite")
    return box[0], box[1], box[2], box[3]


def split_names(root: Path, split: str) -> list[str]:
    """The picture names of ImageSets/Main/SPLIT.txt, in its order.

    A line is a name. In VOC's class lists (`cat_train.txt`) every line has a mark after it, -1 where no cat
    is in the picture; these pictures are left out.

    Raises:
        DataError: if there is no such list, it is not UTF-8, is empty, names a picture twice, or has paths
            for names.
    """
    path = root / "ImageSets" / "Main" / f"{split}.txt"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in path.parent.glob("*.txt"))) or f"none; {REMEDY}"
        raise DataError(f"{path}: there is no such split; the folder has: {there}")
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows' editors put an invisible mark at the beginning
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text: {error}") from None
    names = [line.strip() for line in text.splitlines() if line.strip()]
    marked = [re.fullmatch(r"(.*\S)\s+(-1|0|1)", name) for name in names]
    if names and all(marked) and names[0] not in images_by_name(root):  # else they are called "cell 0" and "cell 1"
        names = [line[1] for line in marked if line and line[2] != "-1"]
    if not names:
        raise DataError(f"{path}: lists no picture")
    images = images_by_name(root)
    names = [name if name in images or not is_picture(name) else name.rpartition(".")[0] for name in names]
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise DataError(f"{path}: lists {name} more than once")
    for name in names:
        if "/" in name or "\\" in name:
            raise DataError(f"{path}: lists {name}: a picture's name has no folder")
    return names


def images_by_name(root: Path) -> dict[str, Path]:
    """Name -> JPEGImages/NAME with whichever suffix it has: one look, since a question for each would take a minute."""
    folder = root / "JPEGImages"
    if not folder.is_dir():
        return {}
    names = sorted(filter(is_picture, os.listdir(folder)), reverse=True)  # to sort 120,000 paths takes ten seconds
    return {name.rpartition(".")[0]: folder / name for name in names if os.path.isfile(os.path.join(folder, name))}


def find_image(root: Path, name: str) -> Path:
    """JPEGImages/NAME with whichever suffix it has. Raises DataError if there is none."""
    path = images_by_name(root).get(name)
    if path is None:
        raise DataError(f"{root / 'JPEGImages' / name}.jpg: there is no such picture")
    return path


def class_names(root: Path) -> tuple[str, ...]:
    """Every class that an annotation of the folder names, sorted."""
    folder = root / "Annotations"
    names = sorted(os.listdir(folder)) if folder.is_dir() else []
    paths = [folder / name for name in names if name.endswith(".xml")]
    if not paths:
        raise DataError(f"{folder}: there are no annotations")
    return tuple(sorted({o.name for path in progress(paths) for o in read_annotation(path).objects}))


def progress(items: Sequence[Any]) -> Any:
    """The items, with a progress bar where reading them takes a while."""
    return tqdm(items, desc="annotations", leave=False, disable=len(items) < SLOW_TO_READ)

"""Every defect of a folder in VOC's layout, all at once: what `python -m dsod_lite check` prints."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ...support.errors import DataError
from ..annotations import REMEDY, find_image, progress, read_annotation, split_names
from ..images import SUFFIXES, read_image
from ..repairs import Repairs


def check_folder(root: str | Path) -> list[str]:
    """All defects, one line each, naming file and field; an empty list if there are none.

    Reads every list, every annotation and every picture to its last byte, and looks for what `VOCDataset`
    would stop at or would have to mend: missing and broken files, boxes without area or over the edge,
    pictures without annotation. In an annotation that cannot be understood the search ends with its first
    defect, and goes on in the next file.
    """
    root = Path(root)
    if not root.is_dir():
        return [f"{root}: there is no such folder"]
    missing = [root / part for part in ("JPEGImages", "Annotations") if not (root / part).is_dir()]
    if missing:  # every name of every list would be a defect
        return [f"{folder}: there is no such folder; {REMEDY}" for folder in missing]
    return [*_lists(root), *_pictures(root)]


def count_objects(root: str | Path) -> dict[str, Counter[str]]:
    """List -> class -> number of objects, for those of train, val, trainval and test that the folder has.

    What `check_folder` names as unreadable is not counted.
    """
    root = Path(root)
    counts: dict[str, Counter[str]] = {}
    for split in ("train", "val", "trainval", "test"):
        with contextlib.suppress(DataError):
            names = split_names(root, split)
            counts[split] = Counter()
            for name in progress(names):
                with contextlib.suppress(DataError):
                    counts[split].update(o.name for o in read_annotation(root / "Annotations" / f"{name}.xml").objects)
    return counts


def _until_error(defects: Iterator[str]) -> Iterator[str]:
    """The defects, and as the last of them the error that ends the search."""
    try:
        yield from defects
    except DataError as error:
        yield str(error)


def _lists(root: Path) -> Iterator[str]:
    lists = sorted((root / "ImageSets" / "Main").glob("*.txt"))
    if not lists:
        yield f"{root / 'ImageSets' / 'Main'}: there are no lists (train.txt, val.txt, test.txt); {REMEDY}"
    owner: dict[str, str] = {}
    for path in lists:
        yield from _until_error(_list(root, path, owner))


def _list(root: Path, path: Path, owner: dict[str, str]) -> Iterator[str]:
    """Defects of one list. `owner` says which of train, val and test a name was met in, and is added to."""
    for name in split_names(root, path.stem):
        if path.stem in ("train", "val", "test"):
            if name in owner:
                yield f"{path}: {name} is in {owner[name]}.txt too"
            owner[name] = path.stem
        annotation = root / "Annotations" / f"{name}.xml"
        if not annotation.exists():
            yield f"{path}: {name}: there is no annotation {annotation}"


def _pictures(root: Path) -> Iterator[str]:
    annotations = sorted((root / "Annotations").glob("*.xml"))
    for path in progress(annotations):
        yield from _until_error(_annotation(root, path))
    described = {path.stem for path in annotations}
    for path in sorted((root / "JPEGImages").glob("*")):
        if path.suffix.lower() in SUFFIXES and path.stem not in described:
            yield f"{path}: there is no annotation {root / 'Annotations' / path.stem}.xml"


def _annotation(root: Path, path: Path) -> Iterator[str]:
    """Defects of one annotation and its picture."""
    annotation = read_annotation(path)
    objects = annotation.objects
    boxes = [f"{path}: object {i} ({item.name}): bndbox: {item.box}" for i, item in enumerate(objects)]
    for where, item in zip(boxes, objects, strict=True):
        if item.degenerate:
            yield f"{where} has no width or height, or is reversed"
    height, width = read_image(find_image(root, path.stem)).shape[-2:]
    if annotation.size is not None and annotation.size != (width, height):
        yield f"{path}: size: {annotation.size[0]}×{annotation.size[1]}, but the picture has {width}×{height}"
    for where, item in zip(boxes, objects, strict=True):
        repairs = Repairs()
        repairs.fit(item.box, (width, height), where)
        if repairs.outside or repairs.clipped:
            yield f"{where} reaches over the picture's {width}×{height}"

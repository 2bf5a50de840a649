"""Every defect of a folder in VOC's layout, all at once: what `python -m dsod_lite check` prints."""

from collections.abc import Callable, Iterator
from pathlib import Path

from .annotations import find_image, progress, read_annotation, split_names
from .images import DataError, read_image


def check_folder(root: str | Path) -> list[str]:
    """All defects, one line each, naming file and field; an empty list if there are none.

    Reads every list, every annotation and every picture to its last byte, and looks for what `VOCDataset` would stop at
    or would have to mend: missing and broken files, boxes without area or over the edge, pictures without annotation.
    """
    root = Path(root)
    missing = [f"{root / part}: there is no such folder" for part in ("JPEGImages", "Annotations", "ImageSets/Main")
               if not (root / part).is_dir()]  # fmt: skip
    if missing:
        return missing
    return [*_lists(root), *_pictures(root)]


def _caught(read: Callable[[], Iterator[str]]) -> Iterator[str]:
    try:
        yield from read()
    except DataError as error:
        yield str(error)


def _lists(root: Path) -> Iterator[str]:
    lists = sorted((root / "ImageSets" / "Main").glob("*.txt"))
    if not lists:
        yield f"{root / 'ImageSets' / 'Main'}: there are no lists (train.txt, val.txt, test.txt)"
    owner: dict[str, str] = {}
    for path in lists:
        def names(path: Path = path) -> Iterator[str]:
            for name in split_names(root, path.stem):
                if path.stem in ("train", "val", "test"):
                    if name in owner:
                        yield f"{path}: {name} is in {owner[name]}.txt too"
                    owner[name] = path.stem
                if not (root / "Annotations" / f"{name}.xml").exists():
                    yield f"{path}: {name}: there is no annotation {root / 'Annotations' / name}.xml"
        yield from _caught(names)


def _pictures(root: Path) -> Iterator[str]:
    annotations = sorted((root / "Annotations").glob("*.xml"))
    for path in progress(annotations):
        yield from _caught(lambda path=path: _annotation(root, path))
    described = {path.stem for path in annotations}
    for path in sorted((root / "JPEGImages").iterdir()):
        if path.stem not in described:
            yield f"{path}: there is no annotation {root / 'Annotations' / path.stem}.xml"


def _annotation(root: Path, path: Path) -> Iterator[str]:
    annotation = read_annotation(path)
    yield from (
        f"{path}: object {i} ({item.name}): bndbox: {item.box} has no width or height, or is reversed"
        for i, item in enumerate(annotation.objects) if item.degenerate
    )  # fmt: skip
    height, width = read_image(find_image(root, path.stem)).shape[-2:]
    if annotation.size is not None and annotation.size != (width, height):
        yield f"{path}: size: {annotation.size[0]}×{annotation.size[1]}, but the picture has {width}×{height}"
    for i, item in enumerate(annotation.objects):
        x0, y0, x1, y1 = item.box
        if not item.degenerate and (x0 < 0 or y0 < 0 or x1 > width or y1 > height):
            yield f"{path}: object {i} ({item.name}): bndbox: {item.box} reaches over the picture's {width}×{height}"

"""YOLO: a text file a picture, a line an object: class number, then centre and size in fractions of the picture."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath

import yaml

from ...support.errors import DataError
from ..annotations import progress
from ..files import Files, divided
from ..labels import Box, Entry, LabelledObject, LabelledPicture, Labels
from ..names import unique_names
from ..numbers import shown, written_number
from .format import Division, Format, copy_picture
from .voc import pair_up
from .yolo_config import class_names, config_of, lines_of, lists_of, names_of, read_yaml

FARTHEST = 2.0
"""Of the picture's side. A box may stand out a little; a number beyond is one of pixels."""


def recognises(files: Files) -> bool:
    """data.yaml; or a text file with the name of a picture, whose first line is five numbers or more."""
    if config_of(files):
        return True
    texts = [path for path in files.ending(".txt") if PurePosixPath(path).stem in files.stems]
    lines = [line for path in texts[:50] for line in list(filter(None, lines_of(files.root / path)))[:1]]
    if not lines:
        return bool(texts and names_of(files))
    return all(len(line.split()) >= 5 and None not in map(written_number, line.split()) for line in lines[:3])


def read(files: Files) -> Labels:
    """The lists and classes of data.yaml; without it, those of the folders and of classes.txt."""
    config = config_of(files)
    content = read_yaml(files.root / config) if config else {}
    names = class_names(files, config, content)
    texts = pair_up(files, ".txt")
    lists = lists_of(files, config, content) or divided(texts)
    called = unique_names(path for paths in lists.values() for path in paths if isinstance(path, str))
    pose = "kpt_shape" in content

    def entry(path: str) -> Entry:
        picture, text = files.root / path, files.root / texts[path] if path in texts else None
        return Entry(picture, partial(read_picture, called[path], picture, text, names, pose))

    def entries(paths: Iterable[str | Entry]) -> list[Entry]:
        return [entry(path) if isinstance(path, str) else path for path in paths]

    splits = {split: partial(entries, paths) for split, paths in lists.items()}
    return Labels(splits, None if names is None else lambda: tuple(names.values()))


def read_picture(
    name: str, path: Path, text: Path | None, names: dict[int, str] | None, pose: bool = False
) -> LabelledPicture:
    """A picture without a text file is background, as for Ultralytics. Raises DataError naming file and line."""
    objects = tuple(read_objects(text, names, pose)) if text else ()
    return LabelledPicture(name, path, objects, str(text or path), relative=True)


def read_objects(path: Path, names: dict[int, str] | None, pose: bool = False) -> Iterator[LabelledObject]:
    """The objects of one text file; boxes in fractions of the picture. Raises DataError naming file and line.

    With `pose`, what follows a box are its key points.
    """
    for i, line in enumerate(lines_of(path), start=1):
        if not line:
            continue
        values = [written_number(word) for word in line.split()]
        where = f"{path}: line {i}"
        kind, *place = values[:5] if pose else values
        if None in values or not (len(place) in (4, 5) or (len(place) >= 6 and len(place) % 2 == 0)):
            raise DataError(f"{where}: {shown(line)} is no class with x, y, width, height, nor with a polygon")
        numbers = [value or 0.0 for value in place]
        if any(abs(value) > FARTHEST for value in numbers[:4]):
            raise DataError(f"{where}: {shown(line)}: these are no fractions of the picture, from 0 to 1")
        label = int(kind or 0)
        if label != kind or (names is not None and label not in names) or label < 0:
            known = "" if names is None else f" of the {len(names)} names"
            raise DataError(f"{where}: class {kind:g} is none{known}")
        yield LabelledObject(str(label) if names is None else names[label], box_of(numbers))


def box_of(numbers: list[float]) -> Box:
    """Centre and size (and perhaps a score), or the corners of a polygon -> xyxy."""
    if len(numbers) <= 5:
        x, y, w, h = numbers[:4]
        return x - w / 2, y - h / 2, x + w / 2, y + h / 2
    xs, ys = numbers[::2], numbers[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def write(division: Division, to: Path) -> None:
    """images/LIST, labels/LIST and data.yaml, as Ultralytics reads them."""
    number = {name: i for i, name in enumerate(division.classes)}
    for split, pictures in division.splits.items():
        (to / "labels" / split).mkdir(parents=True)
        for picture in progress(pictures):
            copy_picture(picture, to / "images" / split / picture.name)
            width, height = picture.size or (1, 1)
            lines = []
            for item in picture.objects:
                x0, y0, x1, y1 = item.box
                place = ((x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height)
                lines.append(f"{number[item.name]} {' '.join(f'{value:.6f}' for value in place)}\n")
            (to / "labels" / split / f"{picture.name}.txt").write_text("".join(lines), encoding="utf-8")
    content = {split: f"images/{split}" for split in division.splits} | {"names": dict(enumerate(division.classes))}
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    (to / "data.yaml").write_text(text, encoding="utf-8")


YOLO = Format(
    "yolo",
    "YOLO: NAME.txt beside NAME.jpg or in labels/ beside images/; with data.yaml, classes.txt or obj.names",
    recognises,
    read,
    write,
)

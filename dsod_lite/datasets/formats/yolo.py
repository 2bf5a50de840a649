"""YOLO: a text file a picture, a line an object: class number, then centre and size in fractions of the picture."""

from bisect import bisect_left
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from ...support.errors import DataError
from ..annotations import progress
from ..files import DIVISIONS, UNDIVIDED, Files, divided, look_into, unique_names
from ..labels import Box, Entry, LabelledObject, LabelledPicture, Labels
from ..numbers import shown, written_number
from .format import Division, Format, copy_picture
from .voc import pair_up

DEEPEST = 10
"""Lists and fields in each other. Of YAML's aliases nine lines are gigabytes, and a line of brackets takes minutes."""
NAMES = ("classes.txt", "obj.names", "labels.txt")
"""Files with a class name a line, as LabelImg, Label Studio and CVAT write them."""
FARTHEST = 2.0
"""Of the picture's side. A box may stand out a little; a number beyond is one of pixels."""


def config_of(files: Files) -> str | None:
    """data.yaml, or whatever a file of its kind is called here."""
    for path in files.ending(".yaml", ".yml"):
        head = look_into(files.root / path)
        if b"names" in head and (b"train" in head or b"val" in head):
            return path
    return None


def names_of(files: Files) -> str | None:
    """The file with a class name a line."""
    paths = [path for path in files.ending(".txt", ".names") if path.rpartition("/")[2].lower() in NAMES]
    return min(paths, key=lambda path: path.count("/"), default=None)


def recognises(files: Files) -> bool:
    """data.yaml; or a text file with the name of a picture, whose first line is five numbers or more."""
    if config_of(files):
        return True
    texts = [path for path in files.ending(".txt") if PurePosixPath(path).stem in files.stems]
    lines = [line for path in texts[:50] for line in _lines(files.root / path)[:1]]
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
    called = unique_names(dict.fromkeys(path for paths in lists.values() for path in paths))

    def entries(paths: list[str]) -> list[Entry]:
        pictures = [(files.root / path, files.root / texts[path] if path in texts else None) for path in paths]
        called_so = [called[path] for path in paths]
        return [Entry(p, partial(read_picture, n, p, t, names)) for n, (p, t) in zip(called_so, pictures, strict=True)]

    splits = {split: partial(entries, paths) for split, paths in lists.items()}
    return Labels(splits, None if names is None else lambda: tuple(names.values()))


def read_picture(name: str, path: Path, text: Path | None, names: dict[int, str] | None) -> LabelledPicture:
    """A picture without a text file is background, as for Ultralytics. Raises DataError naming file and line."""
    objects = tuple(read_objects(text, names)) if text else ()
    return LabelledPicture(name, path, objects, str(text or path), relative=True)


def read_yaml(path: Path) -> dict[Any, Any]:
    """Raises DataError naming the file."""
    try:
        text, depth = path.read_bytes(), 0
        for event in yaml.parse(text):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent) or depth > DEEPEST:
                raise ValueError("it has aliases (*NAME), or lists in lists in lists")
        content = yaml.safe_load(text)
    except Exception as error:  # PyYAML's constructors raise nearly anything on a broken file
        raise DataError(f"{path}: cannot be read as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise DataError(f"{path}: {shown(content)} has no fields such as train, val and names")
    return content


def class_names(files: Files, config: str | None, content: dict[Any, Any]) -> dict[int, str] | None:
    """Number -> name; None: no file says them, and the numbers stand for themselves."""
    listed = names_of(files)
    if config is None and listed is not None:
        lines = _lines(files.root / listed)
        found, where = dict(enumerate(lines)), files.root / listed
    elif config is not None:
        names, where = content.get("names"), files.root / config
        found = dict(enumerate(names)) if isinstance(names, list) else names  # type: ignore[assignment]
        if not isinstance(found, dict) or not all(isinstance(key, int) for key in found):
            raise DataError(f"{where}: names: {shown(names)} is no list of names, nor numbers with names")
        found = {key: f"{name}".strip() for key, name in sorted(found.items())}
    else:
        return None
    if not found or not all(found.values()):
        raise DataError(f"{where}: names: {'one of them is' if found else 'they are'} empty")
    if len(set(found.values())) < len(found):
        twice = next(name for i, name in found.items() if name in [n for j, n in found.items() if j < i])
        raise DataError(f"{where}: names: {twice!r} stands there twice")
    return found


def lists_of(files: Files, config: str | None, content: dict[Any, Any]) -> dict[str, list[str]]:
    """List -> its pictures, as data.yaml says or as train.txt, valid.txt and test.txt do; empty where nothing does.

    Raises DataError naming the field, where nothing is where it says.
    """
    lists: dict[str, list[str]] = {}
    for field, split in DIVISIONS.items():
        value = content.get(field)
        for place in value if isinstance(value, list) else [value] if value else []:
            found = pictures_at(files, config or "", str(content.get("path") or ""), str(place))
            if found is None:
                raise DataError(f"{files.root / (config or '')}: {field}: {shown(place)}: there is no such folder here")
            lists.setdefault(split, []).extend(found)
    for path in [] if config else files.ending(".txt"):
        stem = PurePosixPath(path).stem.lower()
        listed = [files.picture(line) for line in _lines(files.root / path)] if stem in (*DIVISIONS, UNDIVIDED) else []
        if listed and None not in listed:
            lists[DIVISIONS.get(stem, UNDIVIDED)] = [picture for picture in listed if picture]
    return {split: list(dict.fromkeys(paths)) for split, paths in lists.items() if paths}


def pictures_at(files: Files, config: str, start: str, place: str) -> list[str] | None:
    """The pictures of a folder, or of a list of pictures, that data.yaml means.

    The folder was another one, on another machine, when the file was written: of the path only the end is taken, the
    longest that is here. None if not even the last part is.
    """
    parts = [p for p in PurePosixPath(f"{start}/{place}".replace("\\", "/")).parts if p not in ("/", ".", "..")]
    beside = PurePosixPath(config).parent
    for i in range(len(parts)):
        path = str(beside.joinpath(*parts[i:]))
        if path in files and path.endswith(".txt"):
            listed = [files.picture(line, path) for line in _lines(files.root / path)]
            return [picture for picture in listed if picture]
        first, last = (bisect_left(files.pictures, f"{path}{mark}") for mark in "/0")  # "0" comes after "/"
        if first < last:
            return files.pictures[first:last]
    return files.pictures if not parts else None


def read_objects(path: Path, names: dict[int, str] | None) -> Iterator[LabelledObject]:
    """The objects of one text file; boxes in fractions of the picture. Raises DataError naming file and line."""
    for i, line in enumerate(_lines(path), start=1):
        values = [written_number(word) for word in line.split()]
        where = f"{path}: line {i}"
        kind, *place = values
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


def _lines(path: Path) -> list[str]:
    """The lines of a text file that are not empty. Raises DataError naming it."""
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text: {error}") from None


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

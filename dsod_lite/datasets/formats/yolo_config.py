"""What YOLO's files say beside the boxes: data.yaml, the classes' names, and the lists of pictures."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from ...support.errors import DataError
from ..files import DIVISIONS, UNDIVIDED, Files, look_into
from ..labels import Entry
from ..numbers import shown

DEEPEST = 10
"""Lists and fields in each other. Of YAML's aliases nine lines are gigabytes, and a line of brackets takes minutes."""
NAMES = ("classes.txt", "obj.names", "labels.txt", "_darknet.labels")
"""Files with a class name a line, as LabelImg, Label Studio, CVAT and Roboflow write them."""


def config_of(files: Files) -> str | None:
    """data.yaml, or whatever a file of its kind is called here."""
    for path in files.ending(".yaml", ".yml"):
        head = look_into(files.root / path)
        if b"names" in head and (b"train" in head or b"val" in head):
            return path
    return None


def names_of(files: Files) -> str | None:
    """The file with a class name a line."""
    paths = [path for path in files.ending(".txt", ".names", ".labels") if path.rpartition("/")[2].lower() in NAMES]
    return min(paths, key=lambda path: path.count("/"), default=None)


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
        lines = lines_of(files.root / listed)
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


def lists_of(files: Files, config: str | None, content: dict[Any, Any]) -> Mapping[str, Iterable[str | Entry]]:
    """List -> its pictures, as data.yaml says or as train.txt, valid.txt and test.txt do; empty where nothing does.

    Of a picture that is listed and not here, an entry that says so. Raises DataError naming the field, where nothing is
    where it says; but Ultralytics looks for test only when it is asked to, and many a data.yaml names one for nothing.
    Roboflow names val, too, where all pictures are in train.
    """
    needed = ("train", "trainval") if "roboflow" in content else ("train", "trainval", "val")
    lists: dict[str, dict[str | Entry, None]] = {}
    for field, split in DIVISIONS.items():
        value = content.get(field)
        for place in value if isinstance(value, list) else [value] if value else []:
            found = pictures_at(files, config or "", str(content.get("path") or ""), str(place))
            if found is None and split in needed:
                where = f"{files.root / (config or '')}: {field}: {shown(place)}"
                raise DataError(f"{where}: there is no such folder here; if there is none at all, take the line out")
            lists.setdefault(split, {}).update(dict.fromkeys(found or ()))
    for path in [] if config else files.ending(".txt"):
        stem = PurePosixPath(path).stem.lower()
        listed = pictures_listed(files, path) if stem in (*DIVISIONS, UNDIVIDED) else []
        if any(isinstance(picture, str) for picture in listed):
            lists[DIVISIONS.get(stem, UNDIVIDED)] = dict.fromkeys(listed)
    return {split: paths for split, paths in lists.items() if paths}


def pictures_listed(files: Files, path: str) -> list[str | Entry]:
    """The pictures that a text file names, one a line; of those that are not here, entries that say so."""
    lines = [(f"{files.root / path}: line {i}", line) for i, line in enumerate(lines_of(files.root / path), 1) if line]
    split = PurePosixPath(path).stem.lower()
    return [files.picture(line, path, split) or files.missing(where, line) for where, line in lines]


def pictures_at(files: Files, config: str, start: str, place: str) -> Sequence[str | Entry] | None:
    """The pictures of a folder, or of a list of pictures, that data.yaml means.

    The folder was another one, on another machine, when the file was written: of the path only the end is taken, the
    longest that is here. None if not even the last part is.
    """
    parts = [p for p in PurePosixPath(f"{start}/{place}".replace("\\", "/")).parts if p not in ("/", ".", "..")]
    for i, above in product(range(len(parts)), (PurePosixPath(config).parent, PurePosixPath())):
        path = str(above.joinpath(*parts[i:]))
        if path in files and path.endswith(".txt"):
            return pictures_listed(files, path)
        first, last = (bisect_left(files.pictures, f"{path}{mark}") for mark in "/0")  # "0" comes after "/"
        if first < last:
            return files.pictures[first:last]
    return files.pictures if not parts else None


def lines_of(path: Path) -> list[str]:
    """The lines of a text file, up to the last that is not empty. Raises DataError naming it."""
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8-sig").rstrip().splitlines()]
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text: {error}") from None

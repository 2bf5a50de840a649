"""The files of a folder, looked at once."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

from ..support.errors import DataError
from .images import is_picture
from .labels import Entry, fails
from .numbers import shown

DIVISIONS = {
    "train": "train", "training": "train", "trainval": "trainval", "test": "test", "testing": "test",
    "val": "val", "valid": "val", "validation": "val",
}  # fmt: skip
"""What tools call the folders or lists of a division, and what we call them."""
UNDIVIDED = "default"
"""The one list of a folder that is not divided, as CVAT calls it."""


class Files:
    """All files below one folder or several, but hidden ones: macOS leaves a ._NAME.jpg beside NAME.jpg.

    Paths are relative to `root`, the folder or the one that has all of them, with "/" between their parts, and sorted.
    Raises DataError if there is no such folder.
    """

    def __init__(self, *folders: str | Path) -> None:
        for folder in folders:
            if not Path(folder).is_dir():
                raise DataError(f"{folder}: there is no such folder")
        self.folders = list(map(Path, folders))
        self._seen: set[tuple[int, int]] = set()
        self.root = self.folders[0] if len(folders) == 1 else Path(os.path.commonpath(map(os.path.abspath, folders)))

    @property
    def whole(self) -> bool:
        """Whether it is one folder, and not parts of one."""
        return self.root in self.folders

    @cached_property
    def paths(self) -> list[str]:
        start = self.folders if len(self.folders) == 1 else [path.absolute() for path in self.folders]
        return sorted(path for folder in start for path in self._below(folder))

    def _below(self, top: Path) -> Iterator[str]:
        for folder, inner, names in os.walk(top, followlinks=True):
            place = os.stat(folder)
            if (place.st_dev, place.st_ino) in self._seen:  # a link to a folder above it, or a folder named twice
                inner.clear()
                continue
            self._seen.add((place.st_dev, place.st_ino))
            inner[:] = sorted(name for name in inner if not name.startswith("."))
            start = Path(folder).relative_to(self.root).as_posix()
            yield from (name if start == "." else f"{start}/{name}" for name in names if not name.startswith("."))

    @cached_property
    def pictures(self) -> list[str]:
        return [path for path in self.paths if is_picture(path)]

    def ending(self, *suffixes: str) -> list[str]:
        """The files with one of these endings, whatever their case."""
        return [path for path in self.paths if path.lower().endswith(suffixes)]

    def __contains__(self, path: str) -> bool:
        return path in self._all

    def picture(self, name: str, beside: str = "", split: str = "") -> str | None:
        """The picture that labels mean by a name, None if there is none, or if it could be several.

        Args:
            name: as it stands in the labels; where the folders in it are not here, its last part counts.
            beside: the file with the labels. Looked for first beside it, then below the folder, then anywhere.
            split: of pictures called the same, the one in this division.
        """
        if not name.strip():
            return None
        name = str(PurePosixPath(name.replace("\\", "/")))
        for start in (str(PurePosixPath(beside).parent), "."):
            path = name if start == "." else f"{start}/{name}"
            if path in self._pictures:
                return path
        found = self._by_end.get(name) or self._by_end.get(name.rpartition("/")[2], [])
        if len(found) > 1 and split:
            found = [p for p in found if division(p) == DIVISIONS.get(split, split)]
        return found[0] if len(found) == 1 else None

    def relative(self, path: Path) -> str:
        """A path of a file here as it is in `paths`."""
        return path.relative_to(self.root).as_posix()

    def missing(self, where: str, name: object) -> Entry:
        """An entry of labels whose picture is not here."""
        error = DataError(f"{where}: {shown(name)}: there is no such picture in {self.root}")
        return Entry(self.root, fails(error))

    @cached_property
    def stems(self) -> set[str]:
        """The names of the pictures, without folders and suffixes."""
        return {PurePosixPath(path).stem for path in self.pictures}

    @cached_property
    def _all(self) -> set[str]:
        return set(self.paths)

    @cached_property
    def _pictures(self) -> set[str]:
        return set(self.pictures)

    @cached_property
    def _by_end(self) -> dict[str, list[str]]:
        """a.jpg, train/a.jpg and set/train/a.jpg -> the pictures whose paths end so."""
        found = defaultdict(list)
        for path in self.pictures:
            parts = path.split("/")
            for i in range(len(parts)):
                found["/".join(parts[i:])].append(path)
        return found


def division_of(split: str) -> str | None:
    """What a list is called here: train for training, train2017 or VOC2007/train; None for other lists."""
    return DIVISIONS.get(split.rpartition("/")[2].rstrip("0123456789").lower())


def division(path: str) -> str | None:
    """The list that a file's folders put it into: train, val, test or trainval; None where they say nothing."""
    parts = path.lower().split("/")[:-1]
    return next((DIVISIONS[part] for part in parts if part in DIVISIONS), None)


def divided(paths: Iterable[str]) -> dict[str, list[str]]:
    """The files of each list, by their folders: train first, then val, test and what is in none."""
    found: dict[str, list[str]] = {}
    for path in paths:
        found.setdefault(division(path) or UNDIVIDED, []).append(path)
    order = ("train", "trainval", "val", "test", UNDIVIDED)
    return {split: found[split] for split in order if split in found}


def unique_names(paths: Iterable[str]) -> dict[str, str]:
    """Path -> the picture's name: without folders and suffix, and with the folders where two would be the same."""
    paths = list(paths)
    count: defaultdict[str, int] = defaultdict(int)
    for path in paths:
        count[PurePosixPath(path).stem] += 1
    return {path: _stem(path, count[PurePosixPath(path).stem] > 1) for path in paths}


def _stem(path: str, whole: bool) -> str:
    inner = PurePosixPath(path)
    return "_".join(inner.with_suffix("").parts) if whole else inner.stem

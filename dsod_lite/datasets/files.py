"""The files of a folder, looked at once."""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

from ..support.errors import DataError
from .images import is_picture
from .labels import Entry, fails
from .names import folded
from .numbers import shown

DIVISIONS = {
    "train": "train", "training": "train", "trainval": "trainval", "test": "test", "testing": "test",
    "val": "val", "valid": "val", "validation": "val",
}  # fmt: skip
"""What tools call the folders or lists of a division, and what we call them."""
UNDIVIDED = "default"
"""The one list of a folder that is not divided, as CVAT calls it."""
ABSENT = "there is no such picture"


class Files:
    """All files below one folder or several, but hidden ones: macOS leaves a ._NAME.jpg beside NAME.jpg.

    Paths are relative to `root`, the folder or the one that has all of them, with "/" between their parts, and sorted.
    Raises DataError if there is no such folder, or one in it cannot be read.
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
        for folder, inner, names in os.walk(top, onerror=closed, followlinks=True):
            place = os.stat(folder)
            if (place.st_dev, place.st_ino) in self._seen:  # a link to a folder above it, or a folder named twice
                inner.clear()
                continue
            self._seen.add((place.st_dev, place.st_ino))
            inner[:] = sorted(name for name in inner if not name.startswith("."))
            start = Path(folder).relative_to(self.root).as_posix()
            for name in names:  # links to a device, and pipes, would be read for ever
                if not name.startswith(".") and os.path.isfile(os.path.join(folder, name)):
                    yield name if start == "." else f"{start}/{name}"

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
            name: as it stands in the labels; where not all folders in it are here, the longest end that is. Macs spell
                é in two letters, others in one: either is found by the other. So is A.JPG by a.jpg, if that is all
                there is: on Windows it is the same.
            beside: the file with the labels. Looked for first beside it, then below the folder, then anywhere, and of
                several the one in the innermost folder around that file.
            split: of pictures called the same, the one in this division.
        """
        if not name.strip():
            return None
        name = str(PurePosixPath(name.replace("\\", "/")))
        for start in (str(PurePosixPath(beside).parent), "."):
            path = name if start == "." else f"{start}/{name}"
            if path in self._pictures:
                return path
        found = self._called(name)
        if len(found) > 1:
            last = unicodedata.normalize("NFC", name).rpartition("/")[2]
            found = [p for p in found if unicodedata.normalize("NFC", p).rpartition("/")[2] == last] or found
        if len(found) > 1 and split:
            found = [p for p in found if division(p) == DIVISIONS.get(split, split)] or found
        if len(found) > 1:
            around = (f"{folder}/" for folder in PurePosixPath(beside).parents)
            near = ([p for p in found if p.startswith(folder)] for folder in around)
            found = next(filter(None, near), found)
        return found[0] if len(found) == 1 else None

    def why_none(self, name: str) -> str:
        """Why `picture` has none for a name: it is not here, or which ones it could be."""
        found = self._called(str(PurePosixPath(name.replace("\\", "/"))))
        more = ", …" if len(found) > 2 else ""
        return f"it could be {' or '.join(found[:2])}{more}" if len(found) > 1 else f"{ABSENT} in {self.root}"

    def _called(self, name: str) -> list[str]:
        """The pictures whose paths end as a name does, by its longest end that any has."""
        parts = folded(name).split("/")
        ends = ("/".join(parts[i:]) for i in range(len(parts)))
        return next((self._by_end[end] for end in ends if end in self._by_end), [])

    def relative(self, path: Path) -> str:
        """A path of a file here as it is in `paths`."""
        return path.relative_to(self.root).as_posix()

    def missing(self, where: str, name: object) -> Entry:
        """An entry of labels whose picture is not here; `where` is the place in the labels, below the root."""
        error = DataError(f"{where}: {shown(name)}: {self.why_none(str(name or ''))}")
        return Entry(Path(where), fails(error))  # a path of its own: two that are not here are not the same one

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
        """a.jpg, train/a.jpg and set/train/a.jpg -> the pictures whose paths end so, folded."""
        found = defaultdict(list)
        for path in self.pictures:
            parts = folded(path).split("/")
            for i in range(len(parts)):
                found["/".join(parts[i:])].append(path)
        return found


def find_images(paths: Iterable[str | Path]) -> list[Path]:
    """The pictures among files and folders, in order; those of a folder as `Files` has them, at any depth.

    Raises:
        DataError: naming the path that does not exist, or the folder that holds no picture or cannot be read.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = [path / name for name in Files(path).pictures]
            if not inside:
                raise DataError(f"{path}: there is no picture in this folder")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise DataError(f"{path}: there is no such file or folder")
    return found


def closed(error: OSError) -> None:
    """For a folder that cannot be looked into, whose pictures would be passed over without a word."""
    raise DataError(f"{error.filename}: cannot be read: {error.strerror}")


def look_into(path: Path, size: int = 200_000) -> bytes:
    """A file's first and last `size` bytes, which tell its format; in UTF-8, if Windows' shell wrote UTF-16."""
    with open(path, "rb") as file:
        found = file.read(size)
        file.seek(max(size, path.stat().st_size - size))
        found += file.read()
    encoding = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(found[:2])
    return found.decode(encoding, "replace").encode() if encoding else found


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

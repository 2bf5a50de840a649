"""From pictures and XML files as labelling tools leave them to a folder in VOC's layout, lists included."""

import random
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ...support.errors import DataError, SettingError
from ...support.files import new_folder
from ..images import SUFFIXES


class Arranged(NamedTuple):
    """What `arrange_folder` did: the names in each list, and the files left out because they have no partner."""

    lists: dict[str, list[str]]
    pictures_alone: list[Path]
    annotations_alone: list[Path]


def arrange_folder(
    sources: Sequence[str | Path], to: str | Path, val: float = 0.2, test: float = 0.2, seed: int = 0
) -> Arranged:
    """Copies pictures and annotations into VOC's layout, and samples the lists train, val and test at random.

    Pictures and XML files are looked for at any depth; NAME.jpg belongs to NAME.xml, wherever the two lie. What the
    files hold is `check_folder`'s business. The new folder appears whole or not at all.

    Args:
        sources: folders with pictures, annotations, or both.
        to: the folder to make.
        val: share of the pictures in the list val; 0 for no such list.
        test: likewise.
        seed: of the random numbers.

    Raises:
        DataError: if `to` exists, a source does not, two files share a name, or no picture has an annotation.
        SettingError: if the shares are negative or leave nothing to train on.
    """
    if not (val >= 0 and test >= 0 and val + test < 1):
        raise SettingError(f"val is {val} and test {test}; they have to be shares whose sum is below 1")
    files = list(_files(sources))
    pictures = _by_name(path for path in files if path.suffix.lower() in SUFFIXES)
    annotations = _by_name(path for path in files if path.suffix.lower() == ".xml")
    names = sorted(pictures.keys() & annotations.keys())
    if not names:
        where = ", ".join(map(str, sources))
        raise DataError(
            f"{where}: {len(pictures)} pictures and {len(annotations)} annotations, but no NAME.jpg with its NAME.xml"
        )
    lists = draw_lists(names, val, test, seed)
    if "train" not in lists:
        raise SettingError(f"val is {val} and test {test}; of {len(names)} pictures they leave none to train on")
    with new_folder(Path(to)) as folder:
        for part in ("JPEGImages", "Annotations", "ImageSets/Main"):
            (folder / part).mkdir(parents=True)
        for name in names:
            suffix = pictures[name].suffix.lower()  # cameras write .JPG
            shutil.copyfile(pictures[name], folder / "JPEGImages" / f"{name}{suffix}")
            shutil.copyfile(annotations[name], folder / "Annotations" / f"{name}.xml")
        for split, members in lists.items():
            text = "".join(f"{name}\n" for name in members)
            (folder / "ImageSets" / "Main" / f"{split}.txt").write_text(text, encoding="utf-8")
    return Arranged(
        lists,
        [pictures[name] for name in sorted(pictures.keys() - annotations.keys())],
        [annotations[name] for name in sorted(annotations.keys() - pictures.keys())],
    )


def draw_lists(names: Sequence[str], val: float, test: float, seed: int) -> dict[str, list[str]]:
    """Every name in one of train, val and test, by shares; a list that would be empty is left out."""
    shuffled = random.Random(seed).sample(names, len(names))
    first, second = round(val * len(names)), round((val + test) * len(names))
    lists = {"train": shuffled[second:], "val": shuffled[:first], "test": shuffled[first:second]}
    return {split: sorted(members) for split, members in lists.items() if members}


def _files(sources: Iterable[str | Path]) -> Iterable[Path]:
    """All files below the folders but hidden ones: macOS leaves a ._NAME.jpg beside NAME.jpg on foreign disks."""
    for source in map(Path, sources):
        if not source.is_dir():
            raise DataError(f"{source}: there is no such folder")
        for path in sorted(source.rglob("*")):
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(source).parts):
                yield path


def _by_name(paths: Iterable[Path]) -> dict[str, Path]:
    """Name without suffix -> file."""
    found: dict[str, Path] = {}
    for path in paths:
        other = found.setdefault(path.stem, path)
        if other.resolve() != path.resolve():  # a folder may be named twice, or lie in another
            raise DataError(f"{path}: has the name of {other}; rename one of the two, and its partner")
    return found

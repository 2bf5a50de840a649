"""From labelled pictures in any format to a folder that is divided, in whichever format is wanted."""

import random
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from ...support.errors import DataError, SettingError
from ...support.files import new_folder
from ..annotations import progress
from ..files import UNDIVIDED, Files, division_of
from ..formats.format import Division, Format
from ..formats.table import WRITTEN, recognise
from ..formats.voc import pair_up
from ..images import read_rgb
from ..labels import Entry, LabelledPicture, Labels, sizes, upright
from ..names import unique_names
from .copies import Fingerprint, copies, fingerprint

THREADS = 4
"""That look at pictures side by side; their decoders let each other work."""


class Arranged(NamedTuple):
    """What `arrange_folder` did."""

    lists: dict[str, list[str]]  # the names in each
    pictures_alone: list[Path]  # left out, since no label speaks of them
    annotations_alone: list[Path]  # left out, since their picture is missing
    format: str = ""  # of the source
    kept: bool = False  # the division is the source's own
    copies: int = 0  # pictures that show a photograph which another one shows too
    crowds: int = 0  # boxes around crowds left out, for a format that has none
    difficult: int = 0  # objects that have lost their mark, likewise
    val_from_train: bool = False  # the source's own division had train and test alone


def arrange_folder(
    sources: Sequence[str | Path], to: str | Path, val: float = 0.2, test: float = 0.2, seed: int = 0,
    format: str = "voc",
) -> Arranged:  # fmt: skip
    """Copies pictures and labels into a new folder of one format, divided into train, val and test.

    A division that the source has is kept; where it has train and test alone, val comes from train, so that no setting
    has to be chosen by the pictures that judge. Else the lists are sampled at random, copies of one photograph in the
    same one. The new folder appears whole or not at all.

    Args:
        sources: a folder in any of the formats of `formats.table`; or several that are one together, as pictures here
            and annotations there.
        to: the folder to make.
        val: share of the pictures in the list val, of those of train where that list is divided; 0 for no such list.
        test: likewise, of all pictures.
        seed: of the random numbers.
        format: of the new folder, a key of `formats.table.WRITTEN`.

    Raises:
        DataError: if `to` exists; a source does not, or its labels are of no known format; two files share a name;
            no picture has labels; or labels and picture differ in size.
        SettingError: if the shares are negative or leave nothing to train on, or for an unknown format.
    """
    if not (val >= 0 and test >= 0 and val + test < 1):
        raise SettingError(f"val is {val} and test {test}; they have to be shares whose sum is below 1")
    target = WRITTEN.get(format)
    if target is None or target.write is None:
        raise SettingError(f"format is {format!r}; it is one of {', '.join(WRITTEN)}")
    files = Files(*sources)
    row = recognise(files)
    labels = row.read(files)
    lists = own_division(labels)
    kept, alike, val_from_train = len(lists) > 1, 0, False
    if not kept:
        entries = [entry for own in lists.values() for entry in own]
        lists, alike = draw(entries, val, test, seed)
    elif val_from_train := list(lists) == ["train", "test"] and val > 0:
        drawn, alike = draw(lists["train"], val, 0, seed)
        lists = {**drawn, "test": lists["test"]}
    if not lists.get("train"):
        number = sum(map(len, lists.values()))
        if not number:
            raise DataError(f"{', '.join(map(str, sources))}: {len(files.pictures)} pictures, but none with labels")
        raise SettingError(f"val is {val} and test {test}; of {number} pictures they leave none to train on")
    pictures = read_all(lists, files, target)
    crowds = difficult = 0
    if not target.marks:
        objects = [item for own in pictures.values() for picture in own for item in picture.objects]
        crowds, difficult = sum(o.crowd for o in objects), sum(o.difficult and not o.crowd for o in objects)
        pictures = {split: without_crowds(own) for split, own in pictures.items()}
    with new_folder(Path(to)) as folder:
        target.write(Division(labels.classes, pictures), folder)
    names = {split: [picture.name for picture in own] for split, own in pictures.items()}
    unused = alone(files, row, [entry for own in lists.values() for entry in own])
    return Arranged(names, *unused, row.name, kept, alike, crowds, difficult, val_from_train)


def own_division(labels: Labels) -> dict[str, list[Entry]]:
    """train, val and test as the source has them, each picture in one; or one list, if it has no more.

    trainval is for a source without train. A picture in several lists stays in the one that judges: test, then val.
    """
    found: dict[str, list[Entry]] = {}
    for split in labels.splits:
        meant = division_of(split)
        if meant:
            found.setdefault(meant, []).extend(labels.entries(split))
    whole = found.pop("trainval", [])
    if "train" not in found and whole:
        found["train"] = whole
    if len(found) < 2:
        found = {UNDIVIDED: [entry for split in labels.splits for entry in labels.entries(split)]}
    seen: set[Path] = set()
    division: dict[str, list[Entry]] = {}
    for split in sorted(found, key=["test", "val", "train", UNDIVIDED].index):
        division[split] = []
        for entry in found[split]:
            if entry.path not in seen:
                seen.add(entry.path)
                division[split].append(entry)
    return {split: division[split] for split in ("train", "val", "test", UNDIVIDED) if division.get(split)}


def draw(entries: Sequence[Entry], val: float, test: float, seed: int) -> tuple[dict[str, list[Entry]], int]:
    """The lists by shares, copies of a photograph together; and how many pictures are copies."""
    with ThreadPoolExecutor(THREADS) as pool:
        seen = pool.map(looked_at, (entry.path for entry in entries))
        prints = list(tqdm(seen, "comparing pictures", len(entries), leave=False, disable=len(entries) < 200))
    places = [i for i, seen in enumerate(prints) if seen is not None]
    groups = [[str(places[i]) for i in group] for group in copies([seen for seen in prints if seen is not None])]
    order = sorted(range(len(entries)), key=lambda i: str(entries[i].path))
    drawn = draw_lists([str(i) for i in order], val, test, seed, groups)
    lists = {split: sorted((entries[int(i)] for i in own), key=lambda e: str(e.path)) for split, own in drawn.items()}
    return lists, sum(len(group) - 1 for group in groups)


def looked_at(path: Path) -> Fingerprint | None:
    """None for a picture that cannot be read: what the files hold is `check_folder`'s business."""
    try:
        return fingerprint(path, read_rgb(path)[0])
    except DataError:
        return None


def draw_lists(
    names: Sequence[str], val: float, test: float, seed: int, together: Sequence[Sequence[str]] = ()
) -> dict[str, list[str]]:
    """Every name in one of train, val and test, by shares, those `together` in the same; no list is empty."""
    group = {name: own for own in together for name in own}
    units = [group.get(name, (name,)) for name in names if name == group.get(name, (name,))[0]]
    first, second = round(val * len(names)), round((val + test) * len(names)) - round(val * len(names))
    lists: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for unit in random.Random(seed).sample(units, len(units)):
        room = (("val", first), ("test", second))
        split = next((s for s, most in room if len(lists[s]) + len(unit) <= most), "train")
        lists[split] += unit
    return {split: sorted(members) for split, members in lists.items() if members}


def read_all(lists: Mapping[str, Sequence[Entry]], files: Files, target: Format) -> dict[str, list[LabelledPicture]]:
    """The pictures of the lists, each with a name of its own, its size, and boxes in pixels as a viewer shows it.

    An annotation that is VOC's and stays so is not touched. Raises DataError naming what cannot be read.
    """
    entries = [(split, entry) for split, own in lists.items() for entry in own]
    names = unique_names(files.relative(entry.path) for _, entry in entries)
    found: dict[str, list[LabelledPicture]] = {split: [] for split in lists}
    for split, entry in progress(entries):
        picture = replace(entry.read(), name=names[files.relative(entry.path)])
        if picture.xml is None or target.name != "voc":
            seen = upright(picture)
            if seen.resized:
                raise DataError(f"{picture.source}: {sizes(picture, seen.size)}; boxes that were drawn on another "
                                "picture do not fit this one")  # fmt: skip
            picture = replace(picture, objects=seen.objects, size=seen.size, relative=False, xml=None)
        found[split].append(picture)
    return found


def without_crowds(pictures: Iterable[LabelledPicture]) -> list[LabelledPicture]:
    """The same without the boxes around crowds, which would be objects to a format that has none."""
    return [replace(p, objects=tuple(o for o in p.objects if not o.crowd)) for p in pictures]


def alone(files: Files, row: Format, entries: Iterable[Entry]) -> tuple[list[Path], list[Path]]:
    """The pictures that no label speaks of, and the files of labels that have no picture."""
    used = {entry.path for entry in entries}
    pictures = [files.root / path for path in files.pictures if files.root / path not in used]
    labelled = set(pair_up(files, row.ending).values()) if row.ending else set()
    annotations = [files.root / path for path in files.ending(row.ending) if path not in labelled] if row.ending else []
    return pictures, annotations

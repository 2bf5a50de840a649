"""Every defect of a folder of labelled pictures, all at once: what `python -m dsod_lite check` prints."""

import os
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from ...support.errors import DataError
from ..annotations import REMEDY as DIVIDE
from ..annotations import has_area, images_by_name
from ..files import UNDIVIDED, Files, division_of
from ..formats.format import Format
from ..formats.table import recognise
from ..formats.voc import LAYOUT
from ..images import CUT, read_rgb
from ..labels import Entry, LabelledObject, LabelledPicture, Labels, Upright, sizes, upright
from ..repairs import Repairs
from ..voc import voc_entry
from .copies import Fingerprint, fingerprint
from .leaks import shared, shown_twice

THREADS = 4
"""That read pictures side by side; their decoders let each other work."""
FLAT = "has no width or height, or is reversed"


@dataclass
class Findings:
    """What `examine_folder` found."""

    format: str = ""
    defects: list[str] = field(default_factory=list)  # one line each, naming file and field
    notes: list[str] = field(default_factory=list)  # what is done to the pictures and labels, and is no defect
    counts: dict[str, Counter[str]] = field(default_factory=dict)  # list -> class -> objects, of what can be read
    seen: dict[Path, "Seen"] = field(default_factory=dict)  # of each picture that can be read


@dataclass(frozen=True)
class Seen:
    """A picture that can be read, with its labels."""

    labels: Upright
    print: Fingerprint


def check_folder(root: str | Path) -> list[str]:
    """All defects, one line each, naming file and field; an empty list if there are none.

    Reads every list, every label and every picture to its last byte, and looks for what a data set would stop at or
    would have to mend: missing and broken files, boxes without area or over the edge, pictures without labels, a
    picture or copies of it in lists that must not share any. Where labels cannot be understood the search ends with
    the picture's first defect, and goes on with the next.
    """
    return examine_folder(root).defects


def examine_folder(root: str | Path) -> Findings:
    """The same, with all else that there is to know of a folder."""
    found = Findings()
    try:
        files = Files(root)
        row = recognise(files)
        found.format = row.name
        missing = [files.root / part for part in ("JPEGImages", "Annotations") if not (files.root / part).is_dir()]
        if row is LAYOUT and missing:  # every name of every list would be a defect
            raise DataError(f"{missing[0]}: there is no such folder; {DIVIDE}")
        labels = row.read(files)
    except DataError as error:
        found.defects.append(str(error))
        return found
    lists = read_lists(files.root, labels, found)
    entries = [entry for own in lists.values() for entry in own]
    if row is LAYOUT:
        entries += unlisted(files.root)
    pictures = read_pictures(sorted(entries, key=lambda entry: str(entry.path)), found)
    no_labels(files, row, entries, found)
    found.defects += shared(files.root, row, lists)
    found.defects += shown_twice(lists, {path: seen.print for path, seen in found.seen.items()})
    found.counts = {
        split: Counter(item.name for entry in own if entry.path in pictures for item in pictures[entry.path].objects)
        for split, own in lists.items()
        if division_of(split) or not any(map(division_of, lists))
    }
    found.defects = list(dict.fromkeys(found.defects))
    return found


def read_lists(root: Path, labels: Labels, found: Findings) -> dict[str, list[Entry]]:
    """The lists that can be read, train first."""
    order = ("train", "val", "trainval", "test")
    lists = {}
    for split in sorted(labels.splits, key=lambda s: (order.index(s) if s in order else len(order), s)):
        try:
            lists[split] = labels.entries(split)
        except DataError as error:
            found.defects.append(str(error))
    if set(lists) == {UNDIVIDED}:
        found.defects.append(f"{root}: is not divided into lists to train on and to judge on; {DIVIDE}")
    return lists


def unlisted(root: Path) -> list[Entry]:
    """All of VOC's annotations, for some are in no list."""
    images = images_by_name(root)
    names = [name.removesuffix(".xml") for name in sorted(os.listdir(root / "Annotations")) if name.endswith(".xml")]
    return [voc_entry(root, name, images.get(name)) for name in names]


def read_pictures(entries: Iterable[Entry], found: Findings) -> dict[Path, LabelledPicture]:
    """The labels that can be read, of each picture, and what is wrong with labels or picture."""
    pictures: dict[Path, LabelledPicture] = {}
    done: set[tuple[Path, str]] = set()
    for entry in entries:
        try:
            if entry.path not in pictures:
                pictures[entry.path] = entry.read()
        except DataError as error:
            if (entry.path, str(error)) not in done:
                found.defects.append(str(error))
            done.add((entry.path, str(error)))
    turned = []
    with ThreadPoolExecutor(THREADS) as pool:
        looks = tqdm(pool.map(look, pictures.values()), "pictures", len(pictures), leave=False,
                     disable=len(pictures) < 200)  # fmt: skip
        for picture, (seen, defects) in zip(pictures.values(), looks, strict=True):
            found.defects += defects
            if seen is not None:
                found.seen[picture.path] = seen
                turned += [picture.name] * seen.labels.turned
    if turned:
        more = ", …" if len(turned) > 5 else ""
        found.notes.append(f"{len(turned)} photographs were stored lying on their side, and labelled so: the boxes are "
                           f"turned with them ({', '.join(turned[:5])}{more})")  # fmt: skip
    return pictures


def look(picture: LabelledPicture) -> tuple[Seen | None, list[str]]:
    """A picture read to its last byte, and the defects of its boxes."""
    defects = []
    where = places(picture, picture.objects)
    try:
        rgb, whole = read_rgb(picture.path)
        labels = upright(picture)
    except DataError as error:
        flat = [f"{w} {FLAT}" for w, o in zip(where, picture.objects, strict=True) if not has_area(o.box)]
        return None, [*(flat if not picture.relative else []), str(error)]
    if not whole:
        defects.append(f"{picture.path}: {CUT}")
    if labels.resized:
        defects.append(f"{picture.source}: {sizes(picture, labels.size)}")
    if picture.relative:  # in pixels, as the size that they are compared with
        where = places(picture, labels.objects)
    repairs = [Repairs() for _ in where]
    for name, item, repair in zip(where, labels.objects, repairs, strict=True):
        repair.fit(item.box, labels.size, name)
    defects[:0] = [f"{name} {FLAT}" for name, repair in zip(where, repairs, strict=True) if repair.degenerate]
    width, height = labels.size
    defects += [
        f"{name} reaches over the picture's {width}×{height}"
        for name, repair in zip(where, repairs, strict=True)
        if repair.outside or repair.clipped
    ]
    inside = not picture.relative and width * height > 4 and all(0 <= v <= 1 for o in picture.objects for v in o.box)
    if picture.objects and inside:
        defects.append(f"{picture.source}: every box lies within the first pixel: are they fractions of the picture?")
    return Seen(labels, fingerprint(picture.path, rgb)), defects


def places(picture: LabelledPicture, objects: Iterable[LabelledObject]) -> list[str]:
    """What messages call the boxes of a picture."""
    field = "bndbox" if picture.xml else "box"
    return [f"{picture.source}: object {i} ({o.name}): {field}: {o.box}" for i, o in enumerate(objects)]


def no_labels(files: Files, row: Format, entries: Iterable[Entry], found: Findings) -> None:
    """The pictures that no label speaks of: a defect each in VOC's layout, which is for what is labelled alone."""
    used = {entry.path for entry in entries}
    pictures = [files.root / path for path in files.pictures if files.root / path not in used]
    if row is LAYOUT:
        inside = [path for path in pictures if path.parent.name == "JPEGImages"]
        annotations = files.root / "Annotations"
        found.defects += [f"{path}: there is no annotation {annotations / path.stem}.xml" for path in inside]
    elif pictures:
        names = ", ".join(path.name for path in pictures[:5]) + ", …" * (len(pictures) > 5)
        found.notes.append(f"{len(pictures)} pictures have no labels, and are left out ({names})")

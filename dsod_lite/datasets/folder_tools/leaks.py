"""Pictures, and copies of a photograph, in lists of which one judges the other."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ..files import division_of
from ..formats.format import Format
from ..formats.voc import LAYOUT
from ..labels import Entry
from .copies import Fingerprint, copies

DISJOINT = ({"train", "val"}, {"train", "test"}, {"val", "test"}, {"trainval", "test"})
"""Lists that must not share a picture."""


def shared(root: Path, row: Format, lists: Mapping[str, list[Entry]]) -> Iterator[str]:
    """The pictures that are in two lists of which one judges the other."""
    called = {split: f"{split}.txt" if row is LAYOUT else split for split in lists}
    for a, b in disjoint(lists):
        other = {entry.path for entry in lists[b]}
        where = root / "ImageSets" / "Main" / called[a] if row is LAYOUT else f"{root} ({a})"
        yield from (f"{where}: {e.path.stem} is in {called[b]} too" for e in lists[a] if e.path in other)


def shown_twice(lists: Mapping[str, list[Entry]], seen: Mapping[Path, Fingerprint]) -> Iterator[str]:
    """The photographs of which two such lists have copies."""
    paths = list(seen)
    groups = [[paths[i] for i in group] for group in copies(list(seen.values()))]
    of: dict[Path, set[str]] = {}
    for split, entries in lists.items():
        for entry in entries:
            of.setdefault(entry.path, set()).add(split)
    for group in groups:
        for a, b in disjoint(lists):
            first, second = ([path for path in group if split in of.get(path, ())] for split in (a, b))
            if first and second and not set(first) & set(second):
                more = f" ({len(group)} pictures show it)" if len(group) > 2 else ""
                yield f"{first[0]}: is in {a}, and {b} has a copy of the same photograph: {second[0]}{more}"
                break


def disjoint(lists: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of lists that must not share a picture: those of one division, VOC's years apart."""
    lists = list(lists)
    return [
        (a, b)
        for i, a in enumerate(lists)
        for b in lists[i + 1 :]
        if {division_of(a), division_of(b)} in DISJOINT and a.rpartition("/")[0] == b.rpartition("/")[0]
    ]

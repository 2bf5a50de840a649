"""Copies of one photograph: by Roboflow's name, by equal bytes, or as good as equal to look at."""

import hashlib
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROBOFLOW = re.compile(r"(.+)\.rf\.[0-9a-zA-Z]{16,}$")
"""NAME_jpg.rf.HASH: an augmented copy of NAME.jpg. Copies differ in the hash alone."""
SIDE = 16
"""Of the small picture that is compared, in pixels."""
NEAR = 12
"""Of 255: two small pictures nowhere further apart than this are of one photograph. Saving a JPEG again, in another
quality or size, moves them by less than that; an object that is elsewhere moves them by more."""
CELL = 6
"""Of 255: what the brightness of a quarter may differ by at the least."""
IN_A_CELL = 50
"""Pictures of one camera that never moves are all as bright; more of them than this are not compared with the next."""
PLACES = 64 ** np.arange(4)
"""Four numbers below 64 as one."""
STEPS = [int(np.dot(step, PLACES)) for step in itertools.product((-1, 0, 1), repeat=4)]
PLAIN = 8
"""Standard deviation, of 255. A picture of one colour looks like every other one: its bytes alone are compared."""


@dataclass(frozen=True)
class Fingerprint:
    """What tells a picture's copies."""

    photograph: str | None  # Roboflow's name of it
    digest: bytes  # of the file
    small: NDArray  # uint8 [SIDE, SIDE, 3]


def fingerprint(path: Path, picture: Image.Image) -> Fingerprint:
    """Of a picture's file, and of its pixels as RGB."""
    named = ROBOFLOW.match(path.stem)
    small = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX))
    return Fingerprint(named[1] if named else None, hashlib.sha256(path.read_bytes()).digest(), small)


def copies(prints: Sequence[Fingerprint]) -> list[list[int]]:
    """The pictures that show one photograph, as lists of their places: two or more each, and each picture in one."""
    group = list(range(len(prints)))  # the place of another picture of the group, at last of its first

    def first(i: int) -> int:
        while group[i] != i:
            group[i] = group[group[i]]
            i = group[i]
        return i

    keys: dict[object, int] = {}
    for i, seen in enumerate(prints):
        for key in filter(None, (seen.photograph, seen.digest)):
            a, b = sorted((first(keys.setdefault(key, i)), first(i)))
            group[b] = a
    for i, j in _near(prints):
        a, b = sorted((first(i), first(j)))
        group[b] = a
    found = defaultdict(list)
    for i in range(len(prints)):
        found[first(i)].append(i)
    return [places for places in found.values() if len(places) > 1]


def _near(prints: Sequence[Fingerprint]) -> Iterator[tuple[int, int]]:
    """Each picture that looks like an earlier one, with that one.

    Pictures that look the same are about as bright in each quarter, so each is compared with those alone whose four
    brightnesses fall into the same cell of a grid, or into one beside it.
    """
    if not prints:
        return
    small = np.stack([seen.small for seen in prints])
    half = SIDE // 2
    quarters = small.reshape(-1, 2, half, 2, half, 3).mean(axis=(2, 4, 5)).reshape(-1, 4) // CELL + 1
    cell = (quarters.astype(int) @ PLACES).tolist()
    plain = small.std(axis=(1, 2)).max(axis=1) < PLAIN
    cells: defaultdict[int, list[int]] = defaultdict(list)
    for i in np.flatnonzero(~plain).tolist():
        others = [j for step in STEPS if (there := cells.get(cell[i] + step)) for j in there]
        if others:
            apart = np.abs(small[others, ::4, ::4].astype(np.int16) - small[i, ::4, ::4]).max(axis=(1, 2, 3))
            alike = [others[k] for k in np.flatnonzero(apart <= NEAR).tolist()]
            same = [j for j in alike if np.abs(small[j].astype(np.int16) - small[i]).max() <= NEAR]
            if same:
                yield same[0], i
                continue
        if len(cells[cell[i]]) < IN_A_CELL:
            cells[cell[i]].append(i)

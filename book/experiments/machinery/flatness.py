"""Has an arm's curve become flat? PLAN.md's rule: from the search's 1,125 steps to the long 3,750."""

import statistics
from pathlib import Path
from typing import NamedTuple

from ..comparisons import rates
from .records import RECORDS, load

FLAT = 0.02
"""A gain in AP50 below which a curve counts as flat."""


class Gain(NamedTuple):
    """An arm's AP50 on the validation pictures: of the search's run with the chosen settings, and of the long runs."""

    arm: str
    middle: float
    long: float

    @property
    def flat(self) -> bool:
        return self.long - self.middle < FLAT


def gains(folder: Path = RECORDS) -> list[Gain]:
    """A row for each arm that has a search of its own, at its end, and long runs."""
    long = load("headline_long", folder)
    found = []
    for arm in (name for name in rates.SEARCHED if name in long and not rates.wanted(name, folder)):
        settings = rates.chosen(arm, folder)
        middle = rates.scores(arm, settings.weight_decay, folder)[settings.learning_rate]
        found.append(Gain(arm, middle, statistics.fmean(r["result"]["validation"]["AP50"] for r in long[arm])))
    return found

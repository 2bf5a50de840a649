"""The one rule by which every arm's learning rate is searched: try three, and go on while the best is at an end."""

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..machinery.records import RECORDS, load
from ..machinery.runner import run_all

GRID = (0.001, 0.003, 0.01, 0.03, 0.1)
FIRST = GRID[1:4]
SECONDS_TO_WAIT = 10


def asked_for(
    scores: Mapping[float, float], grid: Sequence[float] = GRID, first: Sequence[float] = FIRST
) -> list[float]:
    """The rates that are to be tried next; none, if the search is at its end.

    Args:
        scores: what the rates that were tried came to; the highest is the best.
        grid: all rates, rising.
        first: those that are tried whatever comes out; neighbours in the grid.
    """
    if missing := [rate for rate in first if rate not in scores]:
        return missing
    place = grid.index(best(scores))
    return [grid[i] for i in (place - 1, place + 1) if 0 <= i < len(grid) and grid[i] not in scores]


def best(scores: Mapping[float, float]) -> float:
    """The rate with the highest score; of equal ones the lowest."""
    return max(sorted(scores), key=lambda rate: scores[rate])


def named(arm: str, rate: float) -> str:
    """A trial's name."""
    return f"{arm}_rate_{rate}"


def scores(experiment: str, arm: str, folder: Path = RECORDS) -> dict[float, float]:
    """What an arm's trials came to in AP50, by their rate."""
    runs = load(experiment, folder)
    tried = {rate: runs.get(named(arm, rate)) for rate in GRID}
    return {rate: float(records[0]["result"]["AP50"]) for rate, records in tried.items() if records}


def wanted(experiment: str, arm: str, folder: Path = RECORDS) -> list[str]:
    """The trials of an experiment that the rule asks for next; none, if the arm's search is at its end."""
    return [named(arm, rate) for rate in asked_for(scores(experiment, arm, folder))]


def chosen(experiment: str, arm: str, folder: Path = RECORDS) -> float:
    """An arm's learning rate.

    Raises:
        ValueError: if its search is not at its end; says what it asks for.
    """
    if trials := wanted(experiment, arm, folder):
        variants = " ".join(f"--variant {trial}" for trial in trials)
        raise ValueError(f"{arm} has no learning rate yet: python -m book.experiments {experiment} {variants}")
    return best(scores(experiment, arm, folder))


def make_trials(experiment: str, arms: Iterable[str]) -> None:
    """Makes the trials that the rule asks for, to the end of each arm's search; waits for those of other processes."""
    for arm in arms:
        while trials := wanted(experiment, arm):
            run_all(experiment, variants=trials)
            if wanted(experiment, arm) == trials:
                time.sleep(SECONDS_TO_WAIT)

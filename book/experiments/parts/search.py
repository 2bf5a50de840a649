"""The one rule by which every arm's learning rate is searched: try three, and go on while the best is at an end."""

from collections.abc import Mapping, Sequence

GRID = (0.001, 0.003, 0.01, 0.03, 0.1)
FIRST = GRID[1:4]


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

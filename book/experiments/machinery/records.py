"""Recorded runs, and what they say: means with intervals, differences, and a verdict on the paper's finding."""

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from matplotlib.axes import Axes
from scipy import stats

from dsod_lite.plots import PALETTE

RECORDS = Path(__file__).resolve().parents[3] / "data" / "runs"

Record = Mapping[str, Any]
Interval = tuple[float, float, float]
"""A mean, and the lower and upper end of its 95 % interval."""
Verdict = Literal["held", "contrary", "not seen at this size"]


def load(name: str, folder: Path = RECORDS) -> dict[str, list[dict[str, Any]]]:
    """The records of an experiment, by variant, each list sorted by seed; variants in the order of their names.

    Empty, if none is recorded.

    Raises:
        ValueError: if they were not all made with as many epochs; names two that differ.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    epochs: dict[int, Path] = {}
    for path in sorted((folder / name).glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        found.setdefault(record["variant"], []).append(record)
        epochs.setdefault(record["epochs"], path)
    if len(epochs) > 1:
        described = ", ".join(f"{path} has {number}" for number, path in epochs.items())
        raise ValueError(f"epochs: runs of one experiment are compared, so all have as many; but {described}")
    return {variant: sorted(runs, key=lambda record: record["seed"]) for variant, runs in found.items()}


def values(records: Sequence[Record], measure: str = "AP50") -> list[float]:
    """One number of each record's result.

    Raises:
        ValueError: naming the record that lacks it.
    """
    for record in records:
        if record["result"].get(measure) is None:
            raise ValueError(f"{record['experiment']}, {record['variant']}, seed {record['seed']}: has no {measure}")
    return [float(record["result"][measure]) for record in records]


def interval(numbers: Sequence[float], level: float = 0.95) -> Interval:
    """Mean and Student-t interval of the mean, for 2 numbers or more.

    Raises:
        ValueError: for one number, which says nothing of how sure it is.
    """
    if len(numbers) < 2:
        raise ValueError(f"an interval takes 2 numbers or more, not {len(numbers)}")
    mean = statistics.fmean(numbers)
    quantile = float(stats.t.ppf((1 + level) / 2, len(numbers) - 1))
    margin = quantile * statistics.stdev(numbers) / math.sqrt(len(numbers))
    return mean, mean - margin, mean + margin


def clipped(span: Interval, measure: str = "AP") -> Interval:
    """An interval of an average precision, without what lies below 0 or above 1; that of another measure as it is."""
    mean, low, high = span
    return (mean, max(0.0, low), min(1.0, high)) if measure.startswith("AP") else span


def further(numbers: Sequence[float]) -> Interval:
    """Mean of 2 numbers or more, and the interval in which one more like them lies with 95 %: wider than the mean's.

    Raises:
        ValueError: as `interval`.
    """
    mean, _, high = interval(numbers)
    margin = (high - mean) * math.sqrt(len(numbers) + 1)  # t s √(1 + 1/n), where the mean's is t s √(1/n)
    return mean, mean - margin, mean + margin


def paired(a: Sequence[Record], b: Sequence[Record], measure: str = "AP50") -> list[float]:
    """a - b for every seed that both have: with one seed, both saw the same pictures in the same order."""
    ours, theirs = ({r["seed"]: value for r, value in zip(x, values(x, measure), strict=True)} for x in (a, b))
    return [ours[seed] - theirs[seed] for seed in sorted(ours.keys() & theirs.keys())]


def verdict(differences: Sequence[float], expected: Literal["a > b", "a < b"] = "a > b") -> Verdict:
    """Whether the paper's finding held: the whole interval of the differences a - b is on its side.

    Raises:
        ValueError: for fewer than three.
    """
    if len(differences) < 3:
        raise ValueError(f"a verdict takes 3 seeds or more that both have run, not {len(differences)}")
    _, low, high = interval(differences)
    if low <= 0 <= high:
        return "not seen at this size"
    return "held" if (low > 0) == (expected == "a > b") else "contrary"


def rank_correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Spearman's: the correlation of the ranks. 1: the same order; 0: neither order says anything of the other.

    Raises:
        ValueError: for lists of different lengths, or one whose numbers are all equal.
    """
    if len(a) != len(b):
        raise ValueError(f"{len(a)} numbers cannot be paired with {len(b)}")
    if min(len(set(a)), len(set(b))) < 2:
        raise ValueError("numbers that are all equal have no order")
    return float(stats.spearmanr(a, b).statistic)


def dots(ax: Axes, records: Mapping[str, Sequence[Record]], measure: str = "AP50", color: str = PALETTE[0]) -> None:
    """Draws each variant as a column: every seed a dot, beside them the mean and its interval, if there are two."""
    for x, (_, runs) in enumerate(records.items()):
        numbers = values(runs, measure)
        ax.plot([x - 0.12] * len(numbers), numbers, "o", color=color, alpha=0.4, markersize=5, linestyle="none")
        if len(numbers) > 1:
            mean, low, high = clipped(interval(numbers), measure)
            ax.errorbar(x + 0.12, mean, [[mean - low], [high - mean]], fmt="_", color=color, capsize=3, markersize=9)
    ax.set_xticks(range(len(records)), [name.replace("_", " ") for name in records])
    ax.set(xlim=(-0.6, len(records) - 0.4), ylabel=measure)
    within(ax, measure)
    ax.spines[["top", "right"]].set_visible(False)


def within(ax: Axes, measure: str) -> None:
    """Keeps the y axis of an average precision between 0 and 1, where matplotlib's margin would leave them."""
    if measure.startswith("AP"):
        low, high = ax.get_ylim()
        ax.set_ylim(max(0.0, low), min(1.0, high))

"""How sure is an average precision? The bootstrap: pictures are sampled again and again, with putting back."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .tables import Records, gather
from .voc import judge, most_overlapped

DRAWS = 1000
AT_ONCE = 2_000_000
"""Entries of the tables that are worked on together: draws times detections."""


def bootstrap_ap50(
    detections: Records, targets: Records, num_classes: int, draws: int = DRAWS, seed: int = 0
) -> NDArray:
    """All-point mean AP at IoU 0.5 of as many pictures as there are, sampled with putting back: float64 [draws].

    nan for one picture alone: its samples are all the same, and say nothing of others.

    Two detectors on the same pictures get the same samples, so that their difference is that of the detectors.

    Args:
        detections: as `evaluate_voc` takes them.
        targets: likewise.
        num_classes: classes with the background.
        draws: how many samples.
        seed: of the samples.

    Raises:
        ValueError: as `evaluate_voc` does.

    Source: Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics, 1979.
    """
    count, rng = len(targets), np.random.default_rng(seed)
    if count == 1:
        return np.full(draws, np.nan)
    chances = np.full(count, 1 / max(count, 1))
    weights = np.empty((draws, count), dtype=np.int16)  # int64 of 120,000 pictures are a gigabyte
    for sample in weights:
        sample[:] = rng.multinomial(count, chances)
    return weighted_ap50(detections, targets, num_classes, weights)


def weighted_ap50(detections: Records, targets: Records, num_classes: int, weights: NDArray) -> NDArray:
    """All-point mean AP at IoU 0.5 where picture i counts weights[d, i] times: int [D, pictures] -> float64 [D].

    A class of which a sample has no object is left out of its mean; nan where that leaves none.
    """
    found, objects = gather(detections, targets, {"difficult": 0.0}, num_classes)
    difficult = objects["difficult"] != 0
    best, iou = most_overlapped(found, objects, plus_one=False)
    order = np.lexsort((-found["scores"], found["labels"]))
    correct, counted = judge(best[order], iou[order] >= 0.5, difficult)
    labels, pictures = found["labels"][order], found["image"][order]
    aps = np.full((num_classes - 1, len(weights)), np.nan)
    for label in range(1, num_classes):
        rows = counted & (labels == label)
        per_picture = np.bincount(objects["image"][(objects["labels"] == label) & ~difficult], minlength=len(targets))
        for part in parts(len(weights), max(int(rows.sum()), len(targets))):
            totals = weights[part] @ per_picture
            ap = precision_area(weights[part][:, pictures[rows]], correct[rows], totals)
            aps[label - 1, part] = np.where(totals > 0, ap, np.nan)
    some = ~np.isnan(aps)
    sums = np.where(some, aps, 0.0).sum(axis=0)
    return np.divide(sums, some.sum(axis=0), out=np.full(len(weights), np.nan), where=some.any(axis=0))


def parts(draws: int, rows: int) -> Iterator[slice]:
    """Slices of the draws, of a size that memory has room for."""
    step = max(1, AT_ONCE // max(rows, 1))
    return (slice(start, start + step) for start in range(0, draws, step))


def precision_area(weights: NDArray, correct: NDArray, totals: NDArray) -> NDArray:
    """All-point AP [D] of a class's ranked detections, each counting weights[d, n] times. `totals` [D]: its objects."""
    hits, seen = (weights * correct).cumsum(axis=1), weights.cumsum(axis=1)
    precision = hits / np.maximum(seen, 1)
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    return (weights * correct * envelope).sum(axis=1) / np.maximum(totals, 1)


def interval(values: NDArray, level: float = 0.95) -> tuple[float, float]:
    """Between which two numbers the middle share `level` of the values lies; nan if there are none."""
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)

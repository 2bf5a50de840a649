"""How good are the detections? PASCAL VOC's average precision.

Detections and targets are lists with one dict for each image, in the same order and in torchvision's form:
`boxes` [N, 4] (x1, y1, x2, y2 in pixels), `labels` [N] (1..C; 0 is background), for detections `scores` [N].
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .tables import Records, Table, gather

Method = Literal["11point", "all-point"]


@dataclass(frozen=True)
class Curve:
    """Precision and recall of one class after each of its n counted detections, the best-scored one first."""

    precision: NDArray  # [n] float64
    recall: NDArray  # [n] float64, never falls
    scores: NDArray  # [n] float64, never rises


@dataclass(frozen=True)
class VOCResult:
    """What `evaluate_voc` found. The dicts have one entry for each label 1..num_classes-1."""

    mean_ap: float  # mean over the classes that have a counted object; nan if none has
    ap: dict[int, float]  # nan for a class without a counted object
    curves: dict[int, Curve]
    num_objects: dict[int, int]  # counted objects, so without the difficult ones
    iou_threshold: float
    method: Method


def evaluate_voc(
    detections: Records,
    targets: Records,
    num_classes: int,
    iou_threshold: float = 0.5,
    method: Method = "11point",
    plus_one: bool = False,
) -> VOCResult:
    """Average precision by the rules of PASCAL VOC's development kit.

    The detections of a class are taken from the highest score to the lowest, over all images. Each is held
    against the object of its class and image that it overlaps most, difficult or already found though it be:

    - IoU below the threshold: a false positive. (An IoU equal to it is enough; some ports ask for more.)
    - The object is difficult: the detection is left out of the count.
    - The object is not found yet: a true positive.
    - Found already: a false positive, even if a second object, still free, would have done.

    Difficult objects do not count for recall. Equal scores are taken in the order of the images, and within
    an image in the order given. Of two objects overlapped equally the one listed first is taken.

    Args:
        detections: dicts with `boxes`, `labels` and `scores`; tensors on any device.
        targets: dicts with `boxes`, `labels` and, where some objects are difficult, `difficult` (bool [N]).
        num_classes: classes with the background, 21 for VOC.
        iou_threshold: above 0, at most 1.
        method: "11point" (VOC 2007), the mean of the best precision at a recall of at least 0, 0.1, ..., 1;
            or "all-point" (VOC 2010 and later), the area under the curve made monotone.
        plus_one: boxes name whole pixels, both ends included, so a width is x2 - x1 + 1. VOC's own value is
            True, right for the numbers in its annotation files; continuous coordinates, where a pixel is from
            x to x + 1, want False.

    Raises:
        ValueError: an unknown method or threshold, lists of different lengths; or a field that is missing,
            has the wrong shape, is not finite or holds a label out of range (names the image and the field).

    Source: Everingham et al., "The PASCAL Visual Object Classes Challenge", IJCV 2010, section 4.2.
    """
    if not 0 < iou_threshold <= 1:
        raise ValueError(f"iou_threshold is {iou_threshold}; it is above 0 and at most 1")
    if method not in ("11point", "all-point"):
        raise ValueError(f"method is {method!r}; it is '11point' or 'all-point'")
    found, objects = gather(detections, targets, {"difficult": 0.0}, num_classes)
    difficult = objects["difficult"] != 0
    best, best_iou = most_overlapped(found, objects, plus_one)

    # Class by class, best score first. lexsort is stable: equal scores stay in the order of the images.
    order = np.lexsort((-found["scores"], found["labels"]))
    labels, scores = found["labels"][order], found["scores"][order]
    correct, counted = judge(best[order], best_iou[order] >= iou_threshold, difficult)

    ap, curves, num_objects = {}, {}, {}
    for label in range(1, num_classes):
        rows = counted & (labels == label)
        total = int(np.sum((objects["labels"] == label) & ~difficult))
        curve = precision_recall(correct[rows], scores[rows], total)
        curves[label], num_objects[label] = curve, total
        ap[label] = average_precision(curve.precision, curve.recall, method) if total else math.nan
    mean_ap = float(np.mean([ap[label] for label in ap if num_objects[label]] or [math.nan]))
    return VOCResult(mean_ap, ap, curves, num_objects, iou_threshold, method)


def judge(best: NDArray, enough: NDArray, difficult: NDArray) -> tuple[NDArray, NDArray]:
    """Which detections are right, and which of them count.

    Args:
        best: int64 [N], the object that each detection overlaps most; a class's best-scored detection first.
        enough: bool [N], whether that overlap is enough to claim it.
        difficult: bool [M], of the objects.

    Returns:
        correct, bool [N]: the first to claim its object; counted, bool [N]: all but the claims to difficult objects.
    """
    claims = np.flatnonzero(enough)
    # Which object a detection claims does not depend on the others, so there is no need for a loop over them:
    # the first claim to an object wins.
    _, first = np.unique(best[claims], return_index=True)
    correct = np.zeros(len(best), dtype=bool)
    correct[claims[first]] = True
    counted = np.ones(len(best), dtype=bool)
    counted[claims] = ~difficult[best[claims]]
    return correct, counted


def precision_recall(correct: NDArray, scores: NDArray, total: int) -> Curve:
    """The curve of detections of which `correct` [n] says who is right, the best-scored one first; `total` objects."""
    hits = np.cumsum(correct)
    return Curve(hits / np.arange(1, len(hits) + 1), hits / max(total, 1), scores)


def average_precision(precision: NDArray, recall: NDArray, method: Method) -> float:
    """One number for a curve: `precision` and `recall` [n] after each detection; `recall` never falls."""
    envelope = np.maximum.accumulate(precision[::-1])[::-1]  # the best precision at this recall or higher
    if method == "all-point":
        return float(np.sum(np.diff(recall, prepend=0.0) * envelope))
    # Divided, not multiplied: in floats 3 * 0.1 > 3 / 10, and a recall of 3 objects in 10 would fall short.
    levels = np.arange(11) / 10
    return float(np.append(envelope, 0.0)[np.searchsorted(recall, levels)].mean())


def most_overlapped(found: Table, objects: Table, plus_one: bool) -> tuple[NDArray, NDArray]:
    """For each detection the row of the object of its image and class with the highest IoU, and that IoU.

    Returns int64 [N] and float64 [N], -1 and 0 where there is no such object. Only pairs that can meet are
    compared, all at once.
    """
    span = 1 + max(found["labels"].max(initial=0), objects["labels"].max(initial=0))
    place, object_place = (table["image"] * span + table["labels"] for table in (found, objects))
    by_place = np.argsort(object_place, kind="stable")
    start = np.searchsorted(object_place, place, side="left", sorter=by_place)
    count = np.searchsorted(object_place, place, side="right", sorter=by_place) - start

    detection = np.repeat(np.arange(len(place)), count)  # one row for each pair, grouped by detection
    first_pair = np.cumsum(count) - count
    rank = np.arange(len(detection)) - np.repeat(first_pair, count)
    candidate = by_place[np.repeat(start, count) + rank]
    iou = paired_iou(found["boxes"][detection], objects["boxes"][candidate], plus_one)

    top_first = np.lexsort((-iou, detection))  # stable, so of equal IoUs the object listed first
    some = count > 0
    winner = top_first[first_pair[some]]
    best, best_iou = np.full(len(place), -1), np.zeros(len(place))
    best[some], best_iou[some] = candidate[winner], iou[winner]
    return best, best_iou


def paired_iou(a: NDArray, b: NDArray, plus_one: bool) -> NDArray:
    """IoU of a[i] with b[i], both [N, 4] xyxy; 0 where they do not overlap, so reversed boxes do no harm."""
    corner = np.array([0, 0, 1, 1]) * plus_one
    a, b = a + corner, b + corner
    size = np.clip(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0, None)
    shared = size.prod(axis=1)
    union = (a[:, 2:] - a[:, :2]).prod(axis=1) + (b[:, 2:] - b[:, :2]).prod(axis=1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=shared > 0)

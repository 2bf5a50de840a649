"""How far AP50 would move with other pictures: the same detections, judged on samples of the pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsod_lite.evaluation.tables import gather
from dsod_lite.evaluation.voc import average_precision, judge, most_overlapped

TIMES = 200
DIGITS = 5


def resampled_ap50(
    detections: Sequence[Mapping[str, Any]],
    targets: Sequence[Mapping[str, Any]],
    num_classes: int,
    times: int = TIMES,
    seed: int = 0,
) -> list[float]:
    """AP50 (all-point, the mean over the classes) on samples of the pictures, each as many, drawn with repetition.

    Which pictures a sample has depends on their number and `seed` alone. So entry i of two detectors' lists is of the
    same pictures, and their difference is paired.

    Args:
        detections: of all pictures, as for `evaluate_voc`.
        targets: likewise; none difficult.
        num_classes: with the background.
        times: how many samples.
        seed: fixes them.
    """
    found, objects = gather(detections, targets, {"difficult": 0.0}, num_classes)
    best, iou = most_overlapped(found, objects, plus_one=False)
    order = np.argsort(-found["scores"], kind="stable")
    correct, counted = judge(best[order], iou[order] >= 0.5, objects["difficult"] != 0)
    labels, images = found["labels"][order], found["image"][order].astype(int)
    classes = []
    for label in range(1, num_classes):
        rows = counted & (labels == label)
        of_objects = objects["image"][(objects["labels"] == label) & (objects["difficult"] == 0)].astype(int)
        classes.append((correct[rows], images[rows], of_objects))
    generator = np.random.default_rng(seed)
    return [
        round(mean_ap(classes, np.bincount(drawn, minlength=len(targets))), DIGITS)
        for drawn in generator.integers(len(targets), size=(times, len(targets)))
    ]


def mean_ap(classes: Sequence[tuple[NDArray, NDArray, NDArray]], copies: NDArray) -> float:
    """The mean AP where picture i is there `copies[i]` times.

    Args:
        classes: for each, its counted detections from the highest score down: which are correct [n], and of which
            picture [n]; and of which picture each of its objects is [m].
        copies: [pictures].
    """
    found = []
    for correct, images, of_objects in classes:
        if total := copies[of_objects].sum():
            weight = copies[images]
            hits, seen = np.cumsum(weight * correct), np.cumsum(weight)
            found.append(average_precision(hits / np.maximum(seen, 1), hits / total, "all-point"))
    return float(np.mean(found)) if found else 0.0

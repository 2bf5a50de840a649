"""From which score on is a detection worth showing?"""

import numpy as np

from .tables import Records, gather
from .voc import judge, most_overlapped


def best_threshold(detections: Records, targets: Records, iou_threshold: float = 0.5) -> float | None:
    """The score with the best F1: twice the right ones over those shown and those that are there, all classes together.

    Args:
        detections: dicts with `boxes` [N, 4] xyxy in pixels, `labels` and `scores` [N], one for each picture.
        targets: dicts with `boxes`, `labels` and perhaps `difficult`. Who is right is VOC's rule, see `evaluate_voc`.
        iou_threshold: what a detection has to overlap its object by.

    Returns:
        The lowest score that is shown, rounded down to four digits; None if no detection is right. A threshold shows
        all or none of those that are equal in these digits.

    Raises ValueError as `evaluate_voc` does.
    """
    found, objects = gather(detections, targets, {"difficult": 0.0}, None)
    difficult = objects["difficult"] != 0
    order = np.argsort(-found["scores"], kind="stable")
    best, iou = most_overlapped(found, objects, plus_one=False)
    correct, counted = judge(best[order], iou[order] >= iou_threshold, difficult)
    scores, hits = np.floor(found["scores"][order][counted] * 1e4) / 1e4, np.cumsum(correct[counted])
    f1 = 2 * hits / (np.arange(1, len(hits) + 1) + max(1, int((~difficult).sum())))
    f1[:-1][scores[:-1] == scores[1:]] = 0  # of equal scores none is shown without the others
    if not len(f1) or f1.max() == 0:
        return None
    return float(scores[len(f1) - 1 - int(np.argmax(f1[::-1]))])  # of equal F1 the lowest score

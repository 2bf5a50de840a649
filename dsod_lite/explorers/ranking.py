"""All detections of a class, best first: which are right, and which are of one picture."""

from typing import Any

import numpy as np

from ..evaluation.tables import Records, gather
from ..evaluation.voc import judge, most_overlapped


def rankings(detections: Records, targets: Records, number: int, num_classes: int) -> list[dict[str, Any]]:
    """What `evaluate_voc` takes its curves from, class by class, at an IoU of 0.5.

    Args:
        detections, targets, num_classes: as `evaluate_voc` wants them.
        number: of the picture whose detections are pointed out.

    Returns:
        For each label from 1 up {"verdicts", "own", "total"}: a letter for each detection, best first, "t" for a true
        positive, "f" for a false one, "d" for one that is not counted; [rank, score] of the picture's detections; and
        how many objects count.
    """
    found, objects = gather(detections, targets, {"difficult": 0.0}, num_classes)
    best, iou = most_overlapped(found, objects, plus_one=False)
    difficult = objects["difficult"] != 0
    order = np.lexsort((-found["scores"], found["labels"]))
    correct, counted = judge(best[order], iou[order] >= 0.5, difficult)
    letters = np.where(counted, np.where(correct, "t", "f"), "d")
    found = {field: values[order] for field, values in found.items()}
    classes = []
    for label in range(1, num_classes):
        rows = np.flatnonzero(found["labels"] == label)
        ranks = np.flatnonzero(found["image"][rows] == number)
        classes.append(
            {
                "verdicts": "".join(letters[rows]),
                "own": [[int(rank), float(found["scores"][rows][rank])] for rank in ranks],
                "total": int(np.sum((objects["labels"] == label) & ~difficult)),
            }
        )
    return classes

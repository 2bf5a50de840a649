"""Checks of the chapter on average precision."""

from typing import Any

import torch

from ...evaluation.coco import evaluate_coco
from ...evaluation.voc import evaluate_voc
from ..judging import Function, NotYet, call
from ..values import Number, Values

exercise_1 = Values(
    swapped_ap=Number(
        13 / 15,
        "Now the order is: right, right, wrong, wrong, right.",
        [
            (11 / 15, "That is the AP before the two trade places."),
            (2 / 3, "The third object is found as well, though late: it adds a third of the recall, less precisely."),
            (3 / 5, "That is the precision at the end. The area is larger, for it is 1 up to a recall of 2/3."),
        ],
    )
)


def exercise_3(disagreement: Function) -> None:
    tried = "disagreement()"
    answer = call(disagreement, tried=tried)
    try:
        objects, boxes, scores = (torch.as_tensor(part, dtype=torch.float32) for part in answer)
    except (TypeError, ValueError) as error:
        raise NotYet(got=answer, expected="objects, boxes and scores: three lists", tried=tried) from error
    if objects.shape != (2, 4) or boxes.shape != (2, 4) or scores.shape != (2,):
        shapes = [list(part.shape) for part in (objects, boxes, scores)]
        raise NotYet(got=f"shapes {shapes}", expected="shapes [[2, 4], [2, 4], [2]]", tried=tried)
    ones = torch.ones(2, dtype=torch.int64)
    targets: list[dict[str, Any]] = [{"boxes": objects, "labels": ones}]
    found: list[dict[str, Any]] = [{"boxes": boxes, "labels": ones, "scores": scores}]
    voc = evaluate_voc(found, targets, 2, method="all-point").ap[1]
    coco = evaluate_coco(found, targets)["AP50"]
    if coco < 1 - 1e-6 or voc > 1 - 1e-6:
        raise NotYet(
            got=f"AP50 by COCO {coco:.3f}, by VOC {voc:.3f}",
            expected="1 by COCO, and less by VOC",
            tried=tried,
            hint="Both detections overlap the first object most, and one of them the second object by 0.5, too.",
        )

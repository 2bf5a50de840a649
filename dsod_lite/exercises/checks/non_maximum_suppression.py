"""Checks of the chapter on the way from scores to detections."""

from typing import Any

import torch
from torch import Tensor
from torchvision.ops import box_iou

from ..judging import Function, call, equal
from ..values import Letters, Values

ROW = torch.tensor([[0.0, 0, 10, 10], [1, 0, 11, 10], [4, 0, 14, 10], [30, 0, 40, 10]])
ROW_SCORES = torch.tensor([0.9, 0.8, 0.7, 0.6])


TRIED = "the boxes kept with a threshold of "
WHO = "A speaks first. Who overlaps it by more than the threshold?"
SLIPS = [
    ("ACD", "C overlaps A by 6 of 14, which is 0.43: more than 0.4."),
    ("ABD", "B overlaps A by 9 of 11."),
    ("A", "D is far away from all others."),
    ("AD", "Only those that overlap a kept one by *more* than the threshold are silenced."),
]

exercise_1 = Values(
    kept_at_04=Letters("AD", TRIED + "0.4", WHO, SLIPS), kept_at_09=Letters("ABCD", TRIED + "0.9", WHO, SLIPS)
)


def softened(boxes: Tensor, scores: Tensor, sigma: float) -> Tensor:
    """Each box's score when its turn comes, [N]."""
    iou, scores, final = box_iou(boxes, boxes), scores.clone(), scores.clone()
    waiting = set(range(len(boxes)))
    while waiting:
        best = max(waiting, key=lambda i: scores[i].item())
        waiting.remove(best)
        final[best] = scores[best]
        for other in waiting:
            scores[other] *= torch.exp(-(iou[best, other] ** 2) / sigma)
    return final


def exercise_4(soften: Function) -> None:
    cases: dict[str, tuple[Any, ...]] = {"the chapter's four boxes": (ROW, ROW_SCORES)}
    rng = torch.Generator().manual_seed(3)
    points = torch.rand(8, 2, 2, generator=rng) * 20
    boxes = torch.cat([points.amin(dim=1), points.amax(dim=1)], dim=1)
    cases["eight random boxes"] = (boxes, torch.rand(8, generator=rng))
    for name, (box, score) in cases.items():
        for sigma in (0.5, 0.1):
            tried = f"soften(boxes, scores, {sigma}) with {name}"
            right = softened(box, score, sigma)
            once = score * torch.exp(-(box_iou(box, box).fill_diagonal_(0).amax(dim=0) ** 2) / sigma)
            slips = [
                (score, "These are the old scores."),
                (once, "Every better box that speaks multiplies, not only the one that overlaps most."),
                (right.sort(descending=True).values, "Each box's score should be in its old place, not sorted."),
            ]
            hint = "The best of those left speaks; the others' scores are multiplied by exp(-IoU² / σ); then anew."
            equal(call(soften, box, score, sigma, tried=tried), right, tried, hint, slips)

"""Matching and mining: what SSD and DSOD chose for their loss, changed one choice at a time.

SSD gives each object a prior of its own, adds all priors with an IoU of 0.5, and keeps three negatives for each
positive, for a faster and more stable training (SSD, section 2.2). DSOD takes all of it over without a table. Later
work sums a focal loss over all priors instead of mining negatives. And DSOD's centres follow the authors' steps,
which leave the picture at its right and lower edge, where the map's own spacing would not.

Each variant differs from `base` in what its name says. `base` is `dsod_tiny` at 96×96, which asks for an IoU of 0.4,
and has no negatives in a picture without objects, as the authors'. The two about centres are compared with each other
alone: at 150×150 the five maps have 19, 10, 5, 3 and 2 cells a side, as the authors' last five at 300, and the
official steps are theirs, 16, 32, 64, 100 and 300, divided by two. So as many priors as theirs are centred outside,
126.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dsod_lite import DSOD, dsod_tiny
from dsod_lite.detector.loss import matched_targets, mine_hard_negatives, pad_objects
from dsod_lite.detector.matching import match

from ..parts.common import SIDE, TEST_SEED, learn_shapes, shapes, train_and_judge

EPOCHS = 3
MEASURE = "AP50"

VARIANTS: dict[str, dict[str, Any]] = {
    "base": {},
    "unforced": {"forced": False},
    "threshold_0.3": {"match_threshold": 0.3},
    "threshold_0.5": {"match_threshold": 0.5},
    "threshold_0.6": {"match_threshold": 0.6},
    "unforced_0.5": {"match_threshold": 0.5, "forced": False},
    "negatives_1": {"negatives_per_positive": 1.0},
    "negatives_7": {"negatives_per_positive": 7.0},
    "focal": {"focal": True},
    "centres_map": {"steps": None},
    "centres_official": {"steps": (8.0, 16.0, 32.0, 50.0, 150.0)},
}

FOCUS, BALANCE, FIRST_SCORE = 2.0, 0.25, 0.01
"""Focal loss: its γ, its α, and the score that all objects together have before training (Lin et al. 2017)."""


class OtherLoss(nn.Module):
    """`MultiBoxLoss`, but objects may be left without a prior, and the classification may be a focal loss.

    Arguments and results of `forward` are those of `MultiBoxLoss`.
    """

    def __init__(self, threshold: float, forced: bool, focal: bool, negatives_per_positive: float) -> None:
        super().__init__()
        self.threshold, self.forced, self.focal = threshold, forced, focal
        self.negatives_per_positive = negatives_per_positive

    def match(self, iou: Tensor) -> Tensor:
        """[B, M, P] -> [B, P]: as `matching.match`, its first step left out if nothing is forced."""
        if self.forced:
            return match(iou, self.threshold)
        best_iou, matched = iou.max(dim=1)
        return matched.where(best_iou >= self.threshold, -1)

    def forward(
        self, offsets: Tensor, logits: Tensor, priors: Tensor, boxes: Sequence[Tensor], labels: Sequence[Tensor]
    ) -> dict[str, Tensor]:
        padded_boxes, padded_labels, iou = pad_objects(boxes, labels, priors)
        matched = self.match(iou)
        positive = matched >= 0
        target_labels, target_offsets = matched_targets(matched, padded_boxes, padded_labels, priors)
        regression = F.smooth_l1_loss(offsets, target_offsets, reduction="none").sum(dim=2)[positive].sum()
        each = F.cross_entropy(logits.transpose(1, 2), target_labels, reduction="none")  # [B, P]
        if self.focal:
            balance = torch.where(positive, BALANCE, 1 - BALANCE)
            classification = (balance * (1 - (-each).exp()) ** FOCUS * each).sum()
        else:
            counted = positive | mine_hard_negatives(each, positive, self.negatives_per_positive)
            classification = each[counted].sum()
        count = positive.sum().clamp(min=1)
        return {"bbox_regression": regression / count, "classification": classification / count}


def expect_background(model: DSOD) -> None:
    """Before training every prior says background, but for `FIRST_SCORE`: else the focal loss's sum drowns in it."""
    classes = model.config.num_classes
    bias = torch.zeros(classes)
    bias[0] = torch.tensor((classes - 1) * (1 - FIRST_SCORE) / FIRST_SCORE).log()
    for conv, priors_per_cell in zip(model.network.head.logits, model.config.priors.per_cell, strict=True):
        norm = conv[1]  # type: ignore[index]
        norm.bias.data.copy_(bias.repeat(priors_per_cell))


def with_steps(steps: tuple[float, ...] | None) -> DSOD:
    """`dsod_tiny` at 150×150, its priors so many pixels apart; None: as the maps' cells are."""
    priors = replace(dsod_tiny(image_size=150).config.priors, steps=steps)
    return dsod_tiny(image_size=150, priors=priors, min_negatives=0)


def build(
    forced: bool = True, focal: bool = False, negatives_per_positive: float = 3.0, match_threshold: float = 0.4
) -> DSOD:
    """`dsod_tiny` at 96×96 with another loss."""
    fields: dict[str, Any] = {"match_threshold": match_threshold, "negatives_per_positive": negatives_per_positive}
    model = dsod_tiny(image_size=SIDE, min_negatives=0, **fields)
    model.loss = OtherLoss(match_threshold, forced, focal, negatives_per_positive)  # type: ignore[assignment]
    if focal:
        expect_background(model)
    return model


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One set of choices, trained and judged."""
    fields = VARIANTS[variant]
    if "steps" not in fields:
        return learn_shapes(build(**fields), seed, epochs)
    model, train_set, test_set = with_steps(**fields), shapes(2000, image_size=150), shapes(400, TEST_SEED, 150)
    return train_and_judge(model, train_set, test_set, seed, epochs, learning_rate=0.03)

"""Checks of the chapter on overfitting one picture."""

import math

import torch

from ...detector.boxes import encode
from ..judging import Function, call, equal
from ..values import Number, Values


def first_loss(classes: int) -> Number:
    """Of so many classes, without the background."""
    return Number(
        4 * math.log(classes + 1),
        "4 ln C, and C counts the background.",
        [
            (4 * math.log(classes), "The background is a class, too."),
            (math.log(classes + 1), "Each positive brings three negatives along."),
            (3 * math.log(classes + 1), "Three negatives and the positive itself."),
        ],
    )


exercise_1 = Values(voc=first_loss(20), coco=first_loss(80))


def exercise_5(width_offset: Function) -> None:
    for width, side in ((12.8, 12.8), (6.4, 12.8), (25.6, 12.8), (0.1, 12.8), (20.0, 30.0)):
        prior = torch.tensor([0.5, 0.5, side, side])
        box = torch.tensor([0.5 - width / 2, 0.0, 0.5 + width / 2, 1.0])
        right = encode(box, prior)[2].item()
        slips = [
            (math.log(width / side), "Divided by the variance: 0.2 for sizes."),
            (math.log(side / width) / 0.2, "The box's width over the prior's, not the other way round."),
            ((width - side) / side / 0.2, "It is the logarithm of the ratio, not their difference."),
            (math.log(width / side) / 0.1, "0.1 is for centres; sizes have 0.2."),
        ]
        tried = f"width_offset({width:g}, {side:g}), the width and the prior's width in pixels, against `encode`"
        hint = "ln(w / w_prior), divided by the variance of sizes."
        equal(call(width_offset, width, side, tried=tried), right, tried, hint, slips, atol=1e-2)

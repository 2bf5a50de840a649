"""Checks of the chapter on overfitting one picture."""

import math

import torch

from ...detector.boxes import encode
from ..judging import Function, call, equal, number


def exercise_1(voc: float, coco: float) -> None:
    for got, classes in ((voc, 20), (coco, 80)):
        slips = [
            (4 * math.log(classes), "The background is a class, too."),
            (math.log(classes + 1), "Each positive brings three negatives along."),
            (3 * math.log(classes + 1), "Three negatives and the positive itself."),
        ]
        number(got, 4 * math.log(classes + 1), "4 ln C, and C counts the background.", slips)


def exercise_5(width_offset: Function) -> None:
    prior = torch.tensor([0.5, 0.5, 12.8, 12.8])
    for width in (12.8, 6.4, 25.6, 0.1):
        box = torch.tensor([0.5 - width / 2, 0.0, 0.5 + width / 2, 1.0])
        right = encode(box, prior)[2].item()
        slips = [
            (math.log(width / 12.8), "Divided by the variance: 0.2 for sizes."),
            (math.log(12.8 / width) / 0.2, "The box's width over the prior's, not the other way round."),
            ((width - 12.8) / 12.8 / 0.2, "It is the logarithm of the ratio, not their difference."),
            (math.log(width / 12.8) / 0.1, "0.1 is for centres; sizes have 0.2."),
        ]
        tried = f"width_offset({width:g}, 12.8), the width and the prior's width in pixels, against `encode`"
        hint = "ln(w / w_prior), divided by the variance of sizes."
        equal(call(width_offset, width, 12.8, tried=tried), right, tried, hint, slips, atol=1e-2)

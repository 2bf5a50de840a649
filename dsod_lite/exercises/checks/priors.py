"""Checks of the chapter on prior boxes."""

import torch
from torchvision.ops import box_iou

from ..judging import Function, call, equal
from ..values import Number, Values

CELLS = [(64 // 2**i) ** 2 for i in range(7)]
PRIORS_512 = sum(n * m for n, m in zip(CELLS, (4, 6, 6, 6, 6, 4, 4), strict=True))

exercise_1 = Values(
    priors_512=Number(
        PRIORS_512,
        "The maps have 64, 32, 16, 8, 4, 2 and 1 cells a side: 64² · 4 + 32² · 6 + …",
        [
            (PRIORS_512 - 4, "The last map has one cell, and that has four priors, too."),
            (sum(CELLS), "That is how many cells there are. Each has 4 or 6 priors."),
            (6 * sum(CELLS), "The first map and the last two have 4 priors in a cell, not 6."),
        ],
    )
)


def exercise_4(worst_iou: Function) -> None:
    for size, step in ((10.0, 0.0), (12.8, 8.0), (30.0, 8.0), (8.0, 16.0), (20.0, 16.0), (4.0, 16.0)):
        prior = torch.tensor([[0.0, 0.0, size, size]])
        right = box_iou(prior, prior + step / 2).item()
        tried = f"worst_iou({size:g}, {step:g}) against torchvision's box_iou"
        shared = max(0.0, 1 - step / (2 * size)) ** 2
        slips = [
            (shared, "That is the share of one square that both cover. The IoU divides by what they take up together."),
            (
                max(0.0, 1 - step / (2 * size)) / (1 + step / (2 * size)),
                "It is off in both directions: square the share.",
            ),
        ]
        if step >= 2 * size:
            slips = []
        hint = (
            "The object is off by half a step in x and in y, so they share (size - step / 2)², if that is not below 0."
        )
        equal(call(worst_iou, size, step, tried=tried), right, tried, hint, slips)

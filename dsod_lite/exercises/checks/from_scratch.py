"""Checks of the chapter on training from scratch."""

import math

from ..judging import Function, call, equal
from ..values import Number, Values

exercise_1 = Values(
    share=Number(
        math.acos(-0.8) / math.pi,
        "Solve (1 + cos πs) / 2 = 1/10 for s.",
        [
            (0.9, "That would be a straight line. The cosine keeps the rate high for long."),
            (math.acos(0.1) / math.pi, "The course is (1 + cos πs) / 2, not the cosine itself."),
            (math.acos(-0.8), "In shares of the run: divide by π."),
            (math.degrees(math.acos(-0.8)), "In shares of the run, and the angle there is in radians."),
            (0.2, "That is the authors' first drop."),
        ],
    )
)


def exercise_2(batches_to_forget: Function) -> None:
    for momentum in (0.001, 0.1, 0.5):
        weight, right = 1.0, 0
        while weight >= 0.01:
            weight, right = weight * (1 - momentum), right + 1
        slips = [
            (right - 1, "One batch short: there it is still 1/100 or more."),
            (math.ceil(math.log(0.01) / math.log(momentum)), "The beginning keeps 1 - m of its weight, not m."),
        ]
        tried = f"batches_to_forget({momentum:g}), against multiplying until it is below 1/100"
        hint = "After n batches the beginning has the weight (1 - m)ⁿ. Which is the first n where that is below 1/100?"
        equal(call(batches_to_forget, momentum, tried=tried), right, tried, hint, slips)

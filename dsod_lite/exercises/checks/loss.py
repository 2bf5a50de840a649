"""Checks of the chapter on the multibox loss."""

import math

from ..judging import Function, call, equal
from ..values import Number, Values

exercise_1 = Values(
    loss_on_paper=Number(
        math.log(200),
        "-ln 1/4, and -ln of the two smallest of the four.",
        [
            (math.log(10 / 9) + math.log(2) + math.log(4), "Hard negatives are those with the *least* background."),
            (math.log(4), "The two hardest negatives count as well."),
            (math.log(50), "The positive counts as well, with -ln 1/4."),
            (math.log(200) / 3, "The sum is divided by the number of positives, not by all that count."),
            (math.log(400), "Two negatives for each positive, not three."),
            (
                math.log(4) + math.log(2) + math.log(5) + math.log(10) + math.log(10 / 9),
                "Two of the four, not all of them.",
            ),
            (-math.log(200), "The logarithm of a probability is negative, and the loss is minus that."),
        ],
        1e-4,
    )
)


def exercise_2(first_loss: Function) -> None:
    for classes, ratio in ((7, 3), (21, 3), (2, 1)):
        tried = f"first_loss({classes}, {ratio})"
        slips = [
            (math.log(classes), "Each positive brings its negatives along: they are as unsure as it is."),
            (ratio * math.log(classes), "The positive itself counts, too."),
            ((1 + ratio) * math.log(classes - 1), "The number of classes counts the background already."),
            ((1 + ratio) * math.log(classes + 1), "The number of classes counts the background already."),
        ]
        hint = "-ln(1 / classes) for each positive, and as much for each of its negatives."
        equal(call(first_loss, classes, ratio, tried=tried), (1 + ratio) * math.log(classes), tried, hint, slips)


def after_a_step(error: float, apart: float) -> float:
    """The loss of a prior whose offset is off by `error`, and whose logits are `apart`."""
    return error**2 / 2 + math.log(1 + math.exp(-apart))


exercise_5 = Values(
    loss_after_a_step=Number(
        after_a_step(0.3, 0.4),
        "Each weight moves by 0.4 times its gradient: the error of the offset, probability minus answer of a logit.",
        [
            (after_a_step(0.5, 0), "That is the loss before the step."),
            (after_a_step(0.7, -0.4), "Down the gradient, not up."),
            (after_a_step(0.3, 0.2), "Both logits move: background's goes down as far as the object's goes up."),
            (after_a_step(0.3, 0), "The logits move, too."),
            (after_a_step(0.5, 0.4), "The offset moves, too."),
            (after_a_step(0, 0.4), "The class's part is right. What is the offset's error after the step?"),
            (after_a_step(0.3, 0.4) + 0.3**2 / 2, "Smooth L1 is *half* of the square."),
            (after_a_step(0.1, 0.8), "The gradient is the error itself, 1/2, and the logits' are 1/2 and -1/2."),
            (0.3**2 / 2, "The class counts as well as the offset."),
        ],
        1e-4,
    )
)

"""Checks of the chapter on principle 4."""

from ..judging import Function, call, equal
from ..values import Number, Values

ONE, THREE = 2 * 512 + 512 * 128, 2 * 128 + 9 * 128 * 128

exercise_1 = Values(
    step_parameters=Number(
        2 * ONE + THREE,
        "Two 1×1 from 512 to 128, one 3×3 from 128 to 128, a BatchNorm each.",
        [
            (ONE + THREE, "The half that is taken over has a 1×1 convolution, too, behind its pooling."),
            (
                2 * 512 * 128 + 9 * 128 * 128,
                "The convolutions are right. Each has a BatchNorm over what it reads besides.",
            ),
            (2 * ONE + 9 * 128 * 256, "The 3×3 convolution reads what the 1×1 before it made: 128 channels."),
        ],
    )
)


def exercise_2(weights_of_step: Function) -> None:
    for channels, share in ((64, 0.5), (64, 0.0), (64, 1.0), (8, 0.25)):
        old, new = channels * share, channels * (1 - share)
        right = channels * old + channels * new + 9 * new * new
        slips = [
            (channels * old + 9 * channels * new, "The learned half has a 1×1 before its 3×3."),
            (channels * new + 9 * new * new, "The half that is taken over has a 1×1 of its own."),
            (channels * old + channels * new + 9 * channels * new, "The 3×3 reads (1 - r) c channels, not c."),
        ]
        tried = f"weights_of_step({channels}, {share:g})"
        hint = "A 1×1 from c to r c; a 1×1 from c to (1 - r) c; a 3×3 from there to (1 - r) c."
        equal(call(weights_of_step, channels, share, tried=tried), right, tried, hint, slips)

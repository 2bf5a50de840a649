"""Checks of the chapter on DSOD300 on VOC and COCO."""

from ..judging import Function, call, equal
from ..values import Number, Values

exercise_1 = Values(
    an_epoch=Number(
        21_503 // 128,
        "21,503 pictures in batches of 128, whole ones.",
        [
            (168.0, "The last batch would not be full, and it is left out: whole batches only."),
            (21_503 / 128, "Whole batches only: the rest of the pictures waits for the next epoch's order."),
        ],
    ),
    in_all=Number(
        599 * (21_503 // 128),
        "599 times an epoch's steps.",
        [(599 * 21_503 // 128, "Each epoch has whole batches, so round before you multiply by 599.")],
    ),
)


def exercise_2(epochs_that_fit: Function) -> None:
    for hours, rate in ((10, 150), (24, 150), (1, 400), (1, 4)):
        right = int(hours * 3600 * rate / (16_551 // 128 * 128))
        tried = f"epochs_that_fit({hours}, {rate}), hours and pictures a second"
        slips = [
            (
                hours * 3600 * rate // 16_551 if hours * 3600 * rate // 16_551 != right else -1.0,
                "Whole batches of 128 only.",
            ),
            (hours * rate // 16_512, "An hour has 3,600 seconds."),
            (hours * 3600 * rate / (16_551 // 128 * 128), "Whole epochs: an epoch that was begun does not count."),
        ]
        hint = "An epoch is 129 batches of 128 pictures."
        equal(call(epochs_that_fit, hours, rate, tried=tried), right, tried, hint, slips, atol=1e-6)

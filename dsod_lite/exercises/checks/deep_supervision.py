"""Checks of the chapter on principle 2."""

from functools import cache

import torch

from ...detector.config import DSODConfig
from ...detector.model import DSOD
from ..judging import Function, call, equal
from ..values import Number, Values

exercise_1 = Values(
    channels_out=Number(
        128 + 30 * 16,
        "128, and 16 for each of the layers.",
        [
            (128 + 16 * 8, "That is one block. All four of them add their channels, and no transition takes any away."),
            (64 + 30 * 16, "Behind the stem there are 128 channels: twice A."),
            (30 * 16, "That is what the layers add. The channels behind the stem are still there, too."),
            (128 + 4 * 16, "Each *layer* adds 16 channels, not each block."),
        ],
    )
)


@cache
def channels_after_transition_2(name: str) -> int:
    with torch.device("meta"):
        return DSOD(DSODConfig.from_name(name)).network.transition2.out_channels


def exercise_2(channels_into_head: Function) -> None:
    for theta in (1.0, 0.5):
        right = channels_after_transition_2(f"DS/32-12-16-{theta:g}")
        tried = f"channels_into_head({theta:g})"
        slips = [
            (208, "Transition 2 keeps only half of them, too."),
            (
                int((64 + 14 * 16) * theta),
                "Transition 1 has halved the first 160 already, before block 2 adds its own.",
            ),
            (32 + 14 * 16, "Behind the stem there are twice A channels: 64."),
        ]
        hint = (
            "64 behind the stem; block 1 adds 6 · 16; a transition keeps θ of that; block 2 adds 8 · 16; and again θ."
        )
        equal(call(channels_into_head, theta, tried=tried), right, tried, hint, slips)

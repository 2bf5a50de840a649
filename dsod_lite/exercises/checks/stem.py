"""Checks of the chapter on principle 3."""

from ...detector.blocks import Stem
from ..judging import Function, call, equal

DSOD_STEM = ((3, 2, 1), (3, 1, 1), (3, 1, 1), (2, 2, 0))
DENSENET_STEM = ((7, 2, 3), (3, 2, 1))


def exercise_1(stem_parameters: Function) -> None:
    for a in (16, 32, 64, 5):
        right = sum(p.numel() for p in Stem(a).parameters())
        slips = [
            (27 * a * a + 27 * a, "The convolutions are right. Each BatchNorm has two parameters a channel besides."),
            (27 * a * a + 31 * a, "The last BatchNorm has 2a channels."),
            (18 * a * a + 35 * a, "The third convolution reads a channels and makes 2a."),
        ]
        tried = f"stem_parameters({a})"
        hint = "Three 3×3 convolutions, 3 → a → a → 2a, without biases, and a BatchNorm behind each."
        equal(call(stem_parameters, a, tried=tried), right, tried, hint, slips)


def exercise_2(centre_of_reach: Function) -> None:
    cases = {
        "one 3×3 convolution": (((3, 1, 1),), 0.5),
        "DSOD's stem": (DSOD_STEM, 1.5),
        "DenseNet's stem": (DENSENET_STEM, 0.5),
        "one pooling of 2×2": (((2, 2, 0),), 1.0),
    }
    for name, (layers, right) in cases.items():
        tried = f"centre_of_reach({list(layers)}), {name}"
        hint = "A padding of p puts the first pixel back by p cells of that depth; a kernel of k adds k - 1 such cells."
        slips = [(right - 0.5, "Pixel i reaches from i to i + 1, so 13 pixels from -5 on are centred at -5 + 6.5.")]
        equal(call(centre_of_reach, list(layers), tried=tried), right, tried, hint, slips)

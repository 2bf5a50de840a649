"""Checks of the chapter on the ladder of design choices."""

import math

import torch

from ...detector.config import DSODConfig
from ...detector.model import DSOD
from ..judging import Function, call, equal
from ..values import Number, Values


def rung(name: str) -> int:
    """Learnable parameters of a rung without the stem block and without dense prediction."""
    with torch.device("meta"):
        network = DSOD(DSODConfig.from_name(name, stem="densenet", prediction="plain")).network
    return sum(p.numel() for p in network.parameters())


FIFTH, SIXTH = rung("DS/64-64-16-1"), rung("DS/64-192-48-1")

exercise_1 = Values(
    growth_factor=Number(
        round(SIXTH / FIFTH, 1),
        "Count both rungs: `prices` has them, from 0.",
        [
            (round(FIFTH / SIXTH, 1), "Rung 6 over rung 5, not the other way round."),
            (3.0, "That is the factor of the growth rate. What becomes of the parameters?"),
            (SIXTH / FIFTH, "To one decimal."),
        ],
    )
)


def chance_of_loss(gain: float, error: float, runs: int) -> float:
    """How often the mean of the better network's runs is below that of the other's."""
    return 0.5 * math.erfc(gain / (error * math.sqrt(2 / runs)) / math.sqrt(2))


def exercise_4(runs_needed: Function) -> None:
    for gain, error in ((0.4, 0.5), (1.0, 0.5), (0.4, 1.0), (3.0, 0.5)):
        right = next(n for n in range(1, 1000) if chance_of_loss(gain, error, n) < 0.05)
        alone = next(n for n in range(1, 1000) if chance_of_loss(gain, error / math.sqrt(2), n) < 0.05)
        slips = [(right - 1, "One run short."), (right + 1, "One run fewer would do.")]
        if alone < right:
            slips.insert(0, (alone, "Both networks have an error: that of the difference is √2 times as large."))
        tried = f"runs_needed({gain:g}, {error:g}), the gain and the error of one run"
        hint = "The difference of two means of n runs has the error σ √(2 / n). How often is a sample of it below 0?"
        equal(call(runs_needed, gain, error, tried=tried), right, tried, hint, slips)

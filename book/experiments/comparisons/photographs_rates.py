"""The learning rate of each detector of photographs, chosen on validation pictures by one rule. See PLAN.md.

The rule asks for fewer trials than `list` names as missing. A run of 375 steps for each, with a seed that no other run
has, judged on `val`.
"""

from typing import Any

from ..parts.headline import unfinished
from ..parts.photographs import ARMS, learn
from ..parts.search import GRID, named

EPOCHS = 3
SEEDS = 1
FIRST_SEED = 100
MEASURE = "AP50"

SEARCHED = tuple(name for name, (_, arm) in ARMS.items() if arm.searched_as is None)
VARIANTS: dict[str, tuple[str, float]] = {named(arm, rate): (arm, rate) for arm in SEARCHED for rate in GRID}


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One trial."""
    arm, rate = VARIANTS[variant]
    return learn(arm, rate, seed, epochs, "val", unfinished("photographs_rates", variant, seed, epochs))

"""The headline questions at 375 steps, the budget of the runs before the plan, with rates by one rule. See PLAN.md."""

from typing import Any

from ..parts import headline
from . import rates

EPOCHS = 3
SEEDS = 5
MEASURE = headline.MEASURE
VARIANTS: dict[str, headline.Arm] = headline.ARMS


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One arm, trained and judged."""
    return rates.run_chosen("headline_short", variant, seed, epochs)

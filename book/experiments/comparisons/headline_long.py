"""The headline questions at 3,750 steps, ten times the short budget: this one decides. See PLAN.md."""

from typing import Any

from ..parts import headline
from . import rates

EPOCHS = 30
SEEDS = 3
MEASURE = headline.MEASURE
VARIANTS: dict[str, headline.Arm] = headline.ARMS


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One arm, trained and judged."""
    return rates.run_chosen("headline_long", variant, seed, epochs)

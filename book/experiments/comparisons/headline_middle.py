"""The question of proposals and normalisation at 1,125 steps: between the short budget and the long. See PLAN.md."""

from typing import Any

from ..parts import headline
from . import proposal_free, rates

EPOCHS = 9
SEEDS = 3
MEASURE = headline.MEASURE
VARIANTS: dict[str, headline.Arm] = {name: headline.ARMS[name] for name in proposal_free.MODELS}


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One arm, trained and judged."""
    return rates.run_chosen("headline_middle", variant, seed, epochs)

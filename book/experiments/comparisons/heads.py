"""Three heads on one backbone: with priors, without them, and without suppression; 375 steps each. See PLAN.md.

DSOD's own head, FCOS's assignment and a one-to-one assignment, on `dsod_tiny`'s feature maps. All see the same drawn
pictures as often; each has the learning rate that `heads_rates` has chosen for it.
"""

from typing import Any

from ..parts.headline import FRESH_SEED
from . import heads_rates

EPOCHS = 3
MEASURE = "AP50"
VARIANTS = heads_rates.HEADS


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One head, trained and judged, with suppression and without."""
    return heads_rates.learn(variant, heads_rates.chosen(variant), seed, epochs, FRESH_SEED)

"""Three heads on one backbone: with priors, without them, and without suppression; 375 steps each. See PLAN.md.

DSOD's own head, FCOS's assignment and a one-to-one assignment, on `dsod_tiny`'s feature maps. All see the same drawn
pictures as often; each has the learning rate that `heads_rates` has chosen for it.
`python -m book.experiments.comparisons.heads` makes the search and the runs, as far as they are not recorded.
"""

from typing import Any

from ..machinery.runner import run_all
from ..parts.headline import FRESH_SEED
from ..parts.search import chosen, make_trials
from . import heads_rates

EPOCHS = 3
MEASURE = "AP50"
VARIANTS = heads_rates.HEADS


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One head, trained and judged, with suppression and without."""
    return heads_rates.learn(variant, chosen("heads_rates", variant), seed, epochs, FRESH_SEED)


def main() -> None:
    """Makes the trials that the rule asks for, to the end of each head's search, and then the runs."""
    make_trials("heads_rates", VARIANTS)
    run_all("heads")


if __name__ == "__main__":
    main()

"""One experiment on photographs for each principle, on blood cells and on playing cards; and pre-training. See PLAN.md.

All arms of a set see its pictures as often: 750 steps of 16. Each has the learning rate that `photographs_rates` has
chosen for it. `python -m book.experiments.comparisons.photographs` makes the search and the runs, as far as they are
not recorded.
"""

from typing import Any

from ..machinery.runner import run_all
from ..parts.headline import unfinished
from ..parts.photographs import ARMS, learn
from ..parts.search import chosen, make_trials
from . import classifier
from .photographs_rates import SEARCHED

EPOCHS = 6
MEASURE = "AP50"
VARIANTS = ARMS


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One detector, trained, and judged on test."""
    chosen_set, arm = ARMS[variant]
    searched = f"{chosen_set}_{arm.searched_as}" if arm.searched_as else variant
    rate = chosen("photographs_rates", searched)
    return learn(variant, rate, seed, epochs, "test", unfinished("photographs", variant, seed, epochs))


def main() -> None:
    """Makes the trials that the rule asks for, to the end of each search, and then the runs."""
    while trials := classifier.wanted():
        run_all("classifier", variants=trials)
    make_trials("photographs_rates", SEARCHED)
    run_all("photographs")


if __name__ == "__main__":
    main()

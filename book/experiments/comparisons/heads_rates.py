"""The learning rate of each of three heads, chosen on validation pictures by one rule. See PLAN.md.

The rule asks for fewer trials than `list` names as missing. A run of 250 steps for each, with a seed that no other run
has, judged on pictures that no detector is tested by.
"""

from collections.abc import Callable
from typing import Any

from dsod_lite import DSOD, dsod_tiny, predict

from ..machinery.resampling import resampled_ap50
from ..parts.common import SIDE, shapes, train_and_judge
from ..parts.headline import JUDGED, PICTURES, VALIDATION_SEED
from ..parts.heads import CellDetector, both_ways, many_cells, one_cell, with_threshold
from ..parts.search import GRID, named

EPOCHS = 2
SEEDS = 1
FIRST_SEED = 100
MEASURE = "AP50"

HEADS: dict[str, Callable[[], DSOD]] = {
    "priors": lambda: dsod_tiny(image_size=SIDE),
    "centres": lambda: CellDetector(dsod_tiny(image_size=SIDE).config, many_cells),
    "one_to_one": lambda: with_threshold(CellDetector(dsod_tiny(image_size=SIDE).config, one_cell), 1.0),
}
"""DSOD's own head, one without priors, and one without suppression."""


VARIANTS: dict[str, tuple[str, float]] = {named(head, rate): (head, rate) for head in HEADS for rate in GRID}


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One trial."""
    return learn(*VARIANTS[variant], seed, epochs, VALIDATION_SEED)


def learn(head: str, rate: float, seed: int, epochs: int, series: int) -> dict[str, Any]:
    """One head, trained, and judged with suppression and without; "AP50" is by its own way."""
    model = HEADS[head]()
    train_set, test_set = shapes(PICTURES, image_size=SIDE), shapes(JUDGED, series, SIDE)
    result = train_and_judge(model, train_set, test_set, seed, epochs, learning_rate=rate)
    result["resampled_ap50"] = resampled_ap50(*predict(model, test_set, progress=False), 1 + len(test_set.classes))
    return result | both_ways(model, test_set)

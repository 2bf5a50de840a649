"""The transition w/o pooling: a fourth dense block behind it, or the network's end at the third.

In the paper it is worth 1.7 points of mAP, from 59.9 to 61.6 (Table 2): a 1×1 that keeps the map's size lets one add
dense blocks without shrinking the map. But the fourth block also brings parameters. So there are four variants of
`dsod_tiny`: `three_blocks` without the transition and the fourth block, `four_blocks` with them, and two more of three
blocks with as many parameters as the four: `three_wider` by a larger growth rate, `three_deeper` by more layers.
"""

from typing import Any

from dsod_lite import dsod_tiny

from ..parts.common import SIDE, learn_shapes

EPOCHS = 3
SEEDS = 5
MEASURE = "AP50"

VARIANTS: dict[str, dict[str, Any]] = {  # parameters
    "three_blocks": {"transition_without_pooling": False},  # 510,620
    "three_wider": {"transition_without_pooling": False, "growth_rate": 24},  # 606,500
    "three_deeper": {"transition_without_pooling": False, "block_layers": (3, 4, 11, 4)},  # 611,644
    "four_blocks": {},  # 608,764
}


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One network, trained and judged."""
    return learn_shapes(dsod_tiny(image_size=SIDE, **VARIANTS[variant]), seed, epochs)

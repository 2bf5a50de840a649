"""BatchNorm's batch: how many pictures does it take to know the mean of a channel?

DSOD accumulates 128 pictures a step, but BatchNorm sees only the 4 of a card's pass at once. A later run of the
authors, with 12, gained 1.2 points of mAP, from 77.7 to 78.9 (their page). Here every step takes 32 pictures, and
BatchNorm sees 2, 4, 8 or all 32 of them. GroupNorm, in BatchNorm's places, needs no batch at all (Wu and He 2018).
Compared is AP50 of `dsod_tiny` without its fifth map, so that the coarsest has 2×2 cells, as the authors' has. In a map
of one cell BatchNorm would know a channel by as many values as it sees pictures, and at 2 all of them would be ±1.
"""

import math
from typing import Any

from torch import nn

from dsod_lite import DSOD, PriorConfig, dsod_tiny

from ..parts.common import SIDE, learn_shapes

EPOCHS = 3
MEASURE = "AP50"

BATCH = 32
VARIANTS: dict[str, int | None] = {"batch_2": 2, "batch_4": 4, "batch_8": 8, "batch_32": 32, "group_norm": None}
"""Pictures that BatchNorm sees at once; None: there is no BatchNorm."""


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One normalisation, trained and judged."""
    seen = VARIANTS[variant]
    model = four_maps()
    if seen is None:
        with_group_norm(model)
    # Detecting goes by running statistics. Whatever BatchNorm sees at once, they look back on about 1,000 pictures.
    fields = {} if seen is None else {"norm_batch_size": seen, "norm_average": 1 - seen / 1000}
    return learn_shapes(model, seed, epochs, batch_size=BATCH, **fields)


def four_maps() -> DSOD:
    """`dsod_tiny` without its coarsest map."""
    priors = dsod_tiny(image_size=SIDE).config.priors
    kept = PriorConfig(priors.min_sizes[:4], priors.max_sizes[:4], priors.aspect_ratios[:4])
    return dsod_tiny(image_size=SIDE, prediction_channels=(128, 128, 64), priors=kept)


def with_group_norm(module: nn.Module) -> None:
    """Puts GroupNorm in the place of every BatchNorm2d of a module, in groups of at most 8 by number of channels."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            groups = math.gcd(child.num_features, 8)
            setattr(module, name, nn.GroupNorm(groups, child.num_features, eps=child.eps))
        else:
            with_group_norm(child)

"""The ladder: eight networks from DenseNet-like to DSOD, each with one change more than the one below.

The paper climbs from 59.9 to 77.7 mAP on VOC 2007 (Tables 2 and 3, data/paper/ladder.csv). Here are the same eight,
scaled down together: all widths by four, the shorter blocks and the five maps of `dsod_tiny`, pictures of 96×96.
Compared are AP50 on drawn pictures, with the same data, steps and schedule, and the rungs' order with the paper's.
"""

from typing import Any

from dsod_lite import DSODConfig, dsod_tiny

from ..parts.common import SIDE, learn_shapes

EPOCHS = 3
MEASURE = "AP50"

BEFORE: dict[str, Any] = {"transition_without_pooling": False, "stem": "densenet", "prediction": "plain"}
"""What the first rung has in the place of DSOD's three parts."""

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "1_base": ("DS/8-3-4-0.5", BEFORE),
    "2_transition_without_pooling": ("DS/8-3-4-0.5", BEFORE | {"transition_without_pooling": True}),
    "3_compression_1": ("DS/8-3-4-1", BEFORE | {"transition_without_pooling": True}),
    "4_wide_bottleneck": ("DS/8-16-4-1", BEFORE | {"transition_without_pooling": True}),
    "5_wide_first_convolution": ("DS/16-16-4-1", BEFORE | {"transition_without_pooling": True}),
    "6_big_growth_rate": ("DS/16-48-12-1", BEFORE | {"transition_without_pooling": True}),
    "7_stem_block": ("DS/16-48-12-1", {"prediction": "plain"}),
    "8_dense_prediction": ("DS/16-48-12-1", {}),
}


def fields_of(variant: str) -> dict[str, Any]:
    """The fields of `DSODConfig` by which a rung differs from `dsod_tiny`."""
    name, fields = VARIANTS[variant]
    config = DSODConfig.from_name(name)
    widths = {field: getattr(config, field) for field in ("stem_channels", "bottleneck", "growth_rate", "compression")}
    return {**widths, **fields}


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One rung, trained and judged."""
    return learn_shapes(dsod_tiny(image_size=SIDE, **fields_of(variant)), seed, epochs)

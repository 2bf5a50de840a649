"""The stem: three 3×3 convolutions, or DenseNet's one 7×7, in front of the same network.

In the paper the stem block is worth 2.8 points of mAP, from 74.5 to 77.3, and the reason given is that DenseNet's 7×7
with stride 2 and the pooling after it lose what is small in a picture (section 4.1.2). Here `dsod_tiny` at 128×128 has
the one and the other, of nearly as many parameters. Compared are AP50 and the AP of small, medium and large objects:
the root of the box's area is below 1/6 of the picture's side, up to 1/2, or above.
"""

from typing import Any

from dsod_lite import dsod_tiny

from ..parts.common import TEST_SEED, shapes, train_and_judge

EPOCHS = 2
SEEDS = 5
MEASURE = "AP50"

VARIANTS: dict[str, dict[str, Any]] = {"densenet": {"stem": "densenet"}, "stem": {"stem": "stem"}}


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One stem, trained and judged."""
    model = dsod_tiny(image_size=128, **VARIANTS[variant])
    train_set, test_set = shapes(3000, image_size=128), shapes(400, TEST_SEED, 128)
    return train_and_judge(model, train_set, test_set, seed, epochs, learning_rate=0.03)

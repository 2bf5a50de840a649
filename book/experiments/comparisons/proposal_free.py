"""With or without proposals: what can be trained from random weights?

The paper trained Faster R-CNN and R-FCN from scratch with three backbones, and none converged, while SSD reached 69.6
mAP and DSOD 77.7 (section 4.1.2, Table 4). Its first principle blames the pooling of proposals. Later work (He et al.
2019) trained detectors with proposals from scratch, given normalisation throughout and more time.

Compared is AP50 of `dsod_tiny`, torchvision's SSD and torchvision's Faster R-CNN of about its size (see `rivals`):
without any normalisation, as detectors with VGG's backbone were, with it (`_norm`), and with three times the steps
(`_3x`). Otherwise all see the same pictures as often, and are judged alike.
"""

from collections.abc import Callable
from typing import Any

from torch import nn

from dsod_lite import dsod_tiny

from ..parts.common import SIDE, learn_shapes
from ..parts.rivals import small_faster_rcnn, small_ssd

EPOCHS = 3
MEASURE = "AP50"

MODELS: dict[str, Callable[[], nn.Module]] = {
    "dsod": lambda: dsod_tiny(image_size=SIDE),
    "ssd": lambda: small_ssd(7, SIDE, normalised=False),
    "ssd_norm": lambda: small_ssd(7, SIDE, normalised=True),
    "faster_rcnn": lambda: small_faster_rcnn(7, SIDE, normalised=False),
    "faster_rcnn_norm": lambda: small_faster_rcnn(7, SIDE, normalised=True),
}
RATES = {"dsod": 0.03, "ssd": 0.003, "ssd_norm": 0.015, "faster_rcnn": 0.01, "faster_rcnn_norm": 0.02}
"""Learning rates: DSOD's is the ladder's; the others are each the best of three, by one run of half the steps with
another seed, judged on other pictures."""
VARIANTS: dict[str, tuple[str, int]] = {
    **{name: (name, 1) for name in MODELS},
    "faster_rcnn_3x": ("faster_rcnn", 3),
    "faster_rcnn_norm_3x": ("faster_rcnn_norm", 3),
    "dsod_3x": ("dsod", 3),
}
"""Which model, and how many times the steps."""


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One detector, trained and judged."""
    name, times = VARIANTS[variant]
    return learn_shapes(MODELS[name](), seed, times * epochs, RATES[name])

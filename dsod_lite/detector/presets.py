"""The named models: the authors' and the book's, each a small difference from `DSODConfig`'s defaults."""

from collections.abc import Callable
from typing import Any

from .config import DSODConfig
from .model import DSOD
from .priors import PriorConfig


def dsod300(num_classes: int = 21, **fields: Any) -> DSOD:
    """DS/64-192-48-1 with dense prediction, the authors' detector: 77.7 mAP on VOC 2007 (paper, Table 4).

    For COCO's 81 classes take `priors=COCO300_PRIORS` too.
    """
    return DSOD(DSODConfig(num_classes=num_classes, **fields))


def dsod300_plain(num_classes: int = 21, **fields: Any) -> DSOD:
    """DS/64-192-48-1 with SSD's plain prediction: 77.3 mAP and 18.2M parameters (paper, Table 2).

    The paper does not fix the widths of its plain structure. Ours has 18.08M parameters with BatchNorm's statistics;
    see `PlainPrediction`.
    """
    return DSOD(DSODConfig(num_classes=num_classes, prediction="plain", **fields))


def dsod300_lite(num_classes: int = 21, **fields: Any) -> DSOD:
    """The authors' lite model: 76.7 mAP, 10.4M parameters, 25.8 pictures a second (paper, Table 4).

    Its structure was not published. DS/64-256-64-1 with blocks of 3, 4, 4 and 4 layers is inferred from its size
    alone: with BatchNorm's statistics it has 10.44M parameters, and the released file's 41.8 MB are 10.44M floats.
    """
    preset = {"bottleneck": 256, "growth_rate": 64, "block_layers": (3, 4, 4, 4)}
    return DSOD(DSODConfig(num_classes=num_classes, **{**preset, **fields}))


def dsod300_smallest(num_classes: int = 21, **fields: Any) -> DSOD:
    """DS/64-64-16-1 with dense prediction: 73.6 mAP with 5.9M parameters (paper, Table 4)."""
    return DSOD(DSODConfig(num_classes=num_classes, **{"bottleneck": 64, "growth_rate": 16, **fields}))


def dsod512(num_classes: int = 21, **fields: Any) -> DSOD:
    """DSOD300 with an input of 512 pixels and a seventh feature map, as in the authors' `DSOD512_V3_Body`.

    Neither the paper nor their repository trains it, so its priors were not published. Ours are SSD512's for VOC.
    """
    sizes = (35.84, 76.8, 153.6, 230.4, 307.2, 384.0, 460.8, 537.6)
    priors = PriorConfig(
        min_sizes=sizes[:-1],
        max_sizes=sizes[1:],
        aspect_ratios=((2,), (2, 3), (2, 3), (2, 3), (2, 3), (2,), (2,)),
        steps=(8, 16, 32, 64, 128, 256, 512),
    )
    preset = {"image_size": 512, "prediction_channels": (512, 512, 256, 256, 256, 256), "priors": priors}
    return DSOD(DSODConfig(num_classes=num_classes, **{**preset, **fields}))


def dsod_tiny(num_classes: int = 7, image_size: int = 128, **fields: Any) -> DSOD:
    """The book's detector: the same network with 0.6M parameters, which two CPU cores train in minutes.

    Not in the paper. It has five feature maps, from 192 pixels on six, DS/16-32-16-1 with blocks of 3, 4, 4 and 4
    layers, and priors scaled with the input and centred in their cells. Pictures without objects are learned from.

    The finest map has a cell every 8 pixels. Priors much smaller than 13 pixels would leave gaps there, so below 192
    pixels all priors are larger shares of the picture, and a prior answers from an IoU of 0.4 on. From there on they
    begin as small as SSD's, the IoU is the usual 0.5, and the sixth map puts large priors into the middle.
    """
    fractions, threshold = [0.1, 0.24, 0.44, 0.64, 0.84, 1.04], 0.4
    if image_size >= 192:
        fractions, threshold = [0.07, 0.16, 0.34, 0.55, 0.75, 0.9, 1.04], 0.5
    sizes = [image_size * fraction for fraction in fractions]
    preset = {
        "image_size": image_size,
        "stem_channels": 16,
        "bottleneck": 32,
        "growth_rate": 16,
        "block_layers": (3, 4, 4, 4),
        "prediction_channels": (128, 128, 64, 64, 64)[: len(fractions) - 2],
        "priors": PriorConfig(tuple(sizes[:-1]), tuple(sizes[1:]), ((2,), *[(2, 3)] * (len(fractions) - 3), (2,))),
        "channel_order": "RGB",
        "mean": (123.0, 117.0, 104.0),
        "std": 58.0,
        "antialias": True,
        "match_threshold": threshold,
        "min_negatives": 10,
        "clip_boxes": True,
    }
    return DSOD(DSODConfig(num_classes=num_classes, **{**preset, **fields}))


MODELS: dict[str, Callable[..., DSOD]] = {
    make.__name__: make for make in (dsod_tiny, dsod300, dsod300_plain, dsod300_lite, dsod300_smallest, dsod512)
}
"""The named models by name, as the command line takes them."""

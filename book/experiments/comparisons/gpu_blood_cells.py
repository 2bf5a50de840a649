"""On a GPU: DSOD300, SSD300 and Faster R-CNN from random weights on the photographs of blood cells.

`blood_cells` has small models, and says what the photographs are and where they are looked for; the detectors here, and
the way in which each gets its learning rate, are those of `gpu_shapes`. All see the data set's own trainval, 292
photographs at 300×300, as often, and are judged on its 72 test photographs by AP50 and COCO's AP. A learning rate is
chosen within trainval: trained on train, judged on val.
"""

import warnings
from typing import Any

from dsod_lite.datasets import VOCDataset, upless_augmentation

from . import gpu_shapes
from .blood_cells import folder
from .gpu_shapes import SIDE, Data, compare

EPOCHS = 100
SEEDS = 3
MEASURE = "AP50"
DEVICE = "cuda"
VARIANTS = gpu_shapes.VARIANTS


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One detector, trained and judged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two boxes without area, for each list
        learned, trial = (
            VOCDataset(folder(), split, transform=upless_augmentation(SIDE)) for split in ("trainval", "train")
        )
        data = Data(learned, VOCDataset(folder(), "test"), trial, VOCDataset(folder(), "val"))
    return compare("gpu_blood_cells", variant, seed, epochs, data, DEVICE, weight_decay=0.05)

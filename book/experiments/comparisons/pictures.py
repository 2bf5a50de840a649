"""What pictures are worth: with another structure, and with a classifier's weights to start from.

DSOD's claim is that a structure made for it learns from the few thousand pictures of a detection data set, without
ImageNet's million (section 1). The paper has 70.7 mAP for DS/64-12-16-1 from scratch and 70.3 with its backbone trained
on ImageNet first (section 4.1.2). He and others found on COCO that pre-training wins where pictures are very few, and
else saves time only. Compared is AP50 with 50 to 5,000 pictures that have boxes:

- `dense`: `dsod_tiny`, from random weights;
- `chain`: the same, with a plain chain of as many parameters in its dense blocks' places;
- `pretrained`: `dsod_tiny` again, half of the steps as a classifier of shapes (see `pretraining`), half as a detector;
- `gift`: the classifier's steps are not counted, as papers do it. It has five times as many as that of `pretrained`,
  and the detector has all the steps of `dense` as well.

Every run has as many steps that count; those with few pictures see them more often. A step is one of 16 pictures of
96×96, whether for the classifier or for the detector.
"""

import functools
from typing import Any

import torch
from torch import Tensor

from dsod_lite import dsod_tiny

from ..parts.blocks import with_other_blocks
from ..parts.chain import chain
from ..parts.common import SIDE, TEST_SEED, shapes, train_and_judge
from ..parts.pretraining import BATCH, pretrain

EPOCHS = 10
"""Passes over 1,000 pictures; over fewer there are as many more."""
MEASURE = "AP50"
RATE = 0.03
"""Learning rate."""
GIFT_STEPS = 5
"""How many times as many steps the classifier has where nobody counts them."""
PICTURES = (50, 200, 1000, 5000)
STARTS = ("dense", "chain", "pretrained", "gift")
VARIANTS: dict[str, tuple[str, int]] = {
    f"{start}_{pictures}": (start, pictures) for start in STARTS for pictures in PICTURES
}


def passes(epochs: float, pictures: int) -> int:
    """Passes over so many pictures that take as many steps as `epochs` passes over 1,000."""
    return max(1, round(epochs * 1000 / pictures))


@functools.cache
def gift(seed: int, steps: int) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The weights of a detector whose body was trained as a classifier, and what `pretrain` says of that."""
    torch.manual_seed(seed)
    model = dsod_tiny(image_size=SIDE)
    said = pretrain(model, steps, seed, RATE)
    return model.state_dict(), said


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One structure and start, trained on so many pictures with boxes, and judged."""
    start, pictures = VARIANTS[variant]
    model = chain() if start == "chain" else dsod_tiny(image_size=SIDE)
    half = round(epochs / 2 * 1000 / BATCH)
    before: dict[str, Any] = {}
    if start == "pretrained":
        before = pretrain(model, half, seed, RATE)
    elif start == "gift":
        weights, before = gift(seed, GIFT_STEPS * half)
        model.load_state_dict(weights)
    remaining = passes(epochs / 2 if start == "pretrained" else epochs, pictures)
    train_set, test_set = shapes(pictures, image_size=SIDE, augment=True), shapes(400, TEST_SEED, SIDE)
    result = train_and_judge(model, train_set, test_set, seed, remaining, learning_rate=RATE)
    result = {"pictures": pictures, **before, **result}
    return with_other_blocks(result) if start == "chain" else result

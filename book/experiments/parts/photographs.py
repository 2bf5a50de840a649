"""Two sets of photographs, and detectors that differ in one of DSOD's principles, or in what they start from.

PLAN.md, "Photographs", as code. The blood cells are found as in `blood_cells`, the cards as in `few_pictures`.
"""

import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn
from torch.utils.data import Dataset, Subset

from dsod_lite import DSOD, dsod_tiny, predict
from dsod_lite.datasets import light_augmentation, open_split, upless_augmentation
from dsod_lite.datasets.in_memory import SPARE, InMemory

from ..comparisons import blood_cells, depth, few_pictures
from ..comparisons.classifier import start_from_classifier
from ..machinery.resampling import resampled_ap50
from .blocks import with_other_blocks
from .common import train_and_judge
from .heads import CellDetector, both_ways, many_cells, one_cell, with_threshold
from .rivals import small_faster_rcnn, small_ssd

SIDE = 128
BATCH = 16
STEPS = 2000 // BATCH
"""Steps of a pass over 2,000 pictures, in which budgets are counted."""
SETS = {
    "cells": (blood_cells.folder, upless_augmentation),
    "cards": (lambda: few_pictures.divided("cards"), light_augmentation),
}
"""Of each its folder, which is divided into train, val and test, and its augmentation."""


@dataclass(frozen=True)
class Arm:
    """A detector and what it starts from."""

    make: Callable[[int], nn.Module]
    """From the number of classes with the background."""
    pictures: int | None = None
    """How many of train it learns from, the first ones; None: all."""
    share: float = 1.0
    """Of the budget's steps."""
    pretrained: bool = False
    """Whether it begins with the body of the drawn shapes' classifier."""
    other_blocks: bool = False
    """Whether its dense blocks were replaced, so that its config does not describe them."""
    searched_as: str | None = None
    """The arm whose learning rate it takes; None: it has its own."""


def tiny(**fields: Any) -> Callable[[int], nn.Module]:
    """Makes `dsod_tiny` at the pictures' size, with other fields of its config."""
    return lambda classes: dsod_tiny(classes, SIDE, **fields)


PRINCIPLES = {
    "dsod": Arm(tiny()),
    "densenet_stem": Arm(tiny(stem="densenet")),
    "plain_prediction": Arm(tiny(prediction="plain")),
    "dense_30": Arm(lambda classes: depth.make_detector("dense", 30, classes, SIDE), other_blocks=True),
    "plain_30": Arm(lambda classes: depth.make_detector("plain", 30, classes, SIDE), other_blocks=True),
    "ssd_norm": Arm(lambda classes: small_ssd(classes, SIDE, normalised=True)),
    "faster_rcnn_norm": Arm(lambda classes: small_faster_rcnn(classes, SIDE, normalised=True)),
}
"""On both sets."""
HEADS = {
    "centres": Arm(lambda classes: CellDetector(dsod_tiny(classes, SIDE).config, many_cells)),
    "one_to_one": Arm(lambda classes: with_threshold(CellDetector(dsod_tiny(classes, SIDE).config, one_cell), 1.0)),
}
"""On both sets; the third head, with priors, is `dsod`."""
STARTS = {
    "pretrained": Arm(tiny(), pretrained=True),
    "scratch_30": Arm(tiny(), 30),
    "pretrained_30": Arm(tiny(), 30, pretrained=True),
    "scratch_half": Arm(tiny(), share=0.5, searched_as="dsod"),
    "pretrained_half": Arm(tiny(), share=0.5, pretrained=True, searched_as="pretrained"),
    "scratch_half_30": Arm(tiny(), 30, share=0.5, searched_as="scratch_30"),
    "pretrained_half_30": Arm(tiny(), 30, share=0.5, pretrained=True, searched_as="pretrained_30"),
}
"""On the blood cells; from scratch on all of them is `dsod`."""
ARMS: dict[str, tuple[str, Arm]] = {
    **{f"{name}_{arm}": (name, each) for name in SETS for arm, each in (PRINCIPLES | HEADS).items()},
    **{f"cells_{arm}": ("cells", STARTS[arm]) for arm in STARTS},
}
"""The set and the detector."""


def passes(arm: Arm, pictures: int, epochs: int) -> int:
    """Passes over an arm's own pictures that take its share of the steps of `epochs` passes over 2,000."""
    return max(1, round(arm.share * epochs * STEPS / max(1, pictures // BATCH)))


def learn(name: str, rate: float, seed: int, epochs: int, split: str, kept: Path) -> dict[str, Any]:
    """An arm, trained on train and judged on `split`.

    Args:
        name: the arm's.
        rate: the learning rate.
        seed: of the run.
        epochs: passes over 2,000 pictures.
        split: "val" or "test".
        kept: the folder where a run that was stopped goes on; it is removed at the end.
    """
    chosen, arm = ARMS[name]
    folder, augmentation = SETS[chosen]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two boxes without area among the cells
        whole = InMemory(open_split(folder(), "train", with_objects=True), SPARE * SIDE)
        judged_by = open_split(folder(), split, whole.classes)
    whole.transform = augmentation(SIDE)
    train_set: Dataset[Any] = whole if arm.pictures is None else Subset(whole, range(arm.pictures))
    pictures = arm.pictures or len(whole)
    classes = 1 + len(whole.classes)
    model = arm.make(classes)
    before = start_from_classifier(model, seed) if arm.pretrained else {}
    fields: dict[str, Any] = {"learning_rate": rate, "batch_size": BATCH}
    result = train_and_judge(model, train_set, judged_by, seed, passes(arm, pictures, epochs), output=kept, **fields)
    result["resampled_ap50"] = resampled_ap50(*predict(model, judged_by, BATCH, progress=False), classes)
    if isinstance(model, DSOD):
        result |= both_ways(model, judged_by)
    shutil.rmtree(kept)
    result = {"pictures": pictures, "judged": len(judged_by), **before, **result}
    return with_other_blocks(result) if arm.other_blocks else result

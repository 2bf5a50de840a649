"""On a GPU: DSOD300, SSD300 and Faster R-CNN from random weights on crowded drawn pictures of 300×300.

`proposal_free` has small models; these are the full ones. The paper could not train Faster R-CNN from scratch, while
SSD reached 69.6 mAP and DSOD 77.7 (Table 4). Compared are AP50 and COCO's AP of `dsod300` and three of torchvision's,
all from random weights: SSD300 with VGG-16, which has no normalisation; Faster R-CNN with ResNet-50 as it comes, its
backbone with BatchNorm that is trained; and its second version, which has BatchNorm in the pyramid and the head too.

All see the same 4,000 pictures as often, drawn small, crowded, faint and partly hidden. They have six classes, one for
each kind of shape: what is drawn has no more kinds, and colour, size and angle are random so that they give nothing
away. Each detector's learning rate is the best of three short runs, judged on other pictures; `trials` has all three.
A run whose loss becomes infinite counts with an AP50 of 0, and `diverged` says when.

A run that was stopped goes on from runs/gpu_shapes. The budget is meant to fill an hour of a large card; nobody has
measured that yet.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils.data import Dataset
from torchvision.models.detection import (
    FasterRCNN,
    fasterrcnn_resnet50_fpn,
    fasterrcnn_resnet50_fpn_v2,
    ssd300_vgg16,
)
from torchvision.models.detection.anchor_utils import AnchorGenerator

from dsod_lite import dsod300
from dsod_lite.support.errors import NonFiniteLoss
from dsod_lite.support.files import write_json

from ..machinery.records import RECORDS
from ..parts.common import TEST_SEED, shapes, train_and_judge

EPOCHS = 12
SEEDS = 3
MEASURE = "AP50"
DEVICE = "cuda"
SIDE = 300
TRAIN_PICTURES, TRIAL_PICTURES, TEST_PICTURES = 4000, 200, 500
TRIAL_SEED = 6
"""The series of drawn pictures that learning rates are chosen by, and the seed of those runs."""
RUNS = RECORDS.parents[1] / "runs"


def from_scratch(make: Callable[..., nn.Module], **fields: Any) -> Callable[[int], nn.Module]:
    """One of torchvision's detectors with random weights, for so many classes."""
    return lambda num_classes: make(weights=None, weights_backbone=None, num_classes=num_classes, **fields)


def for_300(make: Callable[..., FasterRCNN]) -> Callable[[int], nn.Module]:
    """A Faster R-CNN that warps pictures as the others do, and as sure of what it keeps.

    Its anchors are for pictures of 800 pixels, and shrink with them.
    """
    fields = {"box_score_thresh": 0.01, "box_nms_thresh": 0.45, "box_detections_per_img": 200}
    size = {"min_size": SIDE, "max_size": SIDE, "fixed_size": (SIDE, SIDE)}

    def build(num_classes: int) -> nn.Module:
        model = from_scratch(make, **fields, **size)(num_classes)
        sizes = tuple((anchor * SIDE / 800,) for anchor in (32, 64, 128, 256, 512))
        model.rpn.anchor_generator = AnchorGenerator(sizes, ((0.5, 1.0, 2.0),) * 5)  # type: ignore[union-attr]
        return model

    return build


VARIANTS: dict[str, tuple[Callable[[int], nn.Module], tuple[float, ...]]] = {
    "dsod300": (dsod300, (0.001, 0.003, 0.01)),
    "ssd300_vgg16": (from_scratch(ssd300_vgg16), (0.0001, 0.0003, 0.001)),
    "fasterrcnn_resnet50_fpn": (for_300(fasterrcnn_resnet50_fpn), (0.0003, 0.001, 0.003)),
    "fasterrcnn_resnet50_fpn_v2": (for_300(fasterrcnn_resnet50_fpn_v2), (0.0003, 0.001, 0.003)),
}
"""What builds the detector, and the learning rates that it may choose from."""


@dataclass(frozen=True)
class Data:
    """What a comparison is made on."""

    train: Dataset[Any]
    test: Dataset[Any]
    trial_train: Dataset[Any]
    trial_test: Dataset[Any]
    """For the choice of a learning rate; no picture of it is one of `test`."""


def compare(name: str, variant: str, seed: int, epochs: int, data: Data, device: str, **fields: Any) -> dict[str, Any]:
    """One detector's run of an experiment, with a learning rate chosen once for all seeds.

    Args:
        name: the experiment's; its runs are kept in runs/NAME until they are judged.
        variant: the detector.
        seed: fixes weights, order and augmentation, though on a GPU not the last digits.
        epochs: passes over the pictures. A trial takes a fifth of them.
        data: the pictures.
        device: as in `TrainConfig`, of which `fields` are more.
    """
    make, rates = VARIANTS[variant]
    num_classes = 1 + len(data.test.classes)  # type: ignore[attr-defined]
    folder = RUNS / name / f"{variant}-{epochs}"

    trials = folder / "trials.json"
    found: dict[str, float] = json.loads(trials.read_text(encoding="utf-8")) if trials.exists() else {}
    for rate in rates:
        if str(rate) not in found:
            torch.manual_seed(TRIAL_SEED)
            how = {"seed": TRIAL_SEED, "epochs": max(1, epochs // 5), "learning_rate": rate, "device": device}
            trial = outcome(make(num_classes), data.trial_train, data.trial_test, **how, **fields)
            found[str(rate)] = trial[MEASURE]
            write_json(trials, found)
    rate = max(rates, key=lambda rate: found[str(rate)])

    torch.manual_seed(seed)
    how = {"seed": seed, "epochs": epochs, "learning_rate": rate, "device": device, "output": folder / str(seed)}
    result = outcome(make(num_classes), data.train, data.test, **how, **fields)
    shutil.rmtree(folder / str(seed))  # so that the same run, asked for again, is made again
    pictures = epochs * len(data.train)  # type: ignore[arg-type]
    return {"learning_rate": rate, "trials": found, "pictures_seen": pictures, **result}


def outcome(model: nn.Module, train_set: Dataset[Any], test_set: Dataset[Any], **how: Any) -> dict[str, Any]:
    """`train_and_judge`, or what there is to say of a run that did not last."""
    try:
        return train_and_judge(model, train_set, test_set, **how)
    except NonFiniteLoss as error:
        return {MEASURE: 0.0, "AP": 0.0, "diverged": str(error)}


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One detector, trained and judged."""
    train = shapes(TRAIN_PICTURES, image_size=SIDE, hard=True, augment=True)
    held_out, test = (
        shapes(number, series, SIDE, hard=True)
        for number, series in ((TRIAL_PICTURES, TRIAL_SEED), (TEST_PICTURES, TEST_SEED))
    )
    return compare("gpu_shapes", variant, seed, epochs, Data(train, test, train, held_out), DEVICE)

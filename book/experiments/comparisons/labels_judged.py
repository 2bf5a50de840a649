"""What the labels cost: the detector that ships, judged by both of the blood cells' labellings. See PLAN.md.

`blood_cells` counts what a detector was sure of and nobody had labelled. On 40 of the 72 test photographs somebody else
did, later. So such a find can be looked up: `confirmed` counts those that a second label of their class overlaps by a
half. `found` has, by class, how many labels of each labelling such a sure find overlaps by a half. And the two are
compared with each other: `partnered` has how many labels of the one overlap one of the other by a half.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor
from torchvision.ops import box_iou

from dsod_lite import load_model, predict

from ..machinery.records import RECORDS
from ..machinery.resampling import resampled_ap50
from ..parts.common import judge, setup
from ..parts.labels import LABELLINGS
from ..parts.relabelled import TwiceLabelled
from .blood_cells import SURE, is_unlabelled

EPOCHS = 1
SEEDS = 1
MEASURE = "AP50_second"
VARIANTS = {"bccd_tiny": "bccd_tiny.pt"}
"""The weights, in data/runs. Nothing is trained, and no seed plays a part."""


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One detector, judged twice."""
    model, _ = load_model(RECORDS / VARIANTS[variant])
    sets = {name: TwiceLabelled("test", name) for name in LABELLINGS}
    judged = {name: judge(model, sets[name]) for name in LABELLINGS}
    detections, _ = predict(model, sets["first"], progress=False)
    first, second = (sets[name].targets for name in LABELLINGS)
    classes = sets["first"].classes
    sure = [{key: value[found["scores"] > SURE] for key, value in found.items()} for found in detections]
    alone = [
        {key: value[is_unlabelled(found, target)] for key, value in found.items()}
        for found, target in zip(sure, first, strict=True)
    ]
    samples = [np.array(resampled_ap50(detections, targets, 1 + len(classes))) for targets in (first, second)]
    return {
        **{f"{measure}_{name}": judged[name][measure] for name in LABELLINGS for measure in ("AP50", "AP", "ap50")},
        "AP50_gain_resampled": np.quantile(samples[1] - samples[0], (0.025, 0.975)).tolist(),
        "photographs": len(first),
        "objects": {name: count([t["labels"] for t in sets[name].targets], classes) for name in LABELLINGS},
        "partnered": {"first": partnered(first, second, classes), "second": partnered(second, first, classes)},
        "unlabelled": count([found["labels"] for found in alone], classes),
        "confirmed": partnered(alone, second, classes),
        "found": {"first": partnered(first, sure, classes), "second": partnered(second, sure, classes)},
        "setup": setup(model),
    }


def count(labels: Sequence[Tensor], classes: Sequence[str]) -> dict[str, int]:
    """How many there are of each class, in all pictures."""
    return {name: sum(int((own == label).sum()) for own in labels) for label, name in enumerate(classes, start=1)}


def partnered(
    boxes: Sequence[dict[str, Tensor]], others: Sequence[dict[str, Tensor]], classes: Sequence[str]
) -> dict[str, int]:
    """How many boxes of each class overlap one of the others, of their class and picture, by a half or more."""
    found = []
    for own, other in zip(boxes, others, strict=True):
        same = own["labels"][:, None] == other["labels"]
        found.append(own["labels"][(same & (box_iou(own["boxes"], other["boxes"]) >= 0.5)).any(dim=1)])
    return count(found, classes)

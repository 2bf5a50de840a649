"""What is wrong with a list of detections or targets is said by name."""

import math

import pytest
import torch
from boxes_by_hand import detection, target

from dsod_lite.evaluation.tables import gather

GOOD = [0, 0, 10, 10]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d, t: d[1].pop("scores"), r"detections\[1\]\['scores'\] is missing"),
        (lambda d, t: t[1].pop("boxes"), r"targets\[1\]\['boxes'\] is missing"),
        (
            lambda d, t: d[1].update(scores=torch.tensor([math.nan])),
            r"detections\[1\]\['scores'\].*not finite",
        ),
        (
            lambda d, t: t[1].update(boxes=torch.full((1, 4), math.inf)),
            r"targets\[1\]\['boxes'\].*not finite",
        ),
        (
            lambda d, t: d[1].update(labels=torch.tensor([3])),
            r"detections\[1\]\['labels'\] holds 3; .*1 to 2",
        ),
        (lambda d, t: t[1].update(labels=torch.tensor([0])), r"targets\[1\]\['labels'\] holds 0; .*1 to 2"),
        (
            lambda d, t: d[1].update(scores=torch.ones(2)),
            r"detections\[1\]\['scores'\] has shape \[2\].*\[1\]",
        ),
        (lambda d, t: t[1].update(labels=torch.ones(1, 1)), r"targets\[1\]\['labels'\] has shape \[1, 1\]"),
        (
            lambda d, t: t[1].update(boxes=torch.ones(1, 5)),
            r"targets\[1\]\['boxes'\] has shape \[1, 5\].*\[1, 4\]",
        ),
        (lambda d, t: t[1].update(difficult=torch.ones(3)), r"targets\[1\]\['difficult'\] has shape \[3\]"),
        (lambda d, t: d.append(d[0]), "3 images, targets of 2"),
    ],
)
def test_wrong_fields_are_named(change, message):
    detections = [detection(GOOD, scores=[0.9]) for _ in range(2)]
    targets = [target(GOOD) for _ in range(2)]
    change(detections, targets)
    with pytest.raises(ValueError, match=message):
        gather(detections, targets, {"difficult": 0.0}, num_classes=3)

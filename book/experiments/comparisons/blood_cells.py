"""Real pictures: DSOD, SSD and Faster R-CNN from random weights on 292 photographs of blood cells (BCCD).

The paper's claim is that a detector can be trained from the pictures of its task alone. Published detectors of these
photographs, most of them pre-trained, report an AP of 0.86 to 0.95 on divisions of their own. Compared are
`dsod_tiny` with dense and with plain prediction and torchvision's SSD and Faster R-CNN of about its size, with
normalisation (see `rivals`): trained on the data set's own trainval at 256×256, all as long, and judged on its 72
test photographs. AP50 is the mean over platelets, red and white cells. `dsod_320` sees the photographs at 320×320,
half as many pixels more: the smallest platelets are a dozen pixels wide at 256×256.

What stands between a detector and 1? `without_unlabelled` is AP50 once more, with the detections left out of the
count that overlap no labelled object of their class by as much as a tenth, and `unlabelled` counts, by class, those
of them that the detector was surer of than one half. Most are cells that nobody labelled; a detector that sees things
would be forgiven too, so it is no measure to compare detectors by. `resampled` is what 72 photographs leave open: where
95 % of AP50 lie when as many are drawn from them, with repetition, again and again. `mirrored` is AP50 of the same DSOD
with its answers to the four mirror images of a photograph averaged.

The photographs are looked for in the folder that DSOD_LITE_BCCD names, else in downloads/bccd, where `python -m
dsod_lite download bccd --to downloads/bccd` puts them.
"""

import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.ops import box_iou

from dsod_lite import DSOD, dsod_tiny, evaluate_voc, predict
from dsod_lite.datasets import VOCDataset, upless_augmentation

from ..parts.common import train_and_judge
from ..parts.mirrored import Mirrored
from ..parts.rivals import small_faster_rcnn, small_ssd
from .proposal_free import RATES

EPOCHS = 70
MEASURE = "AP50"
SEEDS = 5
SIDE = 256
LARGER = 320
BARELY = 0.1
"""A detection that overlaps all labelled objects of its class by less is of something unlabelled, or of nothing."""
SURE = 0.5
"""The score from which such a detection is counted."""

VARIANTS: dict[str, tuple[Callable[[int], nn.Module], float, int]] = {
    "dsod": (lambda side: dsod_tiny(4, side), 0.01, SIDE),
    "dsod_plain": (lambda side: dsod_tiny(4, side, prediction="plain"), 0.01, SIDE),
    "dsod_320": (lambda side: dsod_tiny(4, side), 0.01, LARGER),
    "ssd": (lambda side: small_ssd(4, side, normalised=True), RATES["ssd_norm"] / 3, SIDE),
    "faster_rcnn": (
        lambda side: small_faster_rcnn(4, side, normalised=True, proposals=100),
        RATES["faster_rcnn_norm"] / 3,
        SIDE,
    ),
}
"""The detector, its learning rate, a third of that for the short runs of `proposal_free`, and the pictures' side."""


def folder() -> Path:
    """Where the photographs are.

    Raises:
        FileNotFoundError: says how to get them.
    """
    path = Path(os.environ.get("DSOD_LITE_BCCD", Path(__file__).parents[3] / "downloads" / "bccd"))
    if not path.is_dir():
        raise FileNotFoundError(
            f"{path}: there are no photographs; set DSOD_LITE_BCCD to their folder, or get them by "
            "python -m dsod_lite download bccd --to downloads/bccd"
        )
    return path


def is_unlabelled(detection: dict[str, Tensor], target: dict[str, Any]) -> Tensor:
    """Which detections [N] overlap no object of their class by `BARELY`."""
    same = detection["labels"][:, None] == target["labels"]
    overlap = box_iou(detection["boxes"], target["boxes"]) * same
    return ~(overlap >= BARELY).any(dim=1)


def resampled(
    detections: Sequence[dict[str, Tensor]], targets: Sequence[dict[str, Any]], num_classes: int, times: int = 500
) -> list[float]:
    """The 2.5 % and the 97.5 % quantile of AP50 over samples of the pictures, each as many as there are."""
    rng = np.random.default_rng(0)
    samples = []
    for _ in range(times):
        drawn = rng.integers(len(targets), size=len(targets))
        chosen = [detections[i] for i in drawn], [targets[i] for i in drawn]
        samples.append(evaluate_voc(*chosen, num_classes, method="all-point").mean_ap)
    return np.quantile(samples, (0.025, 0.975)).tolist()


def analysis(model: nn.Module, test_set: VOCDataset) -> dict[str, Any]:
    """What stands between a detector and 1, for its record.

    "resampled"; "without_unlabelled"; and by class "without_unlabelled_ap50", "unlabelled" and "objects".

    A detector that found every cell, and could not tell those that somebody labelled from the others, would have an AP
    of about objects / (objects + unlabelled).
    """
    detections, targets = predict(model, test_set, progress=False)
    alone = [is_unlabelled(found, target) for found, target in zip(detections, targets, strict=True)]
    others = [{key: value[~a] for key, value in found.items()} for found, a in zip(detections, alone, strict=True)]
    result = evaluate_voc(others, targets, 1 + len(test_set.classes), method="all-point")
    sure = torch.cat(
        [found["labels"][a & (found["scores"] > SURE)] for found, a in zip(detections, alone, strict=True)]
    )
    names = dict(enumerate(test_set.classes, start=1))
    return {
        "resampled": resampled(detections, targets, 1 + len(test_set.classes)),
        "without_unlabelled": result.mean_ap,
        "without_unlabelled_ap50": {name: result.ap[label] for label, name in names.items()},
        "unlabelled": {name: int((sure == label).sum()) for label, name in names.items()},
        "objects": {name: result.num_objects[label] for label, name in names.items()},
    }


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One detector, trained and judged."""
    make, rate, side = VARIANTS[variant]
    model = make(side)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two boxes without area, for each list
        train_set = VOCDataset(folder(), "trainval", transform=upless_augmentation(side))
        test_set = VOCDataset(folder(), "test")
    fields: dict[str, Any] = {"learning_rate": rate, "weight_decay": 0.05}
    result = {**train_and_judge(model, train_set, test_set, seed, epochs, **fields), **analysis(model, test_set)}
    if isinstance(model, DSOD):
        model.network = Mirrored(model.network, model.config)  # type: ignore[assignment]
        detections, targets = predict(model, test_set, progress=False)
        result["mirrored"] = evaluate_voc(detections, targets, 4, method="all-point").mean_ap
    return result

"""What the experiments share: the drawn pictures, and one way to train a detector and to judge it."""

import functools
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset
from torchvision import tv_tensors

from dsod_lite import TrainConfig, evaluate_coco, evaluate_voc, predict, train
from dsod_lite.datasets import ShapesDataset, light_augmentation
from dsod_lite.weights.checkpoint import describe

TRAIN_SEED, TEST_SEED = 1, 2
"""The series of drawn pictures that are learned from, and of those that detectors are judged by."""


class Pictures(Dataset[Any]):
    """Pictures in memory: items are (float32 [3, H, W] in [0, 1], target), each augmented anew if `size` is given.

    Args:
        items: (uint8 [3, H, W], target) each.
        classes: the names of the labels 1 to C.
        size: the side in pixels that `light_augmentation` brings the pictures to; None: they stay as they are.
    """

    def __init__(
        self, items: list[tuple[Tensor, dict[str, Any]]], classes: tuple[str, ...], size: int | None = None
    ) -> None:
        self.items, self.classes = items, classes
        self.augmentation = None if size is None else light_augmentation(size)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        image, target = self.items[index]
        if self.augmentation is None:
            return image.float() / 255, target
        shape = image.shape[-2:]
        boxes = tv_tensors.BoundingBoxes(target["boxes"], format="XYXY", canvas_size=(shape[0], shape[1]))
        return self.augmentation(tv_tensors.Image(image), target | {"boxes": boxes})


def shapes(
    pictures: int, seed: int = TRAIN_SEED, image_size: int = 64, hard: bool = False, augment: bool = False
) -> Pictures:
    """The first `pictures` of a series of drawn ones, in memory, drawn once a process.

    Args:
        pictures: how many. More of the same series begin with the fewer.
        seed: the series: TRAIN_SEED to learn from, TEST_SEED to judge by.
        image_size: side in pixels, 64 or more.
        hard: small, crowded, faint and partly hidden objects.
        augment: whether each picture is mirrored, cropped and its colours varied whenever it is asked for.
    """
    items = drawn(pictures, seed, image_size, "hard" if hard else "standard")
    return Pictures(items, ShapesDataset.classes, image_size if augment else None)


@functools.cache
def drawn(pictures: int, seed: int, image_size: int, level: str) -> list[tuple[Tensor, dict[str, Any]]]:
    """The pictures of a series as uint8 [3, S, S], with their targets: a quarter of float32's memory."""
    series = ShapesDataset(pictures, image_size, seed, level)
    return [((image * 255).round().byte(), target) for image, target in (series[i] for i in range(pictures))]


def train_and_judge(
    model: nn.Module,
    train_set: Dataset[Any],
    test_set: Dataset[Any],
    seed: int,
    epochs: int,
    device: str = "cpu",
    output: Path | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Trains a detector, judges it, and returns what a record's result has at least.

    Args:
        model: any detector with torchvision's conventions. Its initial weights are the seed's already: the runner
            seeds torch before `run`, so a model made first of all is the same whenever it is run again.
        train_set: what it learns from, augmented if it is to be.
        test_set: what it is judged by; `classes` has the names of the labels.
        seed: fixes the pictures' order and their augmentation.
        epochs: passes over `train_set`.
        device: as in `TrainConfig`.
        output: the folder of a run that goes on where it was stopped; None: it lives in memory.
        fields: further fields of TrainConfig.

    Returns:
        "parameters"; "curve", a list of {"epoch", "loss"}; "train_seconds"; "setup"; and all that `judge` returns.
    """
    workers = 0 if device == "cpu" else None  # a CPU's runs have a thread each, and no helper
    config = TrainConfig(epochs=epochs, seed=seed, device=device, **{"workers": workers, **fields})
    parameters = sum(p.numel() for p in model.parameters() if p.requires_grad)
    history = train(model, train_set, None, config, output, resume=output is not None)
    curve = [{"epoch": entry["epoch"], "loss": entry["loss"]} for entry in history]
    return {
        **judge(model, test_set),
        "parameters": parameters,
        "train_seconds": round(history[-1]["seconds"], 1),
        "curve": curve,
        "setup": setup(model, config),
    }


def setup(model: nn.Module, config: TrainConfig | None = None) -> dict[str, Any]:
    """How a run was made, for its record: "architecture", "config" if it is a DSOD, and "train" if it is trained."""
    return {**describe(model), "train": config and asdict(config)}


SIDE = 96
"""Side in pixels of the pictures of `learn_shapes`, which the model has to be made for."""


def learn_shapes(
    model: nn.Module, seed: int, epochs: int, learning_rate: float = 0.03, **fields: Any
) -> dict[str, Any]:
    """`train_and_judge` on the same drawn pictures for all: 2,000 of 96×96 to learn from, 400 to be judged by.

    In three passes, a minute on one core, `dsod_tiny` gets to an AP50 of about 0.5, and there is room on both sides. So
    short a run wants a high learning rate: at a third of this one AP50 was a third lower in trials with 64×64.
    """
    train_set, test_set = shapes(2000, image_size=SIDE), shapes(400, TEST_SEED, SIDE)
    return train_and_judge(model, train_set, test_set, seed, epochs, learning_rate=learning_rate, **fields)


COCO_SIDE = 192
"""Pixels that a picture's side is scaled to for COCO's metrics, so that its 32² and 96² are 1/6 and 1/2 of the side."""


def judge(model: nn.Module, test_set: Dataset[Any], batch_size: int = 16) -> dict[str, Any]:
    """Average precision on pictures that were not trained on; all in 0 to 1, None where no object speaks for it.

    Returns:
        "AP50": VOC's, all-point, the mean over the classes; "ap50": the same for each class by its name.
        "AP", "AP75": COCO's. "APs", "APm", "APl": COCO's by the size of the object, taken as a share of the picture
        since ours are small: the root of the box's area is below 1/6 of the picture's side, up to 1/2, or above. (The
        side of a picture that is no square is the root of its area.)
    """
    detections, targets = predict(model, test_set, batch_size, progress=False)
    classes: tuple[str, ...] = test_set.classes  # type: ignore[attr-defined]
    voc = evaluate_voc(detections, targets, len(classes) + 1, method="all-point")
    sides = [math.sqrt(image.shape[-2] * image.shape[-1]) for image, _ in (test_set[i] for i in range(len(targets)))]
    enlarged = [
        [record | {"boxes": record["boxes"] * (COCO_SIDE / side)} for record, side in zip(kind, sides, strict=True)]
        for kind in (detections, targets)
    ]
    coco = evaluate_coco(*enlarged)
    return {
        "AP50": voc.mean_ap,
        **{name: or_none(coco[name]) for name in ("AP", "AP75", "APs", "APm", "APl")},
        "ap50": {name: or_none(voc.ap[label]) for label, name in enumerate(classes, start=1)},
    }


def or_none(value: float) -> float | None:
    """JSON has no nan."""
    return None if math.isnan(value) else value


def seeded(seed: int) -> torch.Generator:
    """A random number generator of one's own: its use does not change what the model's initial weights are."""
    return torch.Generator().manual_seed(seed)

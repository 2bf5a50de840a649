"""Some hundred photographs: what helps a detector that learns from so few, chosen by validation pictures. See PLAN.md.

Three public sets, divided as `learn` divides them; of their test pictures none is opened. `usual` is `dsod_tiny` from
random weights with the augmentation `light`. `shapes` begins with the drawn shapes' weights; as that helped, each arm
of the second round changes one thing in it. Those of the third build upon `shapes_pasted`, and learn twice as long. Two
arms more ask about mosaic for the blood cells, on BCCD's own lists. The photographs are looked for in downloads/, where
`python -m dsod_lite download raccoons --to downloads/raccoons` and the like put them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torchvision.transforms import v2

from dsod_lite import dsod_tiny
from dsod_lite.datasets import arrange_folder, light_augmentation, open_split, upless_augmentation
from dsod_lite.datasets.augmentation.mixed import Mixed
from dsod_lite.datasets.in_memory import SPARE, InMemory
from dsod_lite.weights.start import SHAPES, start_from

from ..machinery.records import RECORDS
from ..parts.common import train_and_judge

EPOCHS = 6
"""Passes over 2,000 pictures; each set is passed as often as makes as many steps."""
MEASURE = "AP50"
SIDES = {"kangaroos": 128, "raccoons": 128, "cards": 128, "bccd": 256}
BATCH = 16
DOWNLOADS = RECORDS.parents[1] / "downloads"


def strong_augmentation(image_size: int) -> v2.Compose:
    """`light_augmentation` with all colours changed by more, hues and grey pictures too."""
    *others, _, to_float, to_tensor = light_augmentation(image_size).transforms
    jitter = v2.ColorJitter(brightness=0.4, contrast=0.4, saturation=0.6, hue=0.05)
    return v2.Compose([*others, jitter, v2.RandomGrayscale(0.1), to_float, to_tensor])


@dataclass(frozen=True)
class Arm:
    """What an arm does otherwise."""

    shapes: bool = False
    """Whether it begins with the weights of the drawn shapes' detector, which ships."""
    rate: float = 0.01
    """The learning rate."""
    average: float | None = None
    """The decay of the averaged weights."""
    mosaic: float = 0.0
    """The share of pictures that are made of four."""
    pasted: float = 0.0
    """The share of pictures into which an object of another one is pasted."""
    augmentation: Callable[[int], v2.Compose] = light_augmentation
    budget: int = 1
    """How many times as many pictures are seen."""


ARMS = {
    "usual": Arm(),
    "shapes": Arm(shapes=True),
    "shapes_slower": Arm(shapes=True, rate=0.003),
    "shapes_faster": Arm(shapes=True, rate=0.03),
    "shapes_average": Arm(shapes=True, average=0.998),
    "shapes_mosaic": Arm(shapes=True, mosaic=0.5),
    "shapes_strong": Arm(shapes=True, augmentation=strong_augmentation),
    "shapes_pasted": Arm(shapes=True, pasted=0.5),
    "long_pasted": Arm(shapes=True, pasted=0.5, budget=2),
    "long_pasted_mosaic": Arm(shapes=True, pasted=0.5, mosaic=0.5, budget=2),
}
CELLS = {
    "cells_shapes_pasted": Arm(shapes=True, pasted=0.5, augmentation=upless_augmentation),
    "cells_pasted_mosaic": Arm(shapes=True, pasted=0.5, mosaic=0.5, augmentation=upless_augmentation),
}
"""On the blood cells alone, which have one size."""
SETS = ("kangaroos", "raccoons", "cards")
VARIANTS = {f"{name}_{arm}": (name, ARMS[arm]) for arm in ARMS for name in SETS}
VARIANTS |= {variant: ("bccd", arm) for variant, arm in CELLS.items()}


def divided(name: str) -> Path:
    """The folder of a set with the lists train, val and test, as `learn` arranges it."""
    source, made = DOWNLOADS / name, DOWNLOADS / f"{name}_divided"
    if not made.exists():
        if not source.is_dir():
            raise FileNotFoundError(f"{source}: get it by python -m dsod_lite download {name} --to downloads/{name}")
        arrange_folder([source], made)
    return made


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One detector of a set, trained on its train and judged on its val."""
    name, arm = VARIANTS[variant]
    folder, side = divided(name), SIDES[name]
    train_set = InMemory(open_split(folder, "train", with_objects=True), SPARE * side)
    val_set = open_split(folder, "val", train_set.classes)
    train_set.transform = arm.augmentation(side)
    model = dsod_tiny(len(train_set.classes) + 1, side)
    if arm.shapes:
        start_from(model, SHAPES, train_set.classes)
    pictures = Mixed(train_set, arm.pasted, arm.mosaic)
    passes = round(arm.budget * epochs * 2000 / (len(train_set) // BATCH * BATCH))
    fields: dict[str, Any] = {"batch_size": BATCH, "learning_rate": arm.rate, "weight_average": arm.average}
    result = train_and_judge(model, pictures, val_set, seed, passes, **fields)
    return {"pictures": len(train_set), "judged": len(val_set), **result}

"""Defaults and recipes, written down once more: another number here is another training."""

from dataclasses import asdict
from typing import Any

import pytest
import torch

from dsod_lite import TrainConfig
from dsod_lite.datasets.augmentation.transforms import AUGMENTATIONS
from dsod_lite.training import memory, pace
from dsod_lite.training.recipe import RECIPES

DEFAULTS: dict[str, Any] = {
    "epochs": 1,
    "minutes": None,
    "batch_size": 16,
    "norm_batch_size": None,
    "pass_size": None,
    "norm_average": None,
    "optimizer": "adamw",
    "learning_rate": 0.01,
    "momentum": 0.9,
    "weight_decay": 0.02,
    "warmup_steps": 100,
    "drops": (),
    "seed": 0,
    "evaluate_every": 5,
    "patience": None,
    "workers": None,
    "device": "auto",
    "save_memory": False,
    "precision": "float32",
    "compile": False,
    "weight_average": None,
    "checkpoint_every": 200,
    "skip_at_most": None,
}
AUTHORS: dict[str, Any] = {
    "epochs": 775,
    "batch_size": 128,
    "norm_batch_size": 4,
    "norm_average": 0.999,
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "weight_decay": 5e-4,
    "warmup_steps": 0,
    "drops": (0.2, 0.4, 0.6, 0.8),
    "evaluate_every": 25,
}
DIFFERENCES: dict[str, dict[str, Any]] = {
    "voc0712": AUTHORS,
    "voc0712plus": {**AUTHORS, "epochs": 599},
    "coco": {**AUTHORS, "epochs": 333, "drops": (0.25, 0.4375, 0.625, 0.8125)},
    "voc0712_short": {
        "epochs": 60,
        "batch_size": 32,
        "optimizer": "sgd",
        "learning_rate": 0.03,
        "weight_decay": 5e-4,
        "warmup_steps": 1000,
        "precision": "half",
        "weight_average": 0.9995,
        "evaluate_every": 10,
    },
}


def test_the_defaults() -> None:
    assert asdict(TrainConfig(epochs=1)) == DEFAULTS


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_differs_from_the_defaults_as_written_here_and_nowhere_else(name: str) -> None:
    assert asdict(RECIPES[name]) == {**DEFAULTS, **DIFFERENCES[name]}


def test_the_light_augmentation_s_numbers() -> None:
    crop, _, _, _, _, colours, *_ = AUGMENTATIONS["light"](96).transforms
    shape = (crop.min_scale, crop.max_scale, crop.min_aspect_ratio, crop.max_aspect_ratio, crop.options)
    assert shape == (0.6, 1.0, 0.75, pytest.approx(4 / 3), [0.0, 1.0])
    assert colours.brightness == colours.contrast == colours.saturation == (0.7, 1.3)
    assert colours.hue is None


def test_what_is_planned_leaves_some_memory_and_some_time() -> None:
    assert (pace.CLOCK_STEPS, pace.LOOKS, memory.USABLE, memory.CPU_BYTES) == (2000, 25, 0.7, 2**31)
    assert torch.get_default_dtype() == torch.float32  # in which bytes are counted

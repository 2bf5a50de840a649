"""Writes what the page "Watch a detector learn" trains with: `training_graph.py FOLDER`.

FOLDER/training.onnx is a step of `dsod_tiny` on eight pictures, with the package's usual optimizer, and
FOLDER/network.onnx the network that detects between the steps. Both are without weights: the page draws random ones.
"""

import sys
from pathlib import Path

import torch

from dsod_lite import dsod_tiny
from dsod_lite.deploy.training_step import export_training, export_weightless
from dsod_lite.training.optimizer import make_optimizer
from dsod_lite.training.recipe import TrainConfig

CLASSES = ("circle", "rectangle", "triangle", "yours")
IMAGE_SIZE = 96
STEM = 8  # half of dsod_tiny's: a quarter of the step's time is spent there
BATCH = 8
RECIPE = TrainConfig(epochs=1)  # AdamW, as the package has it


def write(folder: Path, batch: int = BATCH) -> None:
    torch.manual_seed(0)
    model = dsod_tiny(1 + len(CLASSES), IMAGE_SIZE, stem_channels=STEM)
    optimizer = make_optimizer(model, RECIPE)
    export_training(model, optimizer, folder / "training.onnx", batch, classes=CLASSES, with_state=False)
    export_weightless(model, optimizer, folder / "network.onnx")


if __name__ == "__main__":
    write(Path(sys.argv[1]))

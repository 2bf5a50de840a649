"""train: a named model on a folder of pictures."""

import argparse
import math
from pathlib import Path
from typing import Any

import torch

from .. import named
from ..datasets import VOCDataset
from ..datasets.transforms import AUGMENTATIONS
from ..recipe import TrainConfig
from ..training import train
from .layout import LAYOUT

HELP = "train a detector from scratch on a folder of pictures"
EPILOG = f"""{LAYOUT}

The run's folder gets checkpoint.pt and run.json after every epoch. A run that was killed goes on with --resume and
comes to the same numbers. The seed fixes a run; one by --minutes first measures how many epochs fit, and run.json
says how many they were.

examples:
  python -m dsod_lite train --data data/shapes --minutes 5 --output runs/first
  python -m dsod_lite train --data my_pictures --epochs 60 --seed 1 --output runs/mine"""

DEFAULTS = TrainConfig(minutes=5)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--model", choices=named.MODELS, default="dsod_tiny", help="default: dsod_tiny")
    add("--data", required=True, metavar="FOLDER", help="pictures and annotations, see below")
    add("--split", help="list to train on; default: trainval if the folder has it, else train")
    add("--held-out", metavar="SPLIT", help="list to judge on; default: test beside trainval, else val")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=int, help="passes over the pictures")
    length.add_argument("--minutes", type=float, default=5.0, help="or as many as fit into this time; default: 5")
    add("--image-size", type=int, metavar="S", help="side of dsod_tiny's input; default: from the pictures")
    add("--batch-size", type=int, default=DEFAULTS.batch_size, help=f"default: {DEFAULTS.batch_size}")
    add("--optimizer", choices=("adamw", "sgd"), default=DEFAULTS.optimizer,
        help="adamw learns faster in minutes, sgd is the paper's; default: adamw")  # fmt: skip
    add("--weight-decay", type=float, default=DEFAULTS.weight_decay, metavar="WD",
        help=f"default: {DEFAULTS.weight_decay}")  # fmt: skip
    add("--learning-rate", type=float, default=DEFAULTS.learning_rate, metavar="LR",
        help=f"highest learning rate; default: {DEFAULTS.learning_rate}")  # fmt: skip
    add("--augmentation", choices=AUGMENTATIONS, default="light",
        help="light (default): crops, mirror, colours; upless: also upside down, for microscopes and satellites; "
             "ssd: the paper's, for long runs")  # fmt: skip
    add("--evaluate-every", type=int, default=DEFAULTS.evaluate_every, metavar="N",
        help=f"epochs between judgements; default: {DEFAULTS.evaluate_every}")  # fmt: skip
    add("--seed", type=int, default=0, help="default: 0")
    add("--workers", type=int, default=DEFAULTS.workers, metavar="N",
        help="processes that load pictures; default: 0 on a CPU, up to 8 beside a GPU")  # fmt: skip
    add("--device", default="auto", help="cpu, cuda, …; default: a GPU where there is one")
    add("--save-memory", action="store_true",
        help="the same numbers with a third less memory: what dense layers hold is computed twice")
    add("--resume", action="store_true", help="go on with the run in --output, if there is one")
    add("--output", required=True, metavar="RUN", help="the run's folder")


def run(args: argparse.Namespace) -> int:
    config = TrainConfig(
        epochs=args.epochs,
        minutes=args.minutes if args.epochs is None else None,
        batch_size=args.batch_size,
        optimizer=args.optimizer,
        learning_rate=args.learning_rate,
        weight_decay=args.weight_decay,
        seed=args.seed,
        evaluate_every=args.evaluate_every,
        workers=args.workers,
        device=args.device,
        save_memory=args.save_memory,
    )
    root = Path(args.data)
    split = args.split or ("trainval" if has_split(root, "trainval") else "train")
    held_out = args.held_out or ("test" if split == "trainval" else "val")
    train_set = VOCDataset(root, split)
    if not train_set.classes:
        raise ValueError(f"{root / 'Annotations'}: no annotation has an object, so there is nothing to learn to find")
    judge = args.held_out or has_split(root, held_out)
    val_set = VOCDataset(root, held_out, classes=train_set.classes) if judge else None

    settings: dict[str, Any] = {"num_classes": len(train_set.classes) + 1}
    if args.image_size is not None:
        if args.model != "dsod_tiny":
            raise ValueError(f"--image-size: {args.model} has a size of its own; only dsod_tiny takes any")
        if args.image_size < 1:
            raise ValueError(f"--image-size is {args.image_size}; it has to be above 0")
        settings["image_size"] = args.image_size
    elif args.model == "dsod_tiny":
        settings["image_size"] = default_image_size(train_set)
    torch.manual_seed(args.seed)  # the initial weights
    model = named.MODELS[args.model](**settings)
    train_set.transform = AUGMENTATIONS[args.augmentation](model.config.image_size)

    judged = f"judged on {held_out} ({len(val_set)})" if val_set is not None else "with no held-out pictures"
    print(f"{args.model} at {model.config.image_size}×{model.config.image_size}: {', '.join(train_set.classes)}")
    print(f"training on {split} ({len(train_set)} pictures), {judged}; everything goes to {args.output}")
    train(model, train_set, val_set, config, args.output, args.resume)
    return 0


def has_split(root: Path, split: str) -> bool:
    """Whether the folder has such a list of pictures."""
    return (root / "ImageSets" / "Main" / f"{split}.txt").exists()


def default_image_size(dataset: VOCDataset) -> int:
    """The network's input for these pictures: their own median side up to 256 pixels, a multiple of 32."""
    sides = sorted(math.sqrt(width * height) for width, height in dataset.sizes)
    return min(256, max(64, 32 * round(sides[len(sides) // 2] / 32)))

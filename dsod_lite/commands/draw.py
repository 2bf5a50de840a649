"""draw: a folder of shapes to train on."""

import argparse

from ..datasets import write_shapes
from ..datasets.shapes.dataset import SHIPPED

HELP = "draw a folder of shapes to train on"
EPILOG = "Without options it draws what the repository ships as data/shapes."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folder", metavar="FOLDER")
    add("--image-size", type=int, default=128, help="default: 128")
    for split in ("train", "val", "test"):
        add(f"--{split}", type=int, default=SHIPPED[split], metavar="N",
            help=f"pictures in {split}; default: {SHIPPED[split]}")  # fmt: skip
    add("--level", choices=("standard", "hard"), default="standard")
    add("--seed", type=int, default=0)


def run(args: argparse.Namespace) -> int:
    write_shapes(args.folder, args.image_size, args.train, args.val, args.test, args.seed, args.level)
    return 0

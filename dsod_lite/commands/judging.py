"""What the commands that judge a detector begin with."""

import argparse
from typing import Any

from torch import Tensor

from ..datasets import open_split
from ..datasets.images import is_picture
from ..evaluation.predict import predict
from ..support.processes import join
from ..weights.checkpoint import load_model


def add_judging(parser: argparse.ArgumentParser, split: str = "test") -> None:
    """--data, --split, --batch-size, --workers, --device."""
    add = parser.add_argument
    add("--data", required=True, metavar="FOLDER")
    add("--split", default=split, help=f"default: {split}")
    add("--batch-size", type=int, default=16, help="default: 16")
    add("--workers", type=int, metavar="N",
        help="processes that load pictures; default: 0 on a CPU, up to 8 beside a GPU")  # fmt: skip
    add("--device", default="auto")


def sheet_file(name: str) -> str:
    """The argument of --sheet. Raises ArgumentTypeError, before anything is judged, for what is no picture's name."""
    if not is_picture(name):
        raise argparse.ArgumentTypeError(f"{name} is no picture's name; take {name}.png")
    return name


def judged(
    checkpoint: str, args: argparse.Namespace, classes: tuple[str, ...] | None = None
) -> tuple[tuple[str, ...], Any, list[dict[str, Tensor]], list[dict[str, Any]]]:
    """The classes of a run, the split's data set, and detections and targets of its pictures.

    Args:
        checkpoint: the run's folder or its file.
        args: what `add_judging` asks for.
        classes: those that the run has to have; None: any.
    """
    model, own = load_model(checkpoint, join(args.device))
    dataset = open_split(args.data, args.split, classes or own)
    return own, dataset, *predict(model, dataset, args.batch_size, args.workers)

"""python -m dsod_lite: train, evaluate, detect, check, draw, download, benchmark."""

import argparse
import sys

from . import commands
from .checkpoint import CheckpointError
from .datasets import DataError
from .datasets.shapes import SHIPPED
from .datasets.transforms import AUGMENTATIONS
from .recipe import TrainConfig
from .training import NonFiniteLoss

LAYOUT = """FOLDER is in Pascal VOC's layout:
  JPEGImages/NAME.jpg             pictures, of any size
  Annotations/NAME.xml            one file for each, with <object><name>, <bndbox><xmin>…
  ImageSets/Main/train.txt        the names that belong to a split; val.txt, test.txt and trainval.txt likewise"""


def add_command(
    commands_: argparse._SubParsersAction, name: str, run: object, help_: str, epilog: str
) -> argparse.ArgumentParser:
    """A command with its one-line help and, under its options, what else one should know."""
    parser = commands_.add_parser(
        name, help=help_, description=help_, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.set_defaults(run=run)
    return parser


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="python -m dsod_lite",
        description="DSOD, the object detector that learns from scratch.",
        epilog="Start here:  python -m dsod_lite train --data data/shapes --minutes 5 --output runs/first",
    )
    sub = parser.add_subparsers(metavar="COMMAND", required=True)
    defaults = TrainConfig(minutes=5)

    train = add_command(
        sub, "train", commands.run_train, "train a detector from scratch on a folder of pictures",
        f"""{LAYOUT}

The run's folder gets checkpoint.pt and run.json after every epoch. A run that was killed goes on with --resume and
comes to the same numbers. The seed fixes a run; one by --minutes first measures how many epochs fit, and run.json
says how many they were.

examples:
  python -m dsod_lite train --data data/shapes --minutes 5 --output runs/first
  python -m dsod_lite train --data my_pictures --epochs 60 --seed 1 --output runs/mine""",
    )  # fmt: skip
    train.add_argument("--model", choices=commands.MODELS, default="dsod_tiny", help="default: dsod_tiny")
    train.add_argument("--data", required=True, metavar="FOLDER", help="pictures and annotations, see below")
    train.add_argument("--split", help="list to train on; default: trainval if the folder has it, else train")
    train.add_argument("--held-out", metavar="SPLIT", help="list to judge on; default: test beside trainval, else val")
    length = train.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=int, help="passes over the pictures")
    length.add_argument("--minutes", type=float, default=5.0, help="or as many as fit into this time; default: 5")
    train.add_argument("--image-size", type=int, metavar="S",
                       help="side of dsod_tiny's input; default: from the pictures")  # fmt: skip
    train.add_argument("--batch-size", type=int, default=defaults.batch_size, help=f"default: {defaults.batch_size}")
    train.add_argument("--optimizer", choices=("adamw", "sgd"), default=defaults.optimizer,
                       help="adamw learns faster in minutes, sgd is the paper's; default: adamw")  # fmt: skip
    train.add_argument("--weight-decay", type=float, default=defaults.weight_decay, metavar="WD",
                       help=f"default: {defaults.weight_decay}")  # fmt: skip
    train.add_argument("--learning-rate", type=float, default=defaults.learning_rate, metavar="LR",
                       help=f"highest learning rate; default: {defaults.learning_rate}")  # fmt: skip
    train.add_argument("--augmentation", choices=AUGMENTATIONS, default="light",
                       help="light (default): crops, mirror, colours; upless: also upside down, for microscopes "
                            "and satellites; ssd: the paper's, for long runs")  # fmt: skip
    train.add_argument("--evaluate-every", type=int, default=defaults.evaluate_every, metavar="N",
                       help=f"epochs between judgements; default: {defaults.evaluate_every}")  # fmt: skip
    train.add_argument("--seed", type=int, default=0, help="default: 0")
    train.add_argument("--workers", type=int, default=defaults.workers, metavar="N",
                       help="processes that load pictures; default: 0 on a CPU, up to 8 beside a GPU")  # fmt: skip
    train.add_argument("--device", default="auto", help="cpu, cuda, …; default: a GPU where there is one")
    train.add_argument("--resume", action="store_true", help="go on with the run in --output, if there is one")
    train.add_argument("--output", required=True, metavar="RUN", help="the run's folder")

    evaluate = add_command(sub, "evaluate", commands.run_evaluate, "judge a trained detector on a split", LAYOUT)
    evaluate.add_argument("--checkpoint", required=True, metavar="RUN", help="a run's folder, or its checkpoint.pt")
    evaluate.add_argument("--data", required=True, metavar="FOLDER")
    evaluate.add_argument("--split", default="test", help="default: test")
    evaluate.add_argument("--json", metavar="FILE", help="write AP50, AP and AP50 by class here too")
    evaluate.add_argument("--batch-size", type=int, default=16, help="default: 16")
    evaluate.add_argument("--device", default="auto")

    detect = add_command(sub, "detect", commands.run_detect, "draw what a trained detector finds in pictures",
                         "Writes each picture with its boxes as a PNG, and all boxes to detections.json.")  # fmt: skip
    detect.add_argument("pictures", nargs="+", metavar="PICTURE_OR_FOLDER")
    detect.add_argument("--checkpoint", required=True, metavar="RUN", help="a run's folder, or its checkpoint.pt")
    detect.add_argument("--output", required=True, metavar="FOLDER")
    detect.add_argument("--min-score", type=float, default=0.4, metavar="P",
                        help="draw boxes with at least this score; default: 0.4")  # fmt: skip
    detect.add_argument("--device", default="auto")

    check = add_command(sub, "check", commands.run_check, "list every defect of a folder at once",
                        f"One defect a line; the exit status is 1 if there is any.\n\n{LAYOUT}")  # fmt: skip
    check.add_argument("folder", metavar="FOLDER")

    draw = add_command(sub, "draw", commands.run_draw, "draw a folder of shapes to train on",
                       "Without options it draws data/shapes as the repository ships it.")  # fmt: skip
    draw.add_argument("folder", metavar="FOLDER")
    draw.add_argument("--image-size", type=int, default=128, help="default: 128")
    for split in ("train", "val", "test"):
        draw.add_argument(f"--{split}", type=int, default=SHIPPED[split], metavar="N",
                          help=f"pictures in {split}; default: {SHIPPED[split]}")  # fmt: skip
    draw.add_argument("--level", choices=("standard", "hard"), default="standard")
    draw.add_argument("--seed", type=int, default=0)

    download = add_command(sub, "download", commands.run_download, "fetch a public data set and check every file",
                           "bccd: 364 photographs of blood cells (MIT), 8 MB, from Shenggan/BCCD_Dataset.")  # fmt: skip
    download.add_argument("dataset", choices=("bccd",))
    download.add_argument("--to", required=True, metavar="FOLDER", help="where to put it; must not exist yet")
    download.add_argument("--archive", metavar="FILE", help="unpack this .zip instead of fetching one")

    benchmark = add_command(sub, "benchmark", commands.run_benchmark, "time the detector's parts on this machine", "")
    benchmark.add_argument("--json", metavar="FILE", help="write the table here too")
    return parser


def main() -> int:
    """Runs one command. What the user can mend is said in one line, without a traceback."""
    args = build_parser().parse_args()
    try:
        return args.run(args)
    except (DataError, CheckpointError, NonFiniteLoss, ValueError, OSError) as error:
        print(f"error: {said(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        kept = "; what was finished is in the run's folder, and --resume goes on from there"
        print(f"stopped{kept if args.run is commands.run_train else ''}", file=sys.stderr)
        return 130


def said(error: Exception) -> str:
    """An error's message in one line. From a process that loads pictures it comes wrapped in that one's traceback."""
    message = str(error)
    if message.startswith("Caught "):
        message = message.rpartition(f"{type(error).__name__}: ")[2]
    return " ".join(message.split())


if __name__ == "__main__":
    sys.exit(main())

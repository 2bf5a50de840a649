"""learn: from labelled pictures to a detector and a page about it, in one line."""

import argparse
import hashlib
import shlex
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..datasets import arrange_folder, open_split
from ..datasets.augmentation.mixed import Mixed
from ..datasets.augmentation.transforms import AUGMENTATIONS
from ..datasets.folder_tools.check import Seen, examine_folder
from ..datasets.folders import has_split
from ..datasets.objects import objects_of
from ..evaluation.predict import predict
from ..report.report import Judged, Learned, write_report
from ..support.errors import DataError
from ..support.files import write_json, write_whole
from ..support.processes import pick_device
from ..weights.checkpoint import BEST, CHECKPOINT, load_checkpoint, load_model, load_threshold
from ..weights.start import SHAPES
from . import train
from .layout import LAYOUT
from .priors import report

HELP = "from a folder of labelled pictures to a detector and a page about it"
EPILOG = f"""It recognises the labels' format, looks for defects, divides the pictures where they are not divided,
trains for the minutes given, with objects of other pictures pasted into half of them and half of them made of four,
and judges the best epoch on pictures that were never trained on. RUN/report.html then has the numbers, the mistakes as
pictures, labels that are probably wrong, what to do next, and the detector itself, for pictures, videos and the camera;
it works offline. The same call goes on with one that was stopped or killed.

{LAYOUT}

example:
  python -m dsod_lite learn photographs --minutes 10"""
PICTURES = "pictures"
"""The folder in a run's with the divided pictures."""
SOURCE = "pictures.sha256"
"""Beside it: the digest of what they are divided from."""
RANDOM = "random"
"""In the place of a checkpoint: random weights."""
MIXED = {name: {"copy_paste": 0.5, "mosaic": 0.0 if name == "upless" else 0.5} for name in AUGMENTATIONS}
"""For each augmentation the share of pictures into which an object is pasted, and of those that are made of four: what
helps with few photographs (book/experiments/PLAN.md). Under a microscope things have one size, which mosaic halves."""
PAGE = "report.html"
LISTED = 10
"""Defects that are printed; the page has more."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folder", metavar="FOLDER", help="labelled pictures, in any of the formats below")
    add("--minutes", type=float, default=5, help="of training; default: 5")
    add("--output", metavar="RUN", help="the run's folder; default: runs/NAME, by the folder's")
    add("--augmentation", choices=AUGMENTATIONS, default="light",
        help="default: light; upless for pictures that have no up, such as a microscope's: none is made of four "
        "then, as things have one size there")  # fmt: skip
    add("--image-size", type=int, metavar="S", help="side of the input; default: as objects and minutes ask for")
    add("--start-from", metavar="CHECKPOINT", default=str(SHAPES), help="begin with the weights of another run, of "
        "other classes too, or `random`; default: those of the book's drawn shapes")  # fmt: skip
    add("--seed", type=int, default=0, help="of the random numbers; default: 0")
    add("--device", default="auto")


def run(args: argparse.Namespace) -> int:
    output = Path(args.output or Path("runs") / Path(args.folder).resolve().name)
    if (output / PAGE).exists():
        raise DataError(f"{output}: holds a run already; name another folder with --output")
    found = examine_folder(args.folder)
    if not found.seen:
        raise DataError(found.defects[0] if found.defects else f"{args.folder}: there are no labelled pictures")
    print(f"{args.folder}: {len(found.seen)} pictures with labels ({found.format}), {len(found.defects)} defects")
    for defect in found.defects[:LISTED]:
        print(f"  {defect}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is wrong has been said
        data, division = divided(args, output, found.seen)
        train.run(train_arguments(args, data, division, output))
        said = judge(args, data, division, output, found.defects)
    low, high = said["interval"]
    sure = f", 95 % interval {low:.2f} to {high:.2f}" if low is not None else ""
    print(f"{division[-1]}: AP50 {said['AP50']:.3f}{sure}; shown from a score of {said['threshold']:.2f} on")
    print(f"Next: open {output / PAGE}")
    return 0


def divided(args: argparse.Namespace, output: Path, seen: Mapping[Path, Seen]) -> tuple[str, list[str]]:
    """A folder that is divided, and its lists to train on, to choose by, and for the last word where there is one.

    A folder with train and test alone is arranged too: val comes from its train. Of a call that was stopped the
    pictures are there already; if it had not begun to train they are divided anew.

    Raises DataError where copies of one photograph, which stay together, leave nothing to judge by, and where the
    run's folder has other pictures than these.
    """
    for lists in (["train", "val", "test"], ["train", "val"]):
        if all(has_split(args.folder, split) for split in lists):
            return args.folder, lists
    data, source = output / PICTURES, output / SOURCE
    begun = (output / CHECKPOINT).exists()
    if begun or data.exists():
        before = source.read_bytes() if source.is_file() else b""  # without it the pictures are not of our making
        if not before or (begun and before != digest(seen)):
            raise DataError(f"{output}: holds a run on other pictures or labels; name another folder with --output")
        if begun:
            return str(data), [split for split in ("train", "val", "test") if has_split(data, split)]
        shutil.rmtree(data)
    write_whole(source, digest(seen))
    done = arrange_folder([args.folder], data, seed=args.seed)
    found = [split for split in ("train", "val", "test") if done.lists.get(split)]
    if len(found) == 1:
        shutil.rmtree(data)
        number = len(done.lists["train"])
        said = f"{number} pictures, {done.copies} of them copies of another" if done.copies else f"{number} picture"
        raise DataError(f"{args.folder}: {said}: that leaves none to judge the detector by")
    return str(data), found


def digest(seen: Mapping[Path, Seen]) -> bytes:
    """Of pictures and labels: another one, or a box that was moved, changes it. Where the folder lies does not."""
    found = (f"{picture.print.digest.hex()} {picture.labels}" for picture in seen.values())
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest().encode()


def train_arguments(args: argparse.Namespace, data: str, division: list[str], output: Path) -> argparse.Namespace:
    """The command line of `train`."""
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    words = ["--data", data, "--split", division[0], "--validation", division[1], "--minutes", str(args.minutes)]
    words += ["--augmentation", args.augmentation, "--seed", str(args.seed), "--device", args.device]
    mixed = MIXED[args.augmentation]
    words += ["--copy-paste", str(mixed["copy_paste"]), "--mosaic", str(mixed["mosaic"])]
    words += ["--output", str(output), "--resume"]
    if args.image_size is not None:
        words += ["--image-size", str(args.image_size)]
    if args.start_from != RANDOM:
        words += ["--model", "dsod_tiny", "--start-from", args.start_from]  # its weights, at an input of our own
    return parser.parse_args(words)


def judge(args: argparse.Namespace, data: str, division: list[str], output: Path, defects: list[str]) -> dict[str, Any]:
    """Judges the best epoch, and writes the page and its numbers."""
    state = load_checkpoint(output)
    model, classes = load_model(output / BEST, pick_device(args.device))
    judged = []
    for split in reversed(division[1:]):  # the last word first
        dataset = open_split(data, split, classes)
        judged.append(Judged(split, dataset, *predict(model, dataset)))
    train_set = open_split(data, division[0], classes, with_objects=True)
    boxes, labels = objects_of(train_set)
    size = model.config.image_size
    priors = report(boxes, labels, classes, model.priors.cpu(), size, tiny=True)
    train_set.transform = AUGMENTATIONS[args.augmentation](size)
    threshold = load_threshold(output / BEST)
    best = shlex.quote((output / BEST).as_posix())
    command = f"python -m dsod_lite detect PICTURES --checkpoint {best} --output found"
    learned = Learned(
        title=f"Detector: {', '.join(classes[:5])}{' …' if len(classes) > 5 else ''}",
        model=model, classes=classes, train_set=Mixed(train_set, **MIXED[args.augmentation]), history=state["history"],
        threshold=0.4 if threshold is None else threshold, judged=judged[0], minutes=state["seconds"] / 60,
        command=command, defects=defects, priors=priors, others=judged[1:],
    )  # fmt: skip
    said = write_report(learned, output / PAGE)
    write_json(output / "report.json", said)
    return said

"""arrange: labelled pictures in any format become a folder that is divided, in whichever format is wanted."""

import argparse
from pathlib import Path

from ..datasets import arrange_folder
from ..datasets.formats.table import WRITTEN
from .layout import LAYOUT

HELP = "divide labelled pictures into train, val and test, or convert them to another format"
EPILOG = f"""The files are copied; yours stay as they are. A division that is there (train/, valid/, test/) is kept,
but where train and test are alone, val comes from train (with --val 0 it does not). Else the lists are sampled at
random, copies of one photograph in the same list. Where other pictures belong together (of one patient, of one
scene), edit OUT/ImageSets/Main/*.txt so that they share a list. Boxes, classes and the marks "difficult" (VOC) and
"crowd" (COCO) are carried over; truncated, occluded and what else a tool notes stays behind.

{LAYOUT}

examples:
  python -m dsod_lite arrange photographs --to my_pictures
  python -m dsod_lite arrange photographs labels --to my_pictures --val 0.1 --test 0.3
  python -m dsod_lite arrange my_pictures --to for_yolo --format yolo"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folders", nargs="+", metavar="FOLDER", help="with pictures, labels, or both, at any depth")
    add("--to", required=True, metavar="OUT", help="the new folder; must not exist yet")
    add("--format", choices=WRITTEN, default="voc", help="of the new folder; default: voc")
    add("--val", type=float, default=0.2, metavar="SHARE", help="of the pictures, for validation; default: 0.2")
    add("--test", type=float, default=0.2, metavar="SHARE", help="of the pictures, for the last word; default: 0.2")
    add("--seed", type=int, default=0, help="of the random numbers; default: 0")


def run(args: argparse.Namespace) -> int:
    done = arrange_folder(args.folders, args.to, args.val, args.test, args.seed, args.format)
    print(f"{args.to}: {', '.join(f'{len(names)} pictures in {split}' for split, names in done.lists.items())}")
    if done.kept:
        taken = "; val was sampled from its train" if done.val_from_train else ""
        print(f"the division is that of {', '.join(args.folders)} ({done.format}){taken}")
    if done.copies:
        print(f"{done.copies} pictures show the same as another one; they are in its list")
    if done.crowds:
        print(f"left out: {done.crowds} boxes around crowds, for which {args.format} has no place")
    if done.difficult:
        print(f"{done.difficult} objects are no longer marked as difficult, for which {args.format} has no place")
    for kind, partner, paths in (
        ("pictures", "labels (a file of labels without objects stands for a picture without any)", done.pictures_alone),
        ("files of labels", "a picture of their name", done.annotations_alone),
    ):
        if paths:
            print(f"left out: {len(paths)} {kind} without {partner}: {some(paths)}")
    print(f"Next: python -m dsod_lite check {args.to}")
    return 0


def some(paths: list[Path]) -> str:
    """The first five names, and a mark if there are more."""
    return ", ".join([path.name for path in paths[:5]] + ["…"] * (len(paths) > 5))

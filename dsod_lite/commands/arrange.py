"""arrange: loose pictures and XML files become a folder to train on."""

import argparse
from pathlib import Path

from ..datasets import arrange_folder

HELP = "make a folder to train on of your own pictures and their XML files"
EPILOG = """Takes what LabelImg, CVAT and others write as Pascal VOC: NAME.xml beside NAME.jpg, or in a folder of its
own. The files are copied; yours stay as they are. The lists are sampled at random, picture by picture. Where pictures
belong together (of one patient, of one scene), edit OUT/ImageSets/Main/*.txt so that they share a list.

examples:
  python -m dsod_lite arrange photographs --to my_pictures
  python -m dsod_lite arrange photographs labels --to my_pictures --val 0.1 --test 0.3"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folders", nargs="+", metavar="FOLDER", help="with pictures, XML files, or both, at any depth")
    add("--to", required=True, metavar="OUT", help="the folder in VOC's layout; must not exist yet")
    add("--val", type=float, default=0.2, metavar="SHARE", help="of the pictures, for validation; default: 0.2")
    add("--test", type=float, default=0.2, metavar="SHARE", help="of the pictures, for the last word; default: 0.2")
    add("--seed", type=int, default=0, help="of the random numbers; default: 0")


def run(args: argparse.Namespace) -> int:
    done = arrange_folder(args.folders, args.to, args.val, args.test, args.seed)
    print(f"{args.to}: {', '.join(f'{len(names)} pictures in {split}' for split, names in done.lists.items())}")
    for kind, partner, paths in (
        ("pictures", "an XML file of their name (one without objects stands for a picture without any)",
         done.pictures_alone),
        ("XML files", "a picture of their name", done.annotations_alone),
    ):  # fmt: skip
        if paths:
            print(f"left out: {len(paths)} {kind} without {partner}: {some(paths)}")
    print(f"Next: python -m dsod_lite check {args.to}")
    return 0


def some(paths: list[Path]) -> str:
    """The first five names, and a mark if there are more."""
    return ", ".join([path.name for path in paths[:5]] + ["…"] * (len(paths) > 5))

"""check: list every defect of a folder at once, and count its objects."""

import argparse
from collections import Counter

from ..datasets.folder_tools.check import examine_folder
from ..datasets.folder_tools.small_objects import vanishing
from ..datasets.objects import objects_of_labels
from ..training.choice import chosen_size
from .layout import LAYOUT
from .priors import report_on_pictures

HELP = "list every defect of a folder at once, and count its objects"
EPILOG = f"""One defect a line; the exit status is 1 if there is any. A table below them counts the
objects of each class: a slip of the keyboard is a class of its own there, and what train lacks cannot be learned. A
second table says what share of them the priors (anchors) reach, and what would help where it is too few.

{LAYOUT}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER")
    parser.add_argument("--image-size", type=int, metavar="S",
        help="of the network, to say which objects are too small for it; default: train's")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    found = examine_folder(args.folder)
    for defect in found.defects:
        print(defect)
    pictures = [seen.labels for seen in found.seen.values()]
    if pictures:
        boxes, labels, _ = objects_of_labels(pictures)
        size = args.image_size or chosen_size(boxes, labels, [picture.size for picture in pictures])
        found.notes += filter(None, [vanishing(pictures, size)])
    for note in found.notes:
        print(f"note: {note}")
    if not found.defects:
        print(f"{args.folder} ({found.format}): no defects")
    if found.counts:
        print(f"\n{table(found.counts)}")
    if pictures and (lines := report_on_pictures(pictures, size)):
        print("", *lines, sep="\n")
    return 1 if found.defects else 0


def table(counts: dict[str, Counter[str]]) -> str:
    """A line for each class, a column for each list."""
    names = sorted(set().union(*counts.values()))
    width = max(map(len, ("class", *names)))
    rows = [f"{'class':{width}}" + "".join(f"  {split:>8}" for split in counts)]
    rows += [f"{name:{width}}" + "".join(f"  {count[name]:8}" for count in counts.values()) for name in names]
    return "\n".join(rows)

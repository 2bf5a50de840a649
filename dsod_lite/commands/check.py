"""check: list every defect of a folder at once, and count its objects."""

import argparse
from collections import Counter

from ..datasets import check_folder
from ..datasets.folder_tools.check import count_objects
from .layout import VOC_LAYOUT
from .priors import report_on_folder

HELP = "list every defect of a folder at once, and count its objects"
EPILOG = f"""One defect a line; the exit status is 1 if there is any. A table below them counts the
objects of each class: a slip of the keyboard is a class of its own there, and what train lacks cannot be learned. A
second table says what share of them the priors (anchors) reach, and what would help where it is too few.

{VOC_LAYOUT}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER")


def run(args: argparse.Namespace) -> int:
    defects = check_folder(args.folder)
    for defect in defects:
        print(defect)
    if not defects:
        print(f"{args.folder}: no defects")
    if counts := count_objects(args.folder):
        print(f"\n{table(counts)}")
    if lines := report_on_folder(args.folder):
        print("", *lines, sep="\n")
    return 1 if defects else 0


def table(counts: dict[str, Counter[str]]) -> str:
    """A line for each class, a column for each list."""
    names = sorted(set().union(*counts.values()))
    width = max(map(len, ("class", *names)))
    rows = [f"{'class':{width}}" + "".join(f"  {split:>8}" for split in counts)]
    rows += [f"{name:{width}}" + "".join(f"  {count[name]:8}" for count in counts.values()) for name in names]
    return "\n".join(rows)

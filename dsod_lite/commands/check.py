"""check: list every defect of a folder at once."""

import argparse

from ..datasets import check_folder
from .layout import LAYOUT

HELP = "list every defect of a folder at once"
EPILOG = f"One defect a line; the exit status is 1 if there is any.\n\n{LAYOUT}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER")


def run(args: argparse.Namespace) -> int:
    defects = check_folder(args.folder)
    for defect in defects:
        print(defect)
    if not defects:
        print(f"{args.folder}: no defects")
    return 1 if defects else 0

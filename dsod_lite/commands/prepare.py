"""prepare: a copy of a folder whose large pictures are shrunk once."""

import argparse

from ..datasets.folder_tools.prepared import prepare_folder
from .layout import LAYOUT

HELP = "copy a folder and shrink its large pictures, so that training decodes them faster"
EPILOG = f"""It pays for photographs of several megapixels; pictures of VOC's and COCO's size are copied as they are.

{LAYOUT}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folder", metavar="FOLDER")
    add("--to", required=True, metavar="OUT", help="the copy; must not exist yet")
    add("--size", type=int, default=512,
        help="pixels that the shorter side keeps; default: 512, enough for a network of 300")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    done = prepare_folder(args.folder, args.to, args.size)
    before, after = done.bytes_before / 2**20, done.bytes_after / 2**20
    print(f"{args.to}: {done.pictures:,} pictures, {done.shrunk:,} of them shrunk; {before:,.1f} MB → {after:,.1f} MB")
    return 0

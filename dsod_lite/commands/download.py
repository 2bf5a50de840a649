"""download: fetch a public data set and check every file."""

import argparse

from ..datasets import download_bccd

HELP = "fetch a public data set and check every file"
EPILOG = "bccd: 364 photographs of blood cells (MIT), 8 MB, from Shenggan/BCCD_Dataset."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("dataset", choices=("bccd",))
    add("--to", required=True, metavar="FOLDER", help="where to put it; must not exist yet")
    add("--archive", metavar="FILE", help="unpack this .zip instead of fetching one")


def run(args: argparse.Namespace) -> int:
    download_bccd(args.to, args.archive)
    print(f"{args.to}: every file has its SHA-256 sum")
    return 0

"""benchmark: time the detector's parts on this machine."""

import argparse
from pathlib import Path

from ..support.files import write_json

HELP = "time the detector's parts on this machine"
EPILOG = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", metavar="FILE", help="write the table here too")


def run(args: argparse.Namespace) -> int:
    from ..deploy.benchmark import benchmark  # torchvision's reference models take a while to import

    rows = benchmark()
    if args.json:
        write_json(Path(args.json), rows)
    return 0

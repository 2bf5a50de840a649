"""The experiments' command line: python -m book.experiments NAME | list | verify | findings."""

import argparse
import sys
from pathlib import Path

from dsod_lite.support.signals import while_read

from .machinery.catalogue import experiments, list_all
from .machinery.records import RECORDS
from .machinery.runner import run_all
from .machinery.table import as_text, rows, write
from .machinery.verify import verify

EPILOG = """\
examples:
  python -m book.experiments list
      what there is, and which seeds are recorded
  python -m book.experiments ladder
      make the runs of an experiment that are not recorded yet: all its variants, seed by seed, each on one
      thread. A run that was stopped is begun again by the same line. Give the line in a second terminal, and
      the two share the work.
  python -m book.experiments ladder --variant 1_base --seeds 5
      one variant only, and seeds 0 to 4
  python -m book.experiments ladder --epochs 1 --output /tmp/try
      a quick try that touches no record
  python -m book.experiments verify
      make one recorded run again, picked by chance, and see whether it comes out as recorded
  python -m book.experiments findings --json findings.json
      every finding with its interval, its verdict and what it shares with others; without --json as a table
"""


def main(arguments: list[str] | None = None) -> int:
    """Does what the command line says, and returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m book.experiments",
        description="The paper's findings, measured again in small. Each run leaves a record in data/runs/NAME/.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [*experiments(), "list", "verify", "findings"]
    parser.add_argument("name", choices=names, metavar="NAME", help=f"one of {', '.join(names)}")
    parser.add_argument("--seeds", type=positive, metavar="N", help="run the seeds 0 to N - 1 (the experiment's own)")
    parser.add_argument("--epochs", type=positive, metavar="E", help="passes over the pictures (the experiment's own)")
    parser.add_argument("--variant", action="append", metavar="V", help="this variant only; may be given again")
    parser.add_argument("--seed", type=int, metavar="S", help="verify: fixes which record it picks")
    parser.add_argument(
        "--output", type=Path, default=RECORDS, metavar="FOLDER", help="where the records are (data/runs)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="findings: write the rows to a file")
    options = parser.parse_args(arguments)
    try:
        if options.name == "list":
            list_all(options.output)
        elif options.name == "findings" and options.json:
            write(options.json, options.output)
        elif options.name == "findings":
            print(as_text(rows(options.output)))
        elif options.name == "verify":
            return 0 if verify(options.seed, options.output) else 1
        else:
            run_all(options.name, options.seeds, options.epochs, options.variant, options.output)
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))
    return 0


def positive(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


if __name__ == "__main__":
    sys.exit(while_read(main))

"""python -m dsod_lite COMMAND: train, evaluate, detect, and what else `commands` has."""

import argparse
import io
import sys
import warnings
from typing import Any

from .commands import COMMANDS
from .support.errors import UserError


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="python -m dsod_lite",
        description="DSOD, the object detector that learns from scratch.",
        epilog="Start here:  python -m dsod_lite train --data data/shapes --minutes 5 --output runs/first",
    )
    sub = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        its_parser = sub.add_parser(
            name,
            help=command.HELP,
            description=command.HELP,
            epilog=command.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(its_parser)
        its_parser.set_defaults(command=name)
    return parser


def main() -> int:
    """Runs one command. What the user can mend is said in one line; all else is a bug, and shows its traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a pipe that has no arrow must not end a run
    args = build_parser().parse_args()
    try:
        return COMMANDS[args.command].run(args)
    except (UserError, OSError) as error:
        print(f"error: {said(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        kept = "; what was finished is in the run's folder, and --resume goes on from there"
        print(f"stopped{kept if args.command == 'train' else ''}", file=sys.stderr)
        return 130


def warning_line(message: Any, *_: Any) -> str:
    """A warning in one line: it is about the user's files, not about the line of ours that noticed."""
    return f"warning: {message}\n"


def said(error: Exception) -> str:
    """An error's message in one line. From a process that loads pictures it comes wrapped in that one's traceback."""
    message = str(error)
    if message.startswith("Caught "):
        message = message.rpartition(f"{type(error).__name__}: ")[2]
    return " ".join(message.split())


if __name__ == "__main__":
    warnings.formatwarning = warning_line  # type: ignore[assignment]
    sys.exit(main())

"""python -m dsod_lite COMMAND: train, evaluate, detect, and what else `commands` has."""

import argparse
import contextlib
import io
import signal
import sys
import warnings
from typing import Any

from .commands import COMMANDS
from .support.errors import UserError, printable
from .support.processes import first_to_say
from .support.signals import StopRequest, while_read


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


class Printable:
    """A stream on which the names in a data set's files do nothing but be read."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(printable(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def main() -> int:
    """Runs one command. What the user can mend is said in one line; all else is a bug, and shows its traceback.

    Of several processes that say the same, one does.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a pipe that has no arrow must not end a run
    with contextlib.redirect_stderr(sys.stderr if first_to_say("arguments") else io.StringIO()):
        args = build_parser().parse_args()
    try:
        # SIGTERM is answered as Ctrl-C is: what is half made is put away on the way out
        with contextlib.redirect_stdout(Printable(sys.stdout)), StopRequest() as stop, stop.at_once():
            return COMMANDS[args.command].run(args)
    except BrokenPipeError:
        raise
    except (UserError, OSError) as error:
        line, status = f"error: {said(error)}", 2
    except KeyboardInterrupt as error:
        signum = getattr(error, "signum", signal.SIGINT)
        line, status = f"stopped by {signal.Signals(signum).name}", 128 + signum
        if args.command == "learn":
            line += "; the same call goes on from there"
        if args.command == "train":
            line += f"; what was done is in {args.output}, and --resume goes on from there"
    if first_to_say(line):
        print(printable(line), file=sys.stderr)
    return status


def warning_line(message: Any, *_: Any) -> str:
    """A warning in one line: it is about the user's files, not about the line of ours that noticed."""
    return f"warning: {printable(str(message))}\n"


def said(error: Exception) -> str:
    """An error's message in one line. From a process that loads pictures it comes wrapped in that one's traceback."""
    message = str(error)
    if message.startswith("Caught "):
        message = message.rpartition(f"{type(error).__name__}: ")[2]
    return " ".join(message.split())


if __name__ == "__main__":
    warnings.formatwarning = warning_line  # type: ignore[assignment]
    sys.exit(while_read(main))

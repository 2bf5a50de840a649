"""The commands of `python -m dsod_lite`, one a file.

Each has HELP, its line in the list; EPILOG, what stands under its options; `add_arguments(parser)`; and `run(args)`,
which returns the exit status. What the user can mend is raised as a UserError or an OSError that names the file or
the option; any other error is a bug.
"""

from . import (
    arrange,
    benchmark,
    check,
    compare,
    convert,
    detect,
    download,
    draw,
    errors,
    evaluate,
    export,
    learn,
    prepare,
    suspects,
    train,
)

COMMANDS = {
    "learn": learn,
    "train": train,
    "evaluate": evaluate,
    "compare": compare,
    "errors": errors,
    "suspects": suspects,
    "detect": detect,
    "arrange": arrange,
    "check": check,
    "draw": draw,
    "download": download,
    "prepare": prepare,
    "convert": convert,
    "export": export,
    "benchmark": benchmark,
}

"""python -m dsod_lite.exercises.own.run FOLDER COMMAND ...: the package's commands, with a student's files in it."""

import runpy
import sys
from pathlib import Path

from .overlay import put_on


def main() -> None:
    folder = Path(sys.argv[1])
    put_on(folder)
    sys.argv = ["dsod_lite", *sys.argv[2:]]
    runpy.run_module("dsod_lite", run_name="__main__")


if __name__ == "__main__":
    main()

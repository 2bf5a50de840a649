"""Runs chapters, or the package's tests, with nothing but Python: where there is no `make`, on Windows say.

    python -m book run                                      # every notebook, one after the other
    python -m book run book/foundations/boxes.ipynb …
    python -m book test

`make book` runs each notebook by the same lines, those that changed and several side by side, and builds the pages.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from tqdm import tqdm

TIMEOUT = 1800
"""Seconds that a cell may take."""


def run(notebook: Path) -> Path:
    """Executes a notebook in its own folder. Returns the copy with its outputs, in `_executed/`.

    The copy is there only if every cell has run. What the kernel itself says goes to a .log beside it.

    Args:
        notebook: its path below the folder of the book, which is the working directory.

    Raises:
        CellExecutionError, CellTimeoutError, DeadKernelError: with the cell, and what it raised.
    """
    copy = Path("_executed", notebook)
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.unlink(missing_ok=True)
    content = nbformat.read(notebook, as_version=4)
    where = {"metadata": {"path": str(notebook.parent)}}
    # What is printed arrives in pieces, which myst-nb would end in a line break each.
    client = NotebookClient(content, timeout=TIMEOUT, coalesce_streams=True, resources=where)
    # One thread: a network this small gains nothing by a second one, and another notebook may run beside it.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
    with open(copy.with_suffix(".log"), "wb") as log:
        client.execute(env=environment, stdout=log, stderr=log)
    part = copy.with_suffix(".part")
    nbformat.write(content, part)
    os.replace(part, copy)
    return copy


def run_all(notebooks: list[Path]) -> int:
    """Runs them one after the other, and says which has failed; the number of those."""
    failed = 0
    for notebook in tqdm(notebooks, "notebooks", disable=len(notebooks) < 2):
        try:
            run(notebook)
            tqdm.write(f"executed {notebook.as_posix()}")
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            log = Path("_executed", notebook).with_suffix(".log").read_text(encoding="utf-8", errors="replace")
            tqdm.write(f"{log}{notebook.as_posix()}: {error}")
            failed += 1
    return failed


def main(arguments: list[str] | None = None) -> int:
    """Does what the command line says, and returns the exit status."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m book", description=__doc__, formatter_class=raw)
    commands = parser.add_subparsers(dest="command", required=True)
    named = commands.add_parser("run", help="execute notebooks; their outputs are in _executed/")
    named.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK", help="default: all")
    commands.add_parser("test", help="test the package; the tests of the book and its pages are make's")
    options = parser.parse_args(arguments)
    if options.command == "test":
        others = ["--ignore=tests/book", "--ignore=tests/pages"]
        return subprocess.run([sys.executable, "-m", "pytest", "tests", *others]).returncode
    everything = sorted(p for p in Path("book").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
    return min(1, run_all(options.notebooks or everything))


if __name__ == "__main__":
    sys.exit(main())

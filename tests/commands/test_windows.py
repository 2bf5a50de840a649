"""What Windows lacks is not needed: modules of Unix are hidden, and loading processes begin from nothing (spawn).

Windows itself is not at hand where the book is built; this is as near to it as one comes there.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from chapters import NOTEBOOKS, ROOT, code_cells
from tiny import Rectangles, write_voc

LACKING = """
import multiprocessing
import sys

for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None
multiprocessing.set_start_method("spawn")
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """For every Python that is started: it finds no module of Unix's, nor any program but itself."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(LACKING)
    path = os.pathsep.join(map(str, (tmp_path / "site", ROOT)))
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "PATH": str(Path(sys.executable).parent)}


def test_the_package_trains(tmp_path: Path, environment: dict[str, str]) -> None:
    data = write_voc(tmp_path / "my pictures", train=Rectangles(4), val=Rectangles(2))
    words = ("train", "--epochs", "1", "--batch-size", "4", "--workers", "1", "--device", "cpu")
    command = [sys.executable, "-m", "dsod_lite", *words, "--data", str(data), "--output", str(tmp_path / "a run")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "a run/run.json").read_text())
    assert len(record["history"]) == 1
    assert record["train"]["workers"] == 1


def test_a_chapter_runs(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "book").mkdir()
    shutil.copy(ROOT / "book/__main__.py", tmp_path / "book")
    cell = "import sys\nfrom pathlib import Path\nsys.modules['fcntl'], Path.cwd().name"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)]), tmp_path / "book/a.ipynb")
    command = [sys.executable, "-m", "book", "run"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "executed book/a.ipynb\n"), done.stderr
    assert code_cells(tmp_path / "_executed/book/a.ipynb")[0].outputs[0].data["text/plain"] == "(None, 'book')"


def test_no_chapter_needs_a_shell() -> None:
    """But for the first cell, and there in Colab only."""
    lines = [line.strip() for path in NOTEBOOKS for cell in code_cells(path)[1:] for line in cell.source.splitlines()]
    assert len(lines) > 1000
    assert [line for line in lines if line.startswith(("!", "%%bash", "%%sh"))] == []

"""What `make book` executes, and when: notebooks whose inputs changed, side by side, those that take longest first."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
from chapters import ROOT, code_cells
from inputs import digests
from nbformat.v4 import new_code_cell, new_notebook

needs_venv = pytest.mark.skipif(not (ROOT / ".venv/.installed").exists(), reason="no .venv: make sets it up")


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--old-file", ".venv/.installed", *arguments]
    outside = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}  # no flags of `make test`
    return subprocess.run(command, cwd=folder, env=outside, capture_output=True, text=True)


@pytest.fixture
def small_book(tmp_path: Path) -> Path:
    """A book of its own, with this one's Makefile and environment."""
    tools = ("book/__main__.py", "book/tools/inputs.py", "book/tools/exercises.py")
    for name in ("Makefile", "requirements.txt", "pyproject.toml", *tools):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    for name in ("book/experiments", "data", "dsod_lite/exercises"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "_toc.yml").write_text("parts: []")
    (tmp_path / "book/experiments/tried.py").write_text('"""Tried."""\nFACTOR = 7')
    (tmp_path / "data/number.txt").write_text("6")
    return tmp_path


def write(chapter: Path, code: str) -> None:
    kernelspec = {"name": "python3", "display_name": "Python 3"}
    notebook = new_notebook(cells=[new_code_cell(code)], metadata={"kernelspec": kernelspec})
    chapter.write_text(nbformat.writes(notebook), encoding="utf-8")


def answer(copy: Path) -> str:
    return code_cells(copy)[0].outputs[0].data["text/plain"]


@needs_venv
def test_a_notebook_is_executed_once_and_again_when_what_it_depends_on_changed(small_book: Path) -> None:
    copy = small_book / "_executed/book/a.ipynb"
    write(
        small_book / "book/a.ipynb",
        "from experiments.tried import FACTOR\nFACTOR * int(open('../data/number.txt').read())",
    )

    def executed() -> list[str]:
        made = make(small_book, "_executed/book/a.ipynb")
        assert made.returncode == 0
        return [line for line in made.stdout.splitlines() if line.startswith("executed")]

    assert executed() == ["executed book/a.ipynb"]
    assert answer(copy) == "42"
    assert executed() == []

    (small_book / "book/experiments/tried.py").write_text('"""Tried, in better words."""\nFACTOR = 7  # days')
    assert executed() == []

    (small_book / "data/number.txt").write_text("5")
    assert executed() == ["executed book/a.ipynb"]
    assert answer(copy) == "35"


@needs_venv
def test_a_failing_cell_is_shown_and_leaves_no_copy_and_the_notebook_beside_it_is_kept(small_book: Path) -> None:
    write(small_book / "book/broken.ipynb", "1 / 0")
    write(small_book / "book/sound.ipynb", "import os\nos.environ['OMP_NUM_THREADS']")
    copies = [f"_executed/book/{name}.ipynb" for name in ("broken", "sound")]
    failed = make(small_book, "-j2", *copies)
    assert failed.returncode != 0
    assert "ZeroDivisionError" in failed.stdout
    assert [(small_book / copy).exists() for copy in copies] == [False, True]
    assert answer(small_book / copies[1]) == "'1'"


def test_those_that_take_longest_come_first_behind_those_of_which_nobody_knows(small_book: Path) -> None:
    for name in ("long", "new", "short"):
        write(small_book / f"book/{name}.ipynb", "1")
    times = {"seconds": {"short": 9.8, "gone": 5, "long": 101.5}}
    (small_book / "book/times.json").write_text(json.dumps(times, indent=1))
    planned = make(small_book, "--dry-run", "jobs=1", "executed").stdout.splitlines()
    order = [line.split("/")[-1] for line in planned if " -m book run " in line]
    assert order == ["new.ipynb", "long.ipynb", "short.ipynb"]


SOURCE = '''"""What it is."""

SIDE = 3
"""Pixels."""


def area(side: int) -> int:
    """Side by side."""
    return side**2  # pixels
'''


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("What it is", "What it does", False),
        ("Pixels", "In pixels", False),
        ("Side by side", "Its square", False),
        ("# pixels", "# in pixels", False),
        ("\n\n\ndef", "\n\ndef", False),
        ("SIDE = 3", "SIDE = 4", True),
        ("side**2", "side * 2", True),
        ("-> int", "-> float", True),
    ],
)
def test_of_python_the_code_counts_and_for_the_pages_every_word(
    tmp_path: Path, old: str, new: str, counts: bool
) -> None:
    file = tmp_path / "module.py"
    file.write_text(SOURCE)
    code, words = digests([tmp_path]), digests([tmp_path], docstrings=True)
    assert old in SOURCE
    file.write_text(SOURCE.replace(old, new))
    assert (digests([tmp_path]) != code) == counts
    assert digests([tmp_path], docstrings=True) != words


def test_every_file_counts_but_what_python_and_jupyter_leave(tmp_path: Path) -> None:
    for name in ("b.txt", "a/b.py", "a/broken.py", "a/__pycache__/b.pyc", "a/.ipynb_checkpoints/c.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1 +" if "broken" in name else "1")
    listed = [line.split("  ")[1] for line in digests([tmp_path / "b.txt", tmp_path / "a"])]
    assert listed == [(tmp_path / name).as_posix() for name in ("a/b.py", "a/broken.py", "b.txt")]
    before = digests([tmp_path])
    (tmp_path / "b.txt").rename(tmp_path / "c.txt")
    assert digests([tmp_path]) != before

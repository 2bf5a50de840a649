"""Every chapter starts from nothing but its file: in Colab its first cell gets the package and the sample data."""

import ast
import shutil
import subprocess
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from test_book import ROOT, code_cells
from test_chapters import CHAPTERS, each_chapter

COLD_START = """\
# In Colab this gets the book's files and works in the chapter's folder. Elsewhere it does nothing.
import os
import sys

if "google.colab" in sys.modules and not os.path.exists("../../dsod_lite"):
    source = os.environ.get("DSOD_LITE_SOURCE", "https://github.com/dsod-lite/dsod-lite")
    if not os.path.exists("dsod-lite"):
        !git clone --quiet --depth 1 {source} dsod-lite
    os.chdir("dsod-lite/book/FOLDER")
sys.path.insert(0, os.path.abspath("../.."))"""


@each_chapter
def test_chapter_starts_with_the_cold_start_cell(path: Path) -> None:
    folder = path.parent.relative_to(ROOT / "book").as_posix()
    first = code_cells(path)[0]
    assert first.source == COLD_START.replace("FOLDER", folder)
    assert first.metadata.get("tags") == ["hide-cell"]


def git(folder: Path, *arguments: str) -> str:
    """What git prints."""
    author = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    command = ["git", *author, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository to clone, of the working tree as it is: with what is not committed, without what git ignores."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git, or no repository here: nothing that a chapter could clone")
    repository = tmp_path_factory.mktemp("source")
    for name in git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if (ROOT / name).is_file():
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, repository / name)
    git(repository, "init", "--quiet")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "The working tree")
    return repository


@pytest.fixture
def pip_log(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Kernels believe that they are in Colab. The file in which pip would note what it does, if a chapter called it."""
    site, log = tmp_path / "site", tmp_path / "pip.log"
    (site / "google/colab").mkdir(parents=True)
    (site / "google/colab/__init__.py").touch()
    (site / "sitecustomize.py").write_text("import google.colab\n")
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("DSOD_LITE_SOURCE", source.as_uri())
    monkeypatch.setenv("PIP_LOG", str(log))
    return log


def run(notebook: NotebookNode, folder: Path) -> list[Any]:
    """Executes a notebook in a new folder; the outputs of its last cell."""
    folder.mkdir()
    where = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=where).execute()
    return notebook.cells[-1].outputs


def test_a_chapter_runs_in_colab_from_its_file_alone(tmp_path: Path, pip_log: Path) -> None:
    chapter = nbformat.read(ROOT / "book/foundations/boxes.ipynb", as_version=4)
    chapter.cells.append(nbformat.v4.new_code_cell("import dsod_lite\ndsod_lite.__file__"))
    outputs = run(chapter, tmp_path / "content")
    assert ast.literal_eval(outputs[0].data["text/plain"]) == str(tmp_path / "content/dsod-lite/dsod_lite/__init__.py")
    assert not pip_log.exists()


def test_every_chapter_finds_the_package_in_colab(tmp_path: Path, pip_log: Path) -> None:
    """The first two cells of each, its cold start and its imports, in an empty folder each.

    All in one kernel, which forgets the package in between: a kernel each would import torch each time.
    """
    notebook = nbformat.v4.new_notebook()
    expected = []
    for i, path in enumerate(CHAPTERS):
        folder = tmp_path / "content" / str(i)
        expected.append(str(folder / "dsod-lite/dsod_lite/__init__.py"))
        empty = (
            f"# {path.relative_to(ROOT)}\n"
            "import os, sys\n"
            "for name in [n for n in sys.modules if n.split('.')[0] == 'dsod_lite']:\n"
            "    del sys.modules[name]\n"
            f"os.mkdir({str(folder)!r})\n"
            f"os.chdir({str(folder)!r})\n"
        )
        found = "import dsod_lite\nfiles = [*globals().get('files', []), dsod_lite.__file__]\nfiles"
        sources = [empty, *(c.source for c in code_cells(path)[:2]), found]
        notebook.cells += [nbformat.v4.new_code_cell(source) for source in sources]
    outputs = run(notebook, tmp_path / "content")
    assert ast.literal_eval(outputs[0].data["text/plain"]) == expected
    assert not pip_log.exists()

"""Every chapter starts from nothing but its file: in Colab its first cell gets the package and the sample data."""

import ast
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import nbformat
import pytest
import repository
import torch
from chapters import CHAPTERS, ROOT, code_cells, each_chapter
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from dsod_lite.support import colab


@each_chapter
def test_chapter_starts_with_the_cold_start_cell(path: Path) -> None:
    chapter = path.relative_to(ROOT / "book").with_suffix("").as_posix()
    first = code_cells(path)[0]
    assert first.source == repository.first_cell(chapter, repository.configured(ROOT)[0])
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


OUTPUT = """
def enable_custom_widget_manager():
    print("widgets enabled")
"""


@pytest.fixture
def pip_log(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Kernels believe that they are in Colab. The file in which pip would note what it does, if a chapter called it."""
    site, log = tmp_path / "site", tmp_path / "pip.log"
    (site / "google/colab").mkdir(parents=True)
    (site / "google/colab/__init__.py").touch()
    (site / "google/colab/output.py").write_text(OUTPUT)
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
    first = next(c for c in chapter.cells if c.cell_type == "code")
    seconds = json.loads((ROOT / "book/times.json").read_text(encoding="utf-8"))["seconds"]["foundations/boxes"]
    said = "".join(o.text for o in first.outputs).splitlines()
    assert [said[0], said[1]] == ["widgets enabled", colab.machine()]
    assert said[2].startswith(f"All cells of this chapter took {seconds:.0f} seconds on ")


def test_without_a_repository_the_first_cell_says_what_to_write(
    tmp_path: Path, pip_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DSOD_LITE_SOURCE")
    cell = nbformat.v4.new_code_cell(repository.first_cell("foundations/boxes", ""))
    with pytest.raises(CellExecutionError) as stopped:
        run(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "content")
    assert stopped.value.ename == "AssertionError"
    assert stopped.value.evalue.startswith("Where is the book? Write its address ")


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


def test_every_chapter_has_its_time() -> None:
    times = ROOT / "book/times.json"
    silent = [path for path in CHAPTERS if not colab.measured(f"{path.parent.name}/{path.stem}", times)]
    assert silent == []
    assert colab.measured("foundations/no_such_chapter", times) == ""


def test_the_card_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert colab.machine().startswith("No GPU")
    card = SimpleNamespace(name="Tesla T4", total_memory=15_642_329_088)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: card)
    assert colab.machine() == "Tesla T4, 15 GB"


def wheel(folder: Path, requires: str) -> None:
    """A package named dsod-lite-guest for pip to find, with nothing in it."""
    name = "dsod_lite_guest-1.0"
    files = {
        "METADATA": f"Metadata-Version: 2.1\nName: dsod-lite-guest\nVersion: 1.0\n{requires}",
        "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as archive:
        for file, text in files.items():
            archive.writestr(f"{name}.dist-info/{file}", text)


@pytest.fixture
def pip_of_a_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip takes packages from this folder and no other, and installs them into the folder `installed` in it."""
    for setting, value in {"NO_INDEX": "1", "FIND_LINKS": tmp_path, "TARGET": tmp_path / "installed"}.items():
        monkeypatch.setenv(f"PIP_{setting}", str(value))
    return tmp_path


def test_what_colab_lacks_is_installed(pip_of_a_test: Path) -> None:
    wheel(pip_of_a_test, "")
    colab.install(["dsod-lite-guest"])
    assert (pip_of_a_test / "installed/dsod_lite_guest-1.0.dist-info").is_dir()


def test_nothing_is_installed_that_would_change_colab_s_own_packages(pip_of_a_test: Path) -> None:
    wheel(pip_of_a_test, "Requires-Dist: ipywidgets>=99\n")
    with pytest.raises(RuntimeError, match=r"pip could not install dsod-lite-guest: (.|\n)*ipywidgets"):
        colab.install(["dsod-lite-guest"])
    assert not (pip_of_a_test / "installed").exists()


def test_a_long_run_goes_to_the_drive_in_colab_and_beside_the_book_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    assert colab.run_folder("voc") == ROOT / "runs" / "voc"

    mounted: list[str] = []
    stand_in = ModuleType("google.colab")
    stand_in.drive = SimpleNamespace(mount=mounted.append)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "google", ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", stand_in)
    assert colab.run_folder("voc") == Path("/content/drive/MyDrive/dsod_lite/runs/voc")
    assert mounted == ["/content/drive"]

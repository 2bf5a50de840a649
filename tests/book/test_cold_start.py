"""Every chapter starts from nothing but its file: in Colab its first cell gets the package and the sample data."""

import ast
import json
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import nbformat
import pytest
import repository
import torch
from chapters import CHAPTERS, ROOT, code_cells, each_chapter
from colab_stand_in import served, stand_ins, write_modules
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


@pytest.fixture
def pip_log(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Kernels believe that they are in Colab. The file in which pip would note what it does, if a chapter called it."""
    site, log = tmp_path / "site", tmp_path / "pip.log"
    write_modules(site)
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


def test_the_chapters_that_train_run_in_colab_from_download_to_judgement(
    tmp_path: Path, pip_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every cell of both, in the chapter's folder, with small archives that this machine serves."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    drive, served_files = tmp_path / "drive", tmp_path / "served"
    served_files.mkdir()
    notebook = nbformat.v4.new_notebook()
    with served(served_files) as server:
        cells = stand_ins(served_files, server, drive)
        for chapter, stand_in in cells.items():
            first, imports, *others = code_cells(ROOT / f"book/scale/{chapter}.ipynb")
            notebook.cells += [first, imports, nbformat.v4.new_code_cell(stand_in), *others]
        notebook.cells.append(nbformat.v4.new_code_cell("os.getcwd()"))
        outputs = run(notebook, tmp_path / "content")
    book = tmp_path / "content/dsod-lite"
    assert ast.literal_eval(outputs[0].data["text/plain"]) == str(book / "book/scale")
    said = "".join(o.get("text", "") for cell in notebook.cells for o in cell.outputs)
    for words in ("now from http", "The photographs are here.", "hours to expect", "11-point: ", "test AP50 "):
        assert words in said
    assert (book / "downloads/voc/VOCdevkit/VOC2012/ImageSets/Main/trainval.txt").is_file()
    for name in ("voc0712_short_1", "cells"):
        kept, machine = drive / "MyDrive/dsod_lite/runs" / name, book / "runs" / name
        assert (kept / "checkpoint.pt").read_bytes() == (machine / "checkpoint.pt").read_bytes()
        assert json.loads((kept / "run.json").read_text())["epochs"] >= 1
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
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: including_emulation)
    assert colab.machine() == "Tesla T4, 15 GB; half precision: float16, for it has no units for bfloat16"
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    assert colab.machine() == "Tesla T4, 15 GB; half precision: bfloat16"


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


def test_outside_of_colab_a_run_is_beside_the_book() -> None:
    with colab.run_folder("voc") as folder:
        assert folder == ROOT / "runs" / "voc"


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for Colab: a Drive, and a machine whose `runs` is beside it. The folder of its run "voc"."""
    stand_in = ModuleType("google.colab")
    stand_in.drive = SimpleNamespace(mount=lambda path: Path(path).mkdir(exist_ok=True))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "google", ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", stand_in)
    monkeypatch.setattr(colab, "DRIVE", tmp_path / "drive")
    monkeypatch.setattr(colab, "__file__", str(tmp_path / "machine/dsod_lite/support/colab.py"))
    return tmp_path / "drive/MyDrive/dsod_lite/runs/voc"


def test_in_colab_a_run_is_copied_to_the_drive_and_the_next_machine_goes_on_with_it(drive: Path) -> None:
    with colab.run_folder("voc", minutes=0.001) as folder:
        assert not folder.exists()
        (folder / "samples").mkdir(parents=True)
        (folder / "checkpoint.pt").write_bytes(b"first")
        (folder / "checkpoint.pt.part").write_bytes(b"half of the sec")
        wait_for(lambda: (drive / "checkpoint.pt").exists())
        (folder / "checkpoint.pt").write_bytes(b"second")
        wait_for(lambda: (drive / "checkpoint.pt").read_bytes() == b"second")
        (folder / "samples/epoch_1.jpg").write_bytes(b"a sheet")
    assert [p.name for p in sorted(drive.rglob("*")) if p.is_file()] == ["checkpoint.pt", "epoch_1.jpg"]

    shutil.rmtree(folder)  # the machine is gone
    with colab.run_folder("voc") as folder:
        assert (folder / "checkpoint.pt").read_bytes() == b"second"
        (folder / "checkpoint.pt").write_bytes(b"third")
    with colab.run_folder("voc") as folder:  # the cell once more: what is here is the newest
        (drive / "checkpoint.pt").write_bytes(b"older")
    assert (folder / "checkpoint.pt").read_bytes() == b"third"


def test_a_copy_from_the_drive_that_was_broken_off_is_made_anew(drive: Path) -> None:
    """Else the run would begin again, and take the place of the one on the Drive."""
    drive.mkdir(parents=True)
    (drive / "best.pt").write_bytes(b"best")
    (drive / "checkpoint.pt").write_bytes(b"a day")
    here = Path(colab.__file__).parents[2] / "runs/voc"
    here.mkdir(parents=True)
    (here / "best.pt").write_bytes(b"best")
    with colab.run_folder("voc") as folder:
        assert folder == here
        assert (folder / "checkpoint.pt").read_bytes() == b"a day"


def test_what_has_not_changed_is_not_copied_again(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/checkpoint.pt").write_bytes(b"first")
    copied: dict[Path, int] = {}
    colab.copy_changed(tmp_path / "run", tmp_path / "drive", copied)
    (tmp_path / "drive/checkpoint.pt").unlink()
    colab.copy_changed(tmp_path / "run", tmp_path / "drive", copied)
    assert not (tmp_path / "drive/checkpoint.pt").exists()


def test_a_full_drive_ends_no_run(
    drive: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with colab.run_folder("voc") as folder:
        folder.mkdir(parents=True)
        (folder / "run.json").write_text("{}")
    assert "the copy failed ([Errno 28] No space left on device)" in capsys.readouterr().err


def wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)

"""What holds on Windows and macOS, as far as it can be tried on any system."""

import ast
import importlib.util
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tiny import Rectangles, quick, same, write_voc

from dsod_lite.datasets import VOCDataset
from dsod_lite.datasets.augmentation.transforms import AUGMENTATIONS
from dsod_lite.support import signals
from dsod_lite.training.loading import Loader

PACKAGE = Path(__file__).parents[1] / "dsod_lite"
FILES = sorted(PACKAGE.rglob("*.py"))
NOT_ON_WINDOWS = {"fcntl", "grp", "pwd", "resource", "termios", "fork", "killpg", "sched_getaffinity", "SIGKILL"}


def names_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Attribute):
            yield node.attr


def texts_without_encoding(path: Path) -> Iterator[int]:
    """The lines in which a file is opened in the system's encoding, which on Windows is another in each country."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        function, given = node.func, {keyword.arg for keyword in node.keywords}
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name in ("read_text", "write_text") and "encoding" not in given:
            yield node.lineno
        if name == "open" and isinstance(function, ast.Name) and "encoding" not in given:
            mode = ast.unparse(node.args[1]) if len(node.args) > 1 else "r"
            if "b" not in mode:
                yield node.lineno
        if "text" in given and "encoding" not in given:
            yield node.lineno


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_nothing_is_used_that_windows_has_not_or_has_otherwise(path: Path) -> None:
    assert set(names_in(path)) & NOT_ON_WINDOWS == set()
    assert list(texts_without_encoding(path)) == []


def test_all_but_the_books_tests_can_be_collected_without_what_the_book_needs() -> None:
    """So that the workflow which tries other systems and versions finds tests to run."""
    absent = ["nbgrader", "nbclient", "nbconvert", "jupyter_book", "sphinx_exercise", "pypdf", "playwright"]
    options = ["--collect-only", "-q", "-p", "no:cacheprovider", "--ignore=tests/book", "--ignore=tests/pages", "tests"]
    code = f"import sys, pytest; sys.modules.update(dict.fromkeys({absent})); sys.exit(pytest.main({options}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def test_what_loading_processes_get_can_be_sent_to_them(tmp_path: Path) -> None:
    """Windows and macOS start them anew, and send all that they need."""
    root = write_voc(tmp_path, train=Rectangles(4))
    for augmentation in AUGMENTATIONS.values():
        batches = Loader(VOCDataset(root, transform=augmentation(64)), quick(), torch.device("cpu"))._batches
        assert pickle.loads(pickle.dumps((batches.dataset, batches.collate_fn, batches.worker_init_fn)))


def test_windows_ends_of_lines_change_nothing(tmp_path: Path) -> None:
    root = write_voc(tmp_path, train=Rectangles(4))
    before = VOCDataset(root)
    for path in [*root.rglob("*.txt"), *root.rglob("*.xml")]:
        path.write_bytes(b"\xef\xbb\xbf" * (path.suffix == ".txt") + path.read_bytes().replace(b"\n", b"\r\n"))
    after = VOCDataset(root)
    assert before.fingerprint() == after.fingerprint()
    assert all(same(a[1], b[1]) for a, b in ((before[i], after[i]) for i in range(4)))


def test_signals_that_windows_lacks_are_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SIGHUP", "SIGCHLD"):
        monkeypatch.delattr(signal, name, raising=False)
    spec = importlib.util.spec_from_file_location("dsod_lite.support.there", signals.__file__)
    there = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(there)
    assert there.CHILD == []
    with there.StopRequest() as stop, there.undisturbed():
        assert stop.signum is None

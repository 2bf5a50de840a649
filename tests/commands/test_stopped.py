"""Commands that are stopped, killed or run into a full disk: what was found is kept, what is half made is put away."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import Rectangles, small_dsod, write_voc

from dsod_lite import Detector, __main__, save_model
from dsod_lite.commands import detect, errors, suspects
from dsod_lite.datasets import open_split
from dsod_lite.datasets.formats import voc
from dsod_lite.datasets.shapes import dataset as shapes
from dsod_lite.plots import cutouts

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # on one core


def call(*words: object) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dsod_lite/__main__.py", *map(str, words)])
        return __main__.main()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_voc(tmp_path / "data", val=Rectangles(6))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    save_model(tmp_path / "own.pt", small_dsod(), ("blue", "red"), 0.02)
    return tmp_path / "own.pt"


class Third:
    """Does what a function does, and at the third call something else before."""

    def __init__(self, function: Any, instead: Any) -> None:
        self.function, self.instead, self.calls = function, instead, 0

    def __call__(self, *arguments: Any) -> Any:
        self.calls += 1
        if self.calls == 3:
            self.instead()
        return self.function(*arguments)


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_what_is_found_before_a_signal_is_kept(
    signum: int, data: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    look = Third(Detector.detections, lambda: signal.raise_signal(signum))
    monkeypatch.setattr(Detector, "detections", lambda self, picture: look(self, picture))
    words = ("detect", data / "JPEGImages", "--checkpoint", run, "--output", tmp_path / "out", "--format", "yolo")
    assert call(*words) == 128 + signum
    found = json.loads((tmp_path / "out/detections.json").read_text())
    assert list(found) == [f"val_picture{i}.png" for i in range(3)]  # that picture is ended
    assert len(open_split(tmp_path / "out/yolo", "train")) == 3
    said = capsys.readouterr()
    assert f"stopped: {tmp_path / 'out/detections.json'} has what was found in 3 of 6 pictures" in said.out
    assert f"stopped by {signal.Signals(signum).name}" in said.err


def test_what_is_found_before_the_disk_is_full_is_kept(
    data: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    out = tmp_path / "out"
    monkeypatch.setattr(detect, "drawn", Third(detect.drawn, full))
    assert call("detect", data / "JPEGImages", "--checkpoint", run, "--output", out) == 2
    assert len(json.loads((out / "detections.json").read_text())) == 2
    assert sorted(path.name for path in out.iterdir()) == ["detections.json", "val_picture0.png", "val_picture1.png"]
    assert "2 of 6 pictures" in capsys.readouterr().out


def test_a_process_that_is_killed_at_once_has_left_a_whole_file(tmp_path: Path) -> None:
    code = (
        "import itertools, os, pathlib, time\nfrom dsod_lite.support.files import GrowingJSON\n"
        "time.monotonic = itertools.count(step=60).__next__\n"  # a minute goes by between two looks
        "found = GrowingJSON(pathlib.Path('found.json'))\n"
        "for i in range(100):\n    found[str(i)] = i\nos.kill(os.getpid(), 9)"
    )
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=here, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert 2 < len(json.loads((tmp_path / "found.json").read_text())) <= 100


def test_sigterm_leaves_no_half_of_a_folder(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voc, "copy_picture", Third(voc.copy_picture, lambda: signal.raise_signal(signal.SIGTERM)))
    before = signal.getsignal(signal.SIGTERM)
    assert call("arrange", data, "--to", tmp_path / "out", "--val", 0.2) == 143
    assert list(tmp_path.glob("out*")) == []
    assert signal.getsignal(signal.SIGTERM) is before


def test_half_of_a_drawn_folder_has_no_lists_and_is_drawn_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("draw", tmp_path, "--train", 2, "--val", 2, "--test", 1, "--image-size", 64)
    draw = Third(shapes.draw_picture, lambda: signal.raise_signal(signal.SIGTERM))
    monkeypatch.setattr(shapes, "draw_picture", draw)
    assert call(*words) == 143
    assert list(tmp_path.rglob("*.txt")) == []
    assert call(*words) == 0
    assert [len(open_split(tmp_path, split)) for split in ("train", "val", "test")] == [2, 2, 1]


@pytest.mark.parametrize("command", [errors, suspects])
def test_numbers_are_written_before_a_sheet_that_has_no_room(
    command: Any, data: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = command.__name__.rpartition(".")[2]
    monkeypatch.setattr(cutouts.transforms, "to_pil_image", full)
    output = ("--json", tmp_path / "a.json", "--sheet", tmp_path / "a.png")
    assert call(name, "--checkpoint", run, "--data", data, "--device", "cpu", *output) == 2
    assert json.loads((tmp_path / "a.json").read_text())
    assert list(tmp_path.glob("a.png*")) == []


def test_a_sheet_is_of_the_kind_that_its_name_says(tmp_path: Path) -> None:
    for name, start in (("a.png", b"\x89PNG"), ("b.JPG", b"\xff\xd8")):
        cutouts.write_sheet([torch.zeros(3, 8, 8, dtype=torch.uint8)] * 2, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)

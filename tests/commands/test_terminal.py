"""What commands write to a terminal: names do nothing there, and of several processes one speaks."""

import contextlib
import os
import runpy
import sys
import warnings
from pathlib import Path

import pytest
from folders import make_folder

from dsod_lite import __main__ as cli
from dsod_lite.support.errors import printable
from dsod_lite.support.processes import first_to_say

TITLE = "\x9b31mred\u202e"  # colours all that follows, and turns it round; XML allows both


def command(words: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["__main__.py", *words.split()])
    return cli.main()


def test_control_characters_are_written_out() -> None:
    assert printable("a\tb\nc × 猫 \x1b[2J\r\x9b\u202e") == "a\tb\nc × 猫 \\x1b[2J\\r\\x9b\\u202e"


def test_a_class_steers_no_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a table of what is there, and in an error."""
    root = make_folder(tmp_path / "data", train={"one": [(TITLE, 1, 1, 20, 20)]}, val={"two": [("blue", 1, 1, 20, 20)]})
    assert command(f"check {root}", monkeypatch) == 0
    assert command(f"train --data {root} --epochs 1 --output {tmp_path / 'run'} --image-size 0", monkeypatch) == 2
    (root / "Annotations/one.xml").unlink()
    assert command(f"train --data {root} --epochs 1 --output {tmp_path / TITLE}", monkeypatch) == 2
    said = capsys.readouterr()
    assert "\\x9b31mred\\u202e" in said.out
    assert printable(said.out) == said.out
    assert printable(said.err) == said.err


@pytest.mark.parametrize("words", ["train --data nowhere --epochs 0 --output run", "train --no-such-option"])
def test_of_processes_that_all_say_the_same_the_first_does(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before they are connected: they have read the same words."""
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    said = []
    for rank in "0123":
        monkeypatch.setenv("RANK", rank)
        with contextlib.suppress(SystemExit):
            assert command(words, monkeypatch) == 2
        said.append(capsys.readouterr().err)
    assert "error: " in said[0]
    assert said[1:] == ["", "", ""]


def test_once_connected_whoever_is_first_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch.distributed as dist

    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setattr("dsod_lite.support.processes._stores", [dist.HashStore()])
    assert [first_to_say(said) for said in ("one", "one", "two", "one", "two")] == [True, False, True, False, False]


@pytest.mark.parametrize(
    "words",
    [
        "dsod_lite check {data}",
        "dsod_lite.exercises list",
        "dsod_lite.exercises.own start {data}",
        "book.experiments list",
    ],
)
def test_a_command_ends_quietly_when_nobody_reads_on(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_folder(tmp_path / "data", train={"one": [("red", 1, 1, 20, 20)]})
    end, beginning = os.pipe()
    os.close(end)
    monkeypatch.setattr(sys, "argv", words.format(data=root).split())
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    with open(beginning, "w", buffering=1, encoding="utf-8") as pipe, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", pipe)
        patch.setattr(warnings, "warn", lambda *_, **__: None)  # runpy's, of modules that are imported already
        with pytest.raises(SystemExit) as ended:
            runpy.run_module(sys.argv[0], run_name="__main__")
    assert ended.value.code == 141
    assert "error" not in capsys.readouterr().err


def test_a_file_s_name_is_written_out_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command(f"check {tmp_path}/no\x1b]0;title\x07where", monkeypatch)
    said = capsys.readouterr()
    assert "no\\x1b]0;title\\x07where" in said.out + said.err
    assert "\x1b" not in said.out + said.err

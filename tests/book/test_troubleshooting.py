"""The page for when something goes wrong: each message on it is what the code says, word for word."""

import re
import sys
from pathlib import Path

import pytest
from chapters import ROOT
from folders import add, make_folder, write_list
from repository import FIRST_CELL
from tiny import quick

from dsod_lite import dsod_tiny
from dsod_lite.__main__ import main
from dsod_lite.datasets import VOCDataset
from dsod_lite.support import colab
from dsod_lite.training.loop import check_fit

PAGE = (ROOT / "book/appendices/troubleshooting.md").read_text(encoding="utf-8")
TRAIN = ("train", "--data", "my_pictures", "--workers", "0", "--device", "cpu")


def quoted() -> list[str]:
    """The page's messages, a block each."""
    return re.findall(r"```text\n(.*)\n```", PAGE)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """All that the commands print in a folder where everything goes wrong."""
    capture = pytest.MonkeyPatch()
    capture.chdir(tmp_path_factory.mktemp("wrong"))
    make_folder(
        Path("my_pictures"),
        train={"mon": [("cat", 4, 4, 30, 30)], "tue": [("dog", 20, 10, 20, 40)], "wed": [("cat", 1, 1, 20, 20)]},
        val={"thu": [("cat", 4, 4, 30, 30)]},
    )
    with Path("log.txt").open("w") as log:
        capture.setattr(sys, "stdout", log)
        capture.setattr(sys, "stderr", log)

        def call(*arguments: str) -> None:
            capture.setattr(sys, "argv", ["dsod_lite", *arguments])
            main()

        small = (*TRAIN, "--batch-size", "2", "--output")
        with pytest.warns(UserWarning, match="dropped") as warned:
            VOCDataset("my_pictures", "train")
        log.write(f"{warned[0].message}\n")
        call(*TRAIN, "--batch-size", "16", "--epochs", "1", "--output", "runs/mine")
        call(*small, "runs/mine", "--epochs", "1")
        call(*small, "runs/mine", "--epochs", "1")
        call(*small, "runs/mine", "--epochs", "2", "--resume")
        call(*small, "runs/other", "--epochs", "9", "--learning-rate", "1e6")
        call("evaluate", "--checkpoint", "runs/mine", "--data", "my_pictures", "--split", "val")
        call("check", "my_picture")
        call(*TRAIN[:2], "my_picture", "--output", "runs/third")
        spoil("my_pictures")
        call("evaluate", "--checkpoint", "runs/mine", "--data", "my_pictures", "--split", "val")
        call("evaluate", "--checkpoint", "runs/mine", "--data", "my_pictures", "--split", "test")
        path = Path("runs/mine/checkpoint.pt")
        path.write_bytes(path.read_bytes()[:-1000])
        call("evaluate", "--checkpoint", "runs/mine", "--data", "my_pictures", "--split", "val")
    text = Path("log.txt").read_text()
    capture.undo()
    return text


def spoil(folder: str) -> None:
    """A class that nobody knows, and a list with a picture that is not there."""
    add(Path(folder), "thu", [("Cat", 4, 4, 30, 30)])
    write_list(Path(folder), "test", "fri\n")


# What comes from elsewhere, or needs a machine of its own.
NOT_OURS = (
    "torch.OutOfMemoryError: CUDA out of memory.", "found/mon.png: 0 objects", "No GPU: ", "error: num_classes",
    "/content/drive/",
)  # fmt: skip


def test_each_message_is_what_the_commands_say(said: str) -> None:
    ours = [message for message in quoted() if not message.startswith(NOT_OURS)]
    assert len(ours) == len(quoted()) - len(NOT_OURS) >= 9
    assert [message for message in ours if message not in said] == []


def test_the_other_messages_are_the_package_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert colab.machine() in quoted()

    make_folder(tmp_path, train={"a": [("cat", 4, 4, 30, 30), ("dog", 8, 8, 40, 40)]})
    with pytest.raises(ValueError, match="num_classes") as error:
        check_fit(dsod_tiny(7, 64), VOCDataset(tmp_path, "train"), None, quick())
    assert f"error: {error.value}" in quoted()

    with pytest.raises(ValueError, match=re.escape("call model.eval() to detect")) as error:
        dsod_tiny(7, 64).train()([])
    assert f"`{error.value}`" in PAGE


def test_headings_and_options_are_those_of_the_programs() -> None:
    assert 'assert source, "Where is the book?' in FIRST_CELL
    assert "The book needs Python 3.11 or newer" in (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "dsod_lite/commands").glob("*.py"))
    options = set(re.findall(r"`(--[a-z-]+)", PAGE))
    assert [option for option in options if f'"{option}"' not in commands] == []

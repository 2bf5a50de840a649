"""The student's own detector: blanked files, files put in the package's place, and tests that name what is wrong."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from dsod_lite.exercises.own import __main__ as command
from dsod_lite.exercises.own.cases import QUESTIONS, questions
from dsod_lite.exercises.own.parts import PARTS, blanked, start
from dsod_lite.exercises.own.results import blank, differs, results

ROOT = Path(__file__).parents[2]
PART = {part.file: part for part in PARTS}

# Files with a mistake in them: what is changed in the package's own, and what has to be said of it.
MISTAKES = {
    "boxes.py": (
        "(box[..., 2:] / priors[..., 2:]).log()",
        "(priors[..., 2:] / box[..., 2:]).log()",
        "the box's size over",
    ),
    "priors.py": ("torch.stack([x, y], dim=-1)", "torch.stack([y, x], dim=-1)", "x and y have changed places"),
    "matching.py": ("return own.where(own >= 0, matched)", "return matched", "That is the threshold alone"),
    "loss.py": ("(rank < wanted) & ~positive", "(rank < wanted) | positive", "they count by themselves"),
    "blocks.py": ("[x, self.grow(self.squeeze(x))]", "[self.grow(self.squeeze(x)), x]", "stands first"),
    "prediction.py": ("a.permute(0, 2, 3, 1).reshape", "a.reshape", "permute first"),
    "detect.py": ("picture * num_classes + label", "picture * num_classes", "by one of another class"),
    "voc.py": ("np.maximum.accumulate(precision[::-1])[::-1]", "precision", "under the bare curve"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which everything is written, as the package has it."""
    folder = tmp_path_factory.mktemp("whole")
    for part in PARTS:
        shutil.copy(part.source, folder / part.file)
    return folder


def test_the_package_s_own_definitions_are_right(whole: Path) -> None:
    found = results(whole, seed=11)
    assert [result for result in found if result.said] == []
    unasked = {(part.file, name) for part in PARTS for name in part.names} - {(r.file, r.name) for r in found}
    assert unasked == {("blocks.py", "norm_relu_conv")}  # it is in every block, whose answers depend on it


def test_each_file_with_a_mistake_is_named_with_what_is_wrong_and_no_other(whole: Path, tmp_path: Path) -> None:
    for file, (right, wrong, _) in MISTAKES.items():
        text = (whole / file).read_text(encoding="utf-8")
        assert text.count(right) == 1, file
        (tmp_path / file).write_text(text.replace(right, wrong), encoding="utf-8")
    found = results(tmp_path)
    for file, (_, _, word) in MISTAKES.items():
        said = [result.said for result in found if result.file == file and result.said]
        assert any(word in each for each in said), (file, said)
    whole_ones = [result for result in found if not result.said]
    assert len(whole_ones) > len(found) // 2  # a mistake in one file is no mistake of the others


def test_the_files_to_begin_with_are_blank_and_what_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "boxes.py").write_text("def encode(boxes, priors):\n    return boxes\n", encoding="utf-8")
    written = start(tmp_path)
    assert [path.name for path in written] == [part.file for part in PARTS if part.file != "boxes.py"]
    for part in PARTS:
        assert blank(part, tmp_path) == (["decode"] if part.file == "boxes.py" else list(part.names))
        assert '"""' in blanked(part)
    found = results(tmp_path, files=["boxes.py", "loss.py"])
    assert [(r.file, r.name, r.said) for r in found if r.file == "loss.py"] == [
        ("loss.py", name, "not written yet") for name in PART["loss.py"].names
    ]
    assert "shape" in found[1].said or "numbers differ" in found[1].said


def test_whatever_a_file_does_is_answered_in_words(tmp_path: Path) -> None:
    files = {
        "boxes.py": ("def encode(boxes, priors)\n    return 1\n", "line 1: "),
        "priors.py": ("def cell_shapes(*_):\n    return [][7]\n", "priors.py, line 2: IndexError"),
        "matching.py": ("def match(*_):\n    exit()\n", "SystemExit"),
        "loss.py": ("def matched_targets(*_):\n    return 'words'\n", "str of 5, not list of 2"),
        "detect.py": ("def detect(*_):\n    return None\n", "NoneType, not list of 2"),
        "voc.py": ("import nothing_like_it\n\ndef judge(*_):\n    pass\n", "No module named 'nothing_like_it'"),
    }
    for file, (text, _) in files.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    found = results(tmp_path, files=list(files))
    for file, (_, word) in files.items():
        assert any(word in result.said for result in found if result.file == file), (file, found)


@pytest.mark.parametrize("content", [b"a = 'caf\xe9'\n", b"a = 1\0\n", b"a = " + b"-" * 100_000 + b"1\n"])
def test_a_file_that_python_cannot_parse_is_wrong_in_its_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "boxes.py").write_bytes(content)
    (result,) = results(tmp_path, files=["boxes.py"])
    assert result.said.startswith("line 1: ")


def test_a_process_that_ends_takes_no_other_file_along(tmp_path: Path) -> None:
    text = "import os\nos._exit(0)\n\ndef encode(boxes, priors):\n    return 0\n"
    (tmp_path / "boxes.py").write_text(text, encoding="utf-8")
    shutil.copy(PART["priors.py"].source, tmp_path / "priors.py")
    found = results(tmp_path, files=["boxes.py", "priors.py"])
    assert all("ended before it answered" in result.said for result in found if result.name == "encode")
    assert all(not result.said for result in found if result.file == "priors.py")


def test_a_file_s_own_process_cannot_change_what_is_right(tmp_path: Path) -> None:
    (tmp_path / "boxes.py").write_text(
        "import torch, dsod_lite.detector.boxes as package\n"
        "torch.isclose = lambda *_, **__: torch.ones(1, dtype=torch.bool)\n"
        "package.encode = lambda boxes, priors: boxes\n"
        "def encode(boxes, priors):\n    return boxes + 0 * priors\n",
        encoding="utf-8",
    )
    said = {r.name: r.said for r in results(tmp_path, files=["boxes.py"])}
    assert "numbers differ" in said["encode"]


def test_slips_are_not_the_right_answer() -> None:
    """A slip that equals the right answer, for some numbers, would say that something right is wrong."""
    from dsod_lite.exercises.own.probing import answer

    for file in QUESTIONS:
        for question in questions(file, 5):
            right = answer(question.case)
            for slip, text in question.slips:
                assert differs(slip, right), text


def test_differences_are_said_with_their_place() -> None:
    assert differs(torch.tensor([1.0, 2]), torch.tensor([1.0, 2.000001])) == ""
    said = "1 of 2 numbers differ; first at [0, 1]: 2, not 3"
    assert differs(torch.tensor([[1.0, 2]]), torch.tensor([[1.0, 3]])) == said
    assert differs({"a": 1}, {"b": 1}) == "names ['a'], not ['b']"
    assert differs({"a": [1, 2]}, {"a": [1, 3]}) == "['a'][1]: 2, not 3"
    assert differs(torch.zeros(2), torch.zeros(3)) == "shape [2], not [3]"


def test_the_command_gives_points_as_gradescope_reads_them(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(whole / "boxes.py", tmp_path / "boxes.py")
    start(tmp_path)
    target = tmp_path / "results.json"
    arguments = ["check", str(tmp_path), "--only", "boxes.py", "--only", "voc.py", "--json", str(target)]
    monkeypatch.setattr(sys, "argv", ["own", *arguments])
    assert command.main() == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[:2] == ["boxes.py", "  encode               right"]
    assert printed[-1] == "  average_precision    not written yet"
    rows = json.loads(target.read_text(encoding="utf-8"))["tests"]
    assert [(row["name"], row["score"], row["max_score"]) for row in rows] == [("boxes.py", 10, 10), ("voc.py", 0, 10)]

    monkeypatch.setattr(sys, "argv", ["own", "check", str(tmp_path / "nowhere")])
    assert command.main() == 2
    assert "`start` makes one" in capsys.readouterr().err


def test_the_package_s_commands_run_with_a_student_s_files(tmp_path: Path) -> None:
    """Training calls the student's loss: here one that says so, and ends."""
    (tmp_path / "matching.py").write_text(
        "def match(iou, threshold=0.5):\n    raise SystemExit('the student was asked')\n", encoding="utf-8"
    )
    data, run = ROOT / "data/shapes", tmp_path / "run"
    command = [sys.executable, "-m", "dsod_lite.exercises.own.run", tmp_path, "train"]
    command += ["--data", data, "--epochs", "1", "--output", run]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 1
    assert "the student was asked" in done.stderr

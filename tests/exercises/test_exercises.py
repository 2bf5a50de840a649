"""Exercises: every hidden solution passes its check, and wrong answers hear what is wrong with them."""

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
from answers import answers_of
from course import CHAPTERS, CHECKED, ROOT, WRITTEN

from dsod_lite.exercises import CONTENTS, check, find, grade
from dsod_lite.exercises import __main__ as command
from dsod_lite.exercises.answers import NOT_YET, RIGHT, UNANSWERED, AnswerError, check_file, judge, wanted
from dsod_lite.exercises.contents import all_exercises

each_checked = pytest.mark.parametrize("name", CHECKED)


def test_contents_are_those_of_the_book() -> None:
    assert list(CONTENTS) == list(CHAPTERS)
    titles = {e.name: (e.stars, e.title) for e in all_exercises()}
    assert titles == {name: (written.stars, written.title) for name, written in WRITTEN.items()}


def test_each_check_has_its_cell_under_its_exercise() -> None:
    assert [(name, written.checked_as) for name, written in WRITTEN.items() if written.checked_as] == [
        (name, name) for name in CHECKED
    ]
    assert [name for name in CONTENTS if f"{name}.1" not in CHECKED] == []


@each_checked
def test_the_hidden_solution_is_right(name: str) -> None:
    exercise = find(name)
    verdict, text = judge(exercise, *answers_of(name, WRITTEN[name].programs()[0]))
    assert verdict == RIGHT, text
    assert text == f"{name} ({exercise.title}): right!"


@each_checked
def test_an_unanswered_exercise_says_so_and_what_it_asks_for(name: str) -> None:
    exercise = find(name)
    verdict, text = judge(exercise, *answers_of(name, WRITTEN[name].start))
    assert verdict == UNANSWERED
    assert all(f"`{n}`" in text for n in wanted(exercise))


# A wrong answer to each checked exercise, and a word of what is to be said about it.
MISTAKES = {
    "first_detector.1": (
        "def count_priors(s): return sum((s // 8 // 2**i) ** 2 * n for i, n in enumerate((4, 6, 6, 6, 4)))",
        "ceil",
    ),
    "first_detector.2": (
        "def blind(p, s, n): return dict(boxes=p.repeat(3, 1), labels=torch.arange(6) // 2 + 1, scores=torch.ones(6))",
        "corners, in pixels",
    ),
    "boxes.1": ("iou_on_paper = 6 / 48", "counted twice"),
    "boxes.4": ("from torchvision.ops import box_iou as giou", "That is the IoU"),
    "data.1": (
        "def mirror(b, w): return b.abs() * torch.tensor([-1, 1, -1, 1]) + torch.tensor([w, 0, w, 0])",
        "changed places",
    ),
    "data.2": (
        "def share_below(b, s): return ((b[:, 2:] - b[:, :2]).amax(1) < s).double().mean() + 0.25",
        "root of the area",
    ),
    "priors.1": ("priors_512 = 24_560", "last map"),
    "priors.4": ("def worst_iou(m, s): return (1 - s / 2 / m) ** 2", "share of one square"),
    "matching.1": ("objects_of_priors = [1, 2, 0, -1]", "stays without"),
    "matching.2": ("def two_by_two(): return [[0.9, 0.1], [0.1, 0.9]]", "the other way: 0.20"),
    "loss.1": ("loss_on_paper = math.log(200) / 3", "number of positives"),
    "loss.2": ("def first_loss(c, r): return r * math.log(c)", "positive itself"),
    "loss.5": ("loss_after_a_step = math.log(2) + 1 / 8", "before the step"),
    "proposal_free.1": ("def count_windows(w, h): return w * (w + 1) * h * (h + 1)", "each pair counts once"),
    "deep_supervision.1": ("channels_out = 544", "twice A"),
    "deep_supervision.2": ("def channels_into_head(t): return int(160 * t) + 128", "Transition 2"),
    "stem.1": ("def stem_parameters(a): return 27 * a * a + 27 * a", "BatchNorm"),
    "stem.2": ("def centre_of_reach(layers): return 2.0", "padding"),
    "dense_prediction.1": ("step_parameters = 213_248 + 1024", "behind its pooling"),
    "dense_prediction.2": ("def weights_of_step(c, r): return c * c + 9 * (1 - r) * c * c", "reads (1 - r) c"),
    "whole_network.1": ("def count_block(c, n, b, k): return n * (2 * c + c * b + 2 * b + 9 * b * k)", "c grows by k"),
    "whole_network.2": ("def dsod300_parameters(n): return 14_715_804", "9c + 2"),
    "whole_network.4": ("def count_from_name(a, b, k): return 14_715_804", "which is off"),
    "one_picture.1": ("voc = coco = 4 * math.log(20)", "background"),
    "one_picture.5": ("def width_offset(w, p): return math.log(w / p)", "0.2 for sizes"),
    "from_scratch.1": ("share = 0.9", "straight line"),
    "from_scratch.2": ("def batches_to_forget(m): return int(math.log(0.01) / math.log(1 - m))", "One batch short"),
    "non_maximum_suppression.1": ("kept_at_04, kept_at_09 = 'ACD', 'ABCD'", "0.43"),
    "non_maximum_suppression.4": ("def soften(b, s, sigma): return s", "old scores"),
    "average_precision.1": ("swapped_ap = 11 / 15", "before the two"),
    "average_precision.3": (
        "def disagreement(): return [[[0, 0, 9, 9], [50, 0, 60, 9]]] * 2 + [[0.9, 0.8]]",
        "by VOC 1.000",
    ),
    "errors.1": ("ring_kind, star_kind = 'place', 'class'", "6 of 12"),
    "errors.4": ("def fit_platt(s, r): return torch.tensor([1.0, 0.0])", "Did the descent end"),
    "full_scale.1": ("an_epoch, in_all = 168, 168 * 599", "whole batches"),
    "full_scale.2": ("def epochs_that_fit(h, p): return h * p * 3600 // 16_551 + 1", "129 batches"),
    "your_own_data.1": ("smallest_side = 17.92 / 2", "quarter of the area"),
    "your_own_data.2": ("def suspicious(counts): return [n for n, c in counts.items() if c < 10]", "same word"),
    "your_own_data.3": ("def split_by_patient(names): return names[::2], names[1::2]", "30 patients in both"),
    "ladder.1": ("growth_factor = 3.0", "growth rate"),
    "ladder.4": ("def runs_needed(g, e): return 5", "√2 times"),
    "pretraining.1": ("def break_even(p, f, s): return p // (s - f)", "not saved any time"),
    "three_heads.1": ("with_priors, with_cells = 8744 * 25, 1943 * 25", "no class for the background"),
    "three_heads.2": (
        "def focal(p, own): return -torch.where(own, 0.25, 0.75) * (1 - p) ** 2 * p.log()",
        "1 - p is the truth's",
    ),
    "three_heads.3": ("def best_cells(q): return [max(range(len(r)), key=r.__getitem__) for r in q]", "No cell twice"),
    "speed.1": ("def fold(w, m, v, g, b): return g / v * w, b - g / v * m", "root"),
}


@each_checked
def test_a_usual_mistake_is_recognised(name: str) -> None:
    exercise = find(name)
    program, word = MISTAKES[name]
    verdict, text = judge(exercise, *answers_of(name, program))
    assert verdict == NOT_YET
    assert word in text
    assert "got:" in text


@each_checked
def test_whatever_is_handed_in_gets_an_answer_in_words(name: str) -> None:
    exercise = find(name)
    for answer in ("words", [], object(), lambda *a: "words", lambda *a: 1 / 0, lambda: 1, math.nan, torch.ones(2, 3)):
        verdict, text = judge(exercise, *[answer] * len(wanted(exercise)))
        assert verdict in (NOT_YET, UNANSWERED)
        assert text.startswith(f"{name} (")


def test_an_error_in_the_answer_is_named_with_its_line() -> None:
    def mirror(boxes: torch.Tensor, width: int) -> torch.Tensor:
        return boxes[:, 7] - width

    text = judge(find("data.1"), mirror)[1]
    assert "tried:    mirror([[10, 20, 50, 40], [0, 0, 128, 128]], 128)" in text
    assert "IndexError: index 7 is out of bounds" in text
    assert "return boxes[:, 7] - width" in text


def test_an_answer_that_ends_the_program_is_no_right_one(tmp_path: Path) -> None:
    def leave(*_: Any) -> Any:
        raise SystemExit(0)

    verdict, text = judge(find("boxes.4"), leave)
    assert verdict != RIGHT
    assert "SystemExit" in text
    (tmp_path / "boxes.py").write_text("iou_on_paper = 1 / 7\nraise SystemExit(0)\n")
    with pytest.raises(AnswerError, match=r"boxes\.py, line 2: SystemExit"):
        check_file(find("boxes.1"), tmp_path)


def test_an_answer_that_changes_its_arguments_spoils_nothing() -> None:
    def mirror(boxes: torch.Tensor, width: int) -> torch.Tensor:
        boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
        return boxes

    assert judge(find("data.1"), mirror)[0] == RIGHT


def test_check_prints_and_grade_raises(capsys: pytest.CaptureFixture[str]) -> None:
    check("boxes.1", 1 / 7)
    check(find("boxes.1").number, ...)
    assert capsys.readouterr().out.splitlines() == [
        "boxes.1 (On paper): right!",
        "boxes.1 (On paper): not answered yet. It asks for `iou_on_paper`.",
    ]
    grade("boxes.1", torch.tensor(1 / 7, dtype=torch.float64))
    with pytest.raises(AssertionError, match="counted twice"):
        grade("boxes.1", 6 / 48)
    with pytest.raises(AssertionError, match="not answered yet"):
        grade("boxes.1", ...)


@pytest.mark.parametrize(
    ("name", "answers", "message"),
    [
        ("boxes.9", [1], "there is no exercise 'boxes.9'"),
        ("boxes.2", [1], r"boxes.2 \(Without the zero\) has no check"),
    ],
)
def test_an_unknown_exercise_and_one_without_a_check_are_refused(name: str, answers: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check(name, *answers)


def exercises(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dsod_lite.exercises", *arguments]
    paths = {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=paths, check=False)


def test_answers_in_a_file_are_checked_and_listed(tmp_path: Path) -> None:
    answers = tmp_path / "answers"
    boxes, data = (find(f"{chapter}.1").number.split(".")[0] for chapter in ("boxes", "data"))
    result = exercises(tmp_path, "check", f"{boxes}.4")
    assert result.returncode == 1
    assert result.stdout == "boxes.4 (Below zero): there is no answers/boxes.py yet. It is to define `giou`.\n"

    answers.mkdir()
    (answers / "boxes.py").write_text("import torch\niou_on_paper = 6 / 48\n" + WRITTEN["boxes.4"].programs()[0])
    (answers / "data.py").write_text("def mirror(:\n")
    result = exercises(tmp_path, "check", "boxes.4", "boxes")
    assert result.returncode == 1
    assert result.stdout.splitlines()[:3] == [
        "boxes.4 (Below zero): right!",
        "boxes.1 (On paper): not yet.",
        "  got:      0.125",
    ]
    assert result.stdout.splitlines()[-1] == "boxes.4 (Below zero): right!"

    broken = exercises(tmp_path, "check", "data.1")
    assert (broken.returncode, broken.stdout) == (2, "")
    assert broken.stderr.startswith("error: answers/data.py, line 1: ")

    lines = exercises(tmp_path, "list").stdout.splitlines()
    assert len(lines) == len(CONTENTS) + len(WRITTEN)
    at = lines.index(f"{boxes} boxes")
    assert [line.split()[-1] for line in lines[at + 1 : at + 5]] == ["yet", "check", "check", "right"]
    assert "answers/data.py, line 1" in lines[lines.index(f"{data} data") + 1]


@pytest.mark.parametrize(
    ("name", "said"), [("boxes.9", "there is no exercise 'boxes.9'"), ("boxes.2", "boxes.2 (Without the zero) has no")]
)
def test_a_slip_of_the_keyboard_is_said_in_one_line(
    name: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "boxes.py").touch()
    monkeypatch.setattr(sys, "argv", ["exercises", "check", name, "--answers", str(tmp_path)])
    assert command.main() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {said}")


def test_a_bug_of_ours_shows_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def slip(*_: Any) -> None:
        raise ValueError("deep inside")

    monkeypatch.setattr(command, "check_file", slip)
    monkeypatch.setattr(sys, "argv", ["exercises", "check", "boxes.1"])
    with pytest.raises(ValueError, match="deep inside"):
        command.main()


def test_a_chapter_s_exercises_run_unanswered_and_solved() -> None:
    """The cells of the chapter itself: nothing raises before they are filled in, and the solution makes them right."""
    for name in ("boxes.1", "matching.2"):
        notebook = nbformat.read(CHAPTERS[name.split(".")[0]], as_version=4)
        cell = next(c.source for c in notebook.cells if f'check("{name}"' in c.source)
        exec(cell if "import check" in cell else "from dsod_lite.exercises import check\n" + cell, {})

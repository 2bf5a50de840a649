"""Assignments: no solution is left in what students get, and two made-up students are graded from file to feedback."""

import os
import re
import subprocess
import sys
from pathlib import Path

import assignments
import nbformat
import pytest
from course import CHAPTERS, ROOT, WRITTEN

each_chapter = pytest.mark.parametrize("name", list(CHAPTERS))


def solutions(name: str) -> list[str]:
    """A line of each solution of a chapter that occurs nowhere else in it: its longest."""
    return [max(w.solution.splitlines(), key=len) for n, w in WRITTEN.items() if n.startswith(f"{name}.")]


def text(notebook: nbformat.NotebookNode) -> str:
    return "\n".join(cell.source for cell in notebook.cells)


@each_chapter
def test_a_student_s_chapter_has_everything_but_the_solutions(name: str) -> None:
    chapter = nbformat.read(CHAPTERS[name], as_version=4)
    bare = assignments.without_solutions(CHAPTERS[name])
    nbformat.validate(bare)
    assert all(line in text(chapter) for line in solutions(name))
    assert [line for line in solutions(name) if line in text(bare)] == []
    assert "{solution}" not in text(bare)
    kept = re.sub(r"^````\{solution\}.*?^````$|^```\{solution\}.*?^```$", "", text(chapter), flags=re.M | re.S)
    assert text(bare).split() == kept.split()


@each_chapter
def test_an_assignment_has_all_exercises_and_loses_its_solutions(name: str, tmp_path: Path) -> None:
    from nbgrader.preprocessors import ClearSolutions
    from traitlets.config import Config

    notebook = assignments.assignment(CHAPTERS[name])
    nbformat.validate(notebook)
    assert not re.search(r"\{\w+\}`", text(notebook))  # what only the book's pages can show
    marks = [cell.metadata.nbgrader for cell in notebook.cells]
    assert len({mark.grade_id for mark in marks}) == len(marks)
    stars = [written.stars for n, written in WRITTEN.items() if n.startswith(f"{name}.")]
    assert [mark.points for mark in marks if mark.grade] == stars

    config = Config(ClearSolutions={"code_stub": {"python": ""}})
    released, _ = ClearSolutions(config=config).preprocess(notebook, {})
    assert [line for line in solutions(name) if line in text(released)] == []


def test_a_student_is_told_where_the_chapter_is_and_what_to_install() -> None:
    text = assignments.introduction("Prior boxes", "foundations/priors.ipynb", "https://github.com/Ada/course")
    assert "[*Prior boxes*](https://ada.github.io/course/book/foundations/priors.html)" in text
    assert "git clone https://github.com/Ada/course the-book\n" in text
    assert (ROOT / re.search(r"the-book/(\S+\.ipynb)", text)[1]).exists()


def test_without_an_address_no_link_leads_nowhere() -> None:
    text = assignments.introduction("Prior boxes", "foundations/priors.ipynb", "")
    assert "chapter *Prior boxes*:" in text
    assert "](" not in text


def test_a_question_has_the_formula_that_its_chapter_has_by_number() -> None:
    statement = WRITTEN["data.1"].statement
    assert "Equation $x_1'' = S - x_2'," in statement
    assert [name for name, written in WRITTEN.items() if "{eq}" in written.statement] == []


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The course after the worked example, and what that printed. No command could reach another machine."""
    folder = tmp_path_factory.mktemp("assignments")

    nowhere = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")}
    environment = os.environ | nowhere | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, ROOT / "book/tools/grading_example.py", folder]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "course", done.stdout


def test_two_students_are_collected_graded_and_told(graded: tuple[Path, str]) -> None:
    course, printed = graded
    points = {
        student: dict(re.findall(r"^  (\S+) +(.+)$", rows, re.M))
        for student, rows in re.findall(r"^(ada|bob)\n((?:  .+\n)+)", printed, re.M)
    }
    assert points == {
        "ada": {"boxes-1-grade": "1", "boxes-2-answer": "to be read", "boxes-3-answer": "0", "boxes-4-grade": "3"},
        "bob": {"boxes-1-grade": "0", "boxes-2-answer": "0", "boxes-3-answer": "0", "boxes-4-grade": "0"},
    }
    assert printed.partition("\nWhat they get back")[0] in (ROOT / "book/instructors/grading.md").read_text(
        encoding="utf-8"
    )
    feedback = {s: (course / f"feedback/{s}/02-boxes/boxes.html").read_text(encoding="utf-8") for s in ("ada", "bob")}
    for hint in ("it was counted twice", "That is the IoU. The box around both"):
        assert hint in feedback["bob"]
        assert hint not in feedback["ada"]


def test_a_grade_of_one_s_own_earns_nothing(graded: tuple[Path, str]) -> None:
    points = re.findall(r"^eve\n((?:  .+\n)+)", graded[1], re.M)
    assert points
    assert set(re.findall(r" (\S+)$", points[0], re.M)) == {"0"}


def test_what_students_get_fails_in_words_until_it_is_filled_in(graded: tuple[Path, str]) -> None:
    from nbclient import NotebookClient

    course, _ = graded
    released = nbformat.read(course / "release/02-boxes/boxes.ipynb", as_version=4)
    assert [line for line in solutions("boxes") if line in text(released)] == []
    NotebookClient(released, allow_errors=True, kernel_name="python3").execute()
    failures = [
        o.evalue for c in released.cells if c.cell_type == "code" for o in c.outputs if o.output_type == "error"
    ]
    assert failures == [
        "boxes.1 (On paper): not answered yet. It asks for `iou_on_paper`.",
        "boxes.4 (Below zero): not answered yet. It asks for `giou`.",
    ]

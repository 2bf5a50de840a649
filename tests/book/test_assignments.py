"""Assignments: no solution is left in what students get, and five made-up students are graded to their feedback."""

import os
import re
import subprocess
import sys
from pathlib import Path

import assignments
import feedback
import grading_example
import nbformat
import pytest
from browsing import Browser, watch
from course import CHAPTERS, ROOT, WRITTEN
from exercises import rubrics

RUBRICS = rubrics(ROOT)
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
    expected: dict[str, int] = {}
    for exercise, written in WRITTEN.items():
        if exercise.startswith(f"{name}."):
            own = exercise.replace(".", "-")
            code = {f"{own}-grade": written.stars} if written.checked_as else {}
            words = {f"{own}-{'words' if code else 'answer'}": len(RUBRICS.get(exercise, []))}
            expected |= code | {cell: points for cell, points in words.items() if points}
    assert {mark.grade_id: mark.points for mark in marks if mark.grade} == expected

    criteria = [line for exercise, lines in RUBRICS.items() if exercise.startswith(f"{name}.") for line in lines]
    assert [line for line in criteria if line not in text(notebook)] == []  # the teacher's version has them

    config = Config(ClearSolutions={"code_stub": {"python": ""}})
    released, _ = ClearSolutions(config=config).preprocess(notebook, {})
    assert [line for line in solutions(name) if line in text(released)] == []
    assert [line for line in criteria if line in text(released)] == []


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


def test_five_students_get_the_marks_that_a_teacher_would_give(graded: tuple[Path, str]) -> None:
    course, printed = graded
    said, took = printed.split("\nWhat they get back")
    assert said.strip() == (ROOT / "book/instructors/grading_example.txt").read_text(encoding="utf-8").strip()
    print(took.strip().splitlines()[-1])
    marks = grading_example.scores(course)
    assert None not in [points for cells in marks.values() for points in cells.values()]
    totals = {student: sum(points or 0 for points in cells.values()) for student, cells in marks.items()}
    assert totals == {"ada": 9, "kai": 6.5, "bob": 0, "eve": 0, "dan": 1}


def test_everybody_hears_what_is_wrong_and_nobody_what_is_not(graded: tuple[Path, str]) -> None:
    course, _ = graded
    pages = {
        student: (course / f"feedback/{student}/02-boxes/boxes.html").read_text(encoding="utf-8")
        for student in ("ada", "bob", "dan", "eve", "kai")
    }
    for hint in ("it was counted twice", "That is the IoU. The box around both"):
        assert [student for student, page in pages.items() if hint in page] == ["bob"]
    assert "Rounded, though. Now type the formula." in pages["kai"]
    assert "SyntaxError" in pages["dan"]


def test_feedback_pages_set_their_formulas_without_a_network(
    browser: Browser, graded: tuple[Path, str], tmp_path: Path
) -> None:
    course, _ = graded
    page = (course / "feedback/ada/02-boxes/boxes.html").read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)=\"https?://(?!ada)[^\"]*\.(?:js|css)", page)
    mathjax = (course / "mathjax.js").read_text(encoding="utf-8")
    loading = "<!-- Load mathjax --><script src='https://cdn'></script><!-- End of mathjax configuration -->"
    (tmp_path / "a.html").write_text(feedback.offline(f"{loading}<p>Half of $x^2$.</p>", mathjax), encoding="utf-8")
    without = "<p>No formula.</p><pre>$a $b</pre>"
    assert feedback.offline(f"{loading}{without}", mathjax) == without
    opened = browser.new_page()
    problems: list[object] = []
    watch(opened, tmp_path.as_uri(), problems.append, problems.append)
    opened.goto((tmp_path / "a.html").as_uri())
    opened.evaluate("() => MathJax.startup.promise")
    assert opened.locator("mjx-container svg").count() == 1
    opened.close()
    assert problems == []


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

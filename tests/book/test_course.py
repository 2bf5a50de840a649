"""A course from course.yml: what a slip in it hears, and that plan, views, assignments and slides follow from it."""

import datetime
import re
from pathlib import Path
from typing import Any

import course_file
import lectures
import nbformat
import pytest
import yaml
from assignments import bundle
from course import CHAPTERS, ROOT, WRITTEN
from course_file import CourseError, plan, syllabus, teacher_view
from exercises import rubrics
from slides import deck

SMALL: dict[str, Any] = {
    "title": "Two weeks",
    "hub": "",
    "lectures": [
        {
            "title": "Boxes",
            "date": datetime.date(2027, 1, 11),
            "minutes": 60,
            "lab": "data",
            "due": datetime.date(2027, 1, 18),
            "exercises": ["boxes.1", "boxes.2", "loss.2"],
            "slides": {"boxes": ["Two numbers that do not work", "Corners and centres"], "loss": ["Mining"]},
        }
    ],
    "project": {"chosen": datetime.date(2027, 1, 20)},
    "weights": {"exercises": 50, "project": 50},
    "prerequisites": ["Python."],
    "late": "Two days.",
    "ai": "Say what you used.",
}


def written(tmp_path: Path, **changes: Any) -> Path:
    fields = {name: value for name, value in (SMALL | changes).items() if value is not None}
    lecture = changes.pop("lecture", {})
    fields.pop("lecture", None)
    fields["lectures"] = [SMALL["lectures"][0] | lecture]
    path = tmp_path / "course.yml"
    path.write_text(yaml.safe_dump(fields), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lecture": {"exercises": ["boxes.9"]}}, "course.yml, lecture 1, exercises: there is no boxes.9"),
        ({"lecture": {"lab": "box"}}, "course.yml, lecture 1: there is no chapter 'box'"),
        ({"lecture": {"slides": {"prior": []}}}, "course.yml, lecture 1: there is no chapter 'prior'"),
        ({"lecture": {"due": datetime.date(2027, 1, 1)}}, "lecture 1, due: 2027-01-01 is before the lecture"),
        ({"weights": {"exam": 90}}, "course.yml, weights: they add up to 90, not to 100"),
        ({"late": None}, "course.yml: Course.*'late'"),
        ({"lecture": {"room": "7"}}, "course.yml: Lecture.*'room'"),
    ],
)
def test_a_slip_in_the_file_is_named(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=message):
        course_file.read(written(tmp_path, **changes))


def test_the_plan_has_dates_and_leads_to_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = course_file.read(written(tmp_path, hub="https://hub.example.edu/"))
    assert "| 2027-01-11 | 1. Boxes | Boxes and how much they overlap, The multibox loss" in plan(read)
    monkeypatch.setattr(course_file, "configured", lambda _: ("https://github.com/ada/dsod", "main"))
    expected = (
        "(https://hub.example.edu/hub/user-redirect/git-pull?repo=https://github.com/ada/dsod&branch=main"
        "&urlpath=lab/tree/dsod/book/foundations/boxes.ipynb)"
    )
    assert expected in plan(read)
    assert "| 2027-01-20 | chosen |" in plan(read)
    page = course_file.read(written(tmp_path))
    assert "(https://ada.github.io/dsod/book/foundations/boxes.html)" in plan(page)


def test_the_syllabus_has_outcomes_marks_and_both_policies(tmp_path: Path) -> None:
    text = syllabus(course_file.read(written(tmp_path)))
    for part in ("- Python.", "| exercises | 50 % |", "Two days.", "Say what you used."):
        assert part in text
    assert "**Boxes and how much they overlap.** compute an IoU on paper" in text


def test_the_teacher_sees_minutes_and_what_has_to_be_read(tmp_path: Path) -> None:
    text = teacher_view(course_file.read(written(tmp_path)))
    assert re.search(r"^\| boxes \| 2 \| 40 \| \d+ minutes \| .+ \|$", text, re.MULTILINE)
    assert re.search(r"^\| loss \| 1 \| 20 \| ", text, re.MULTILINE)
    assert "3 points by checks; 3 to be read, in `boxes.2`, `loss.2`." in text


def test_a_bundle_of_single_exercises_is_an_assignment_without_solutions() -> None:
    from nbgrader.preprocessors import ClearSolutions
    from traitlets.config import Config

    names = ["boxes.1", "loss.2", "boxes.2"]
    notebook = bundle("Week 1", names)
    nbformat.validate(notebook)
    graded = [cell.metadata.nbgrader.grade_id for cell in notebook.cells if cell.metadata.nbgrader.grade]
    assert graded == ["boxes-1-grade", "loss-2-grade", "loss-2-words", "boxes-2-answer"]
    config = Config(ClearSolutions={"code_stub": {"python": ""}})
    released, _ = ClearSolutions(config=config).preprocess(notebook, {})
    text = "\n".join(cell.source for cell in released.cells)
    for name in names:
        assert WRITTEN[name].statement[:40] in text
        assert max(WRITTEN[name].solution.splitlines(), key=len) not in text
    assert [line for name in names for line in rubrics(ROOT).get(name, []) if line in text] == []


def test_the_book_s_own_course_can_be_held() -> None:
    """A course.yml that has been changed has to name chapters, exercises and headings that are there, and no more."""
    read = course_file.read(ROOT / "course.yml")
    for lecture in read.lectures:
        for name, headings in lecture.slides.items():
            made = deck(nbformat.read(CHAPTERS[name], as_version=4), CHAPTERS[name])
            there = {heading for heading, _ in lectures.sections(made)}
            assert [each for each in headings if each.partition(" | ")[0] not in there] == [], name


def test_a_heading_that_is_not_there_is_named() -> None:
    notebook = nbformat.read(CHAPTERS["boxes"], as_version=4)
    with pytest.raises(lectures.SlideError, match="boxes: its deck has no slide under 'The ida'"):
        lectures.slide("The ida", "boxes", notebook, CHAPTERS["boxes"])
    with pytest.raises(lectures.SlideError, match="boxes: its deck has no figure under 'Corners and centres'"):
        lectures.slide("Corners and centres | figure", "boxes", notebook, CHAPTERS["boxes"])

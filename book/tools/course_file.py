"""Writes a course from course.yml: plan, syllabus, the teacher's view, an assignment and slides for each lecture.

    python book/tools/course_file.py course.yml _executed _build/course

Slides show what cells gave, so they are made of the chapters' executed copies; without these, all else is written.
"""

import datetime
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import yaml
from assignments import bundle
from derived_lists import OBJECTIVES, READING, rounded, said
from exercises import chapters, read_exercises, rubrics, title
from lectures import SlideError, build_lectures
from nbgrader_course import begin, release
from repository import configured, site

ROOT = Path(__file__).parents[2]


class CourseError(ValueError):
    """A course that cannot be held. Its text names the file and the field."""


@dataclass(frozen=True)
class Lecture:
    """One meeting, as course.yml has it."""

    title: str
    date: datetime.date
    minutes: int
    lab: str
    due: datetime.date
    exercises: list[str]
    slides: dict[str, list[str]]
    """Headings of each chapter, one slide for each; " | figure" or " | explorer" behind it shows that instead."""


@dataclass(frozen=True)
class Course:
    title: str
    hub: str
    lectures: list[Lecture]
    project: dict[str, datetime.date]
    weights: dict[str, int]
    prerequisites: list[str]
    late: str
    ai: str


def read(path: Path) -> Course:
    """The course in a file. Raises CourseError, naming what is missing, unknown or does not add up."""
    fields: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    known = {f"{p.stem}.{i}" for p in chapters(ROOT) for i, _ in enumerate(read_exercises(p), start=1)}
    names = {p.stem for p in chapters(ROOT)}
    try:
        lectures = [Lecture(**each) for each in fields.pop("lectures")]
        course = Course(lectures=lectures, **fields)
    except (KeyError, TypeError) as error:
        raise CourseError(f"{path.name}: {str(error).replace('__init__() ', '')}") from error
    for number, lecture in enumerate(course.lectures, start=1):
        where = f"{path.name}, lecture {number}"
        if unknown := [name for name in lecture.exercises if name not in known]:
            raise CourseError(f"{where}, exercises: there is no {unknown[0]}")
        if unknown := [name for name in (lecture.lab, *lecture.slides) if name not in names]:
            raise CourseError(f"{where}: there is no chapter {unknown[0]!r}")
        if not lecture.date <= lecture.due:
            raise CourseError(f"{where}, due: {lecture.due} is before the lecture")
    if sum(course.weights.values()) != 100:
        raise CourseError(f"{path.name}, weights: they add up to {sum(course.weights.values())}, not to 100")
    return course


def link(course: Course, path: Path) -> str:
    """A chapter's title, leading to the hub, else to the published page, else to nowhere."""
    url, branch = configured(ROOT)
    name, file = title(nbformat.read(path, as_version=4)), path.relative_to(ROOT).as_posix()
    if course.hub and url:
        folder = url.rsplit("/", 1)[1]
        pull = f"git-pull?repo={url}&branch={branch}&urlpath=lab/tree/{folder}/{file}"
        return f"[{name}]({course.hub.rstrip('/')}/hub/user-redirect/{pull})"
    return f"[{name}]({site(url)}{file.replace('.ipynb', '.html')})" if url else name


def plan(course: Course) -> str:
    """For students: what happens when, and what is due."""
    paths = {path.stem: path for path in chapters(ROOT)}
    columns = ("date", "lecture", "chapters", "lab", "exercises", "due")
    lines = [f"# {course.title}", "", f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for number, each in enumerate(course.lectures, start=1):
        read_before = ", ".join(link(course, paths[name]) for name in each.slides)
        asked = ", ".join(f"`{name}`" for name in each.exercises)
        lab = link(course, paths[each.lab])
        lines.append(f"| {each.date} | {number}. {each.title} | {read_before} | {lab} | {asked} | {each.due} |")
    lines += ["", "## Project", "", "| date | step |", "|---|---|"]
    return "\n".join([*lines, *(f"| {date} | {step} |" for step, date in course.project.items())]) + "\n"


def syllabus(course: Course) -> str:
    """Prerequisites, what they can do afterwards, marks, and the two policies; the outcomes are the chapters' own."""
    paths = {path.stem: path for path in chapters(ROOT)}
    taught = list(dict.fromkeys(name for each in course.lectures for name in (*each.slides, each.lab)))
    lines = [f"# {course.title}: syllabus", "", "## What you need", "", *(f"- {each}" for each in course.prerequisites)]
    lines += ["", "## What you can do afterwards", ""]
    lines += [f"- **{title(nbformat.read(paths[n], as_version=4))}.** {said(OBJECTIVES, paths[n])}" for n in taught]
    lines += ["", "## Marks", "", "| part | share |", "|---|---|"]
    lines += [f"| {part} | {share} % |" for part, share in course.weights.items()]
    return "\n".join([*lines, "", "## Late work", "", course.late, "", "## Language models", "", course.ai]) + "\n"


def teacher_view(course: Course) -> str:
    """For each lecture: slides and minutes, how long cells take, and what has to be read by a person."""
    paths, rubric = {path.stem: path for path in chapters(ROOT)}, rubrics(ROOT)
    seconds = json.loads((ROOT / "book" / "times.json").read_text(encoding="utf-8"))["seconds"]
    stars = {f"{p.stem}.{i}": e for p in paths.values() for i, e in enumerate(read_exercises(p), start=1)}
    lines = [f"# {course.title}: for the teacher", ""]
    for number, each in enumerate(course.lectures, start=1):
        count = sum(map(len, each.slides.values()))
        lines += [f"## {each.date}: {number}. {each.title}", "", "| chapter | slides | minutes | reading | its cells |",
                  "|---|---|---|---|---|"]  # fmt: skip
        for name, headings in each.slides.items():
            took = seconds.get(paths[name].relative_to(ROOT / "book").with_suffix("").as_posix())
            row = [name, str(len(headings)), str(round(each.minutes * len(headings) / count)),
                   said(READING, paths[name]), "not yet measured" if took is None else rounded(took)]  # fmt: skip
            lines.append(f"| {' | '.join(row)} |")
        by_check = sum(stars[name].stars for name in each.exercises if stars[name].checked_as)
        to_read = [name for name in each.exercises if name in rubric]
        points = sum(len(rubric[name]) for name in to_read)
        lines += ["", f"Lab: {each.lab}. Due {each.due}: {by_check} points by checks; {points} to be read, in "
                  f"{', '.join(f'`{name}`' for name in to_read) or 'none'}.", ""]  # fmt: skip
    return "\n".join(lines)


def main() -> int:
    file, executed, target = map(Path, sys.argv[1:4])
    try:
        course = read(file)
    except CourseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    target.mkdir(parents=True, exist_ok=True)
    for name, text in (("plan", plan(course)), ("syllabus", syllabus(course)), ("teacher", teacher_view(course))):
        (target / f"{name}.md").write_text(text, encoding="utf-8")
    api = begin(target / "nbgrader")
    for number, lecture in enumerate(course.lectures, start=1):
        assignment = bundle(f"Week {number}: {lecture.title}", lecture.exercises)
        release(api, target / "nbgrader", f"week_{number}", assignment)
    print(f"Plan, syllabus, your view and {len(course.lectures)} assignments are written: {target}")
    needed = {name for lecture in course.lectures for name in lecture.slides}
    missing = [p.stem for p in chapters(ROOT) if p.stem in needed and not (executed / p.relative_to(ROOT)).exists()]
    if missing:
        print(f"No slides: {', '.join(missing)} not executed yet; make book, and make course once more")
        return 0
    decks = [(lecture.title, lecture.slides, lecture.exercises) for lecture in course.lectures]
    try:
        build_lectures(executed, target / "slides", decks)
    except SlideError as error:
        print(f"error: {file.name}, slides of {error}", file=sys.stderr)
        return 2
    print(f"The slides are made: open {target / 'slides' / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

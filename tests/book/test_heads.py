"""What a chapter's head promises: what you can do afterwards, how long it takes, and the way of the short course."""

import json
import re
from pathlib import Path

import drawings
import nbformat
import pytest
import reading
from chapters import CHAPTERS, ROOT, each_chapter
from derived_lists import OBJECTIVES, goals, said

SECONDS = json.loads((ROOT / "book/times.json").read_text(encoding="utf-8"))["seconds"]


def head(path: Path) -> str:
    return nbformat.read(path, as_version=4).cells[0].source


@each_chapter
def test_a_chapter_says_what_you_can_do_after_it(path: Path) -> None:
    objectives = said(OBJECTIVES, path)
    assert len(objectives.split("; ")) >= 2
    chapter = path.relative_to(ROOT / "book").with_suffix("").as_posix()
    assert goals(chapter).endswith(objectives)


@each_chapter
def test_the_minutes_of_reading_are_counted(path: Path) -> None:
    """python book/tools/reading.py writes them. Five minutes more or less are not worth a change."""
    minutes = re.fullmatch(r"(\d+) minutes", reading.TIME.search(head(path))[0])
    assert minutes
    assert abs(int(minutes[1]) - reading.reading_minutes(path)) <= reading.STEP


@each_chapter
def test_the_cells_take_as_long_as_promised(path: Path) -> None:
    """Within a factor of two, as the clock that the page for teachers shows: machines differ."""
    promise = reading.CELLS.search(head(path))
    assert promise
    spans = [0, *reading.SPANS.values()]
    place = list(reading.SPANS).index(promise[0].removesuffix(" on one CPU core"))
    low, high = spans[place], spans[place + 1]
    chapter = path.relative_to(ROOT / "book").with_suffix("").as_posix()
    assert low / 2 <= SECONDS[chapter] <= 2 * high


def test_reading_is_counted_by_hand(tmp_path: Path) -> None:
    cells = [
        nbformat.v4.new_markdown_cell("word " * 1500),
        nbformat.v4.new_markdown_cell("```{exercise} A\n:label: a\n\n" + "word " * 900 + "\n```"),
        nbformat.v4.new_code_cell("x = 1\n\n" * 100),
        nbformat.v4.new_code_cell("y = 1\n" * 100, metadata={"tags": ["hide-cell"]}),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    assert reading.reading_minutes(tmp_path / "a.ipynb") == 15  # 1500 / 150 + 100 / 20


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (7, "seconds"),
        (33, "half a minute on one CPU core"),
        (250, "about four minutes on one CPU core"),
        (374, "about six minutes on one CPU core"),
    ],
)
def test_a_time_in_words(seconds: float, words: str) -> None:
    assert reading.in_words(seconds) == words


def test_the_short_course_has_six_chapters_each_of_which_names_the_next() -> None:
    first = (ROOT / "book/foundations/why_from_scratch.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\d\. \[.+\]\((\S+)\.ipynb\)$", first, re.MULTILINE)
    course = [(ROOT / "book/foundations" / f"{name}.ipynb").resolve() for name in listed]
    assert len(course) == 6
    for place, path in enumerate(course, start=1):
        pattern = r"\*\*Short course:\*\* chapter (\d) of 6(?:; next comes \[.+\]\((\S+)\))?\."
        said_there = re.search(pattern, head(path))
        assert int(said_there[1]) == place
        following = (path.parent / said_there[2]).resolve() if said_there[2] else None
        assert following == (course[place] if place < 6 else None)
    assert [p for p in CHAPTERS if "**Short course:**" in head(p)] == sorted(course)


def test_the_drawings_are_those_that_the_code_draws() -> None:
    """python book/tools/drawings.py draws them."""
    files = {path.stem: path.read_text(encoding="utf-8") for path in drawings.FOLDER.glob("*.svg")}
    assert files == {name: draw().svg() for name, draw in drawings.DRAWINGS.items()}
    pages = [*CHAPTERS, *(ROOT / "book").rglob("*.md")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in pages)
    assert [name for name in files if f"drawings/{name}.svg" not in text] == []


def test_a_chapter_s_drawing_lights_what_it_is_about() -> None:
    for chapter in filter(None, drawings.LIT):
        (path,) = (p for p in CHAPTERS if p.stem == chapter)
        assert f"```{{image}} ../assets/drawings/dsod_{chapter}.svg\n" in head(path)
    assert set().union(*drawings.LIT.values()) == drawings.LIT[""]

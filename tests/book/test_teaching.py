"""The pages for teachers: every chapter is in them, and what they say of times and exercises is so."""

import json
import re
from pathlib import Path

import pytest
from course import CHAPTERS, CHECKED, ROOT
from derived_lists import MARK, put_in

PAGES = sorted((ROOT / "book" / "instructors").glob("*.md"))


def page(name: str) -> str:
    return (ROOT / "book" / "instructors" / f"{name}.md").read_text(encoding="utf-8")


def derived(name: str) -> str:
    """A page with the lists that it shows."""
    source = [page(name)]
    assert MARK.search(source[0])
    put_in(None, name, source)
    return source[0]


def test_each_chapter_has_its_goals_and_its_times() -> None:
    rows = re.findall(r"^\| \[(.+)\]\(\.\./(\S+)\.ipynb\) \| .+ \| ([\d.]+) (s|min) \|$", derived("chapters"), re.M)
    assert [chapter.split("/")[1] for _, chapter, _, _ in rows] == list(CHAPTERS)
    assert re.findall(r"^## (.+)$", page("chapters"), re.M) == [title for title, *_ in rows]

    measured = json.loads((ROOT / "book/times.json").read_text(encoding="utf-8"))["seconds"]
    for _, chapter, value, unit in rows:
        said = float(value) * (60 if unit == "min" else 1)
        assert measured[chapter] / 2 <= said <= 2 * measured[chapter] + 5, chapter


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_exercises_that_a_page_names_can_be_checked(path: Path) -> None:
    named = re.findall(rf"`((?:{'|'.join(CHAPTERS)})\.\d)`", path.read_text(encoding="utf-8"))
    assert set(named) <= set(CHECKED)


def test_assignments_of_the_plan_are_chapters() -> None:
    rows = re.findall(r"^\| \d \|.*\| (.+) \|$", page("six_weeks"), re.M)
    names = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert len(rows) == 6
    assert names
    assert set(names) <= set(CHAPTERS)

"""What the teachers' pages derive. The pages themselves are a teacher's to change: no test reads their words."""

import json
import re

from course import CHAPTERS, ROOT
from derived_lists import times


def test_each_chapter_has_its_times() -> None:
    rows = re.findall(r"^\| \[(.+)\]\(\.\./(\S+)\.ipynb\) \| .+ \| ([\d.]+) (s|min) \|$", times(), re.M)
    assert [chapter.split("/")[1] for _, chapter, _, _ in rows] == list(CHAPTERS)
    measured = json.loads((ROOT / "book/times.json").read_text(encoding="utf-8"))["seconds"]
    for _, chapter, value, unit in rows:
        said = float(value) * (60 if unit == "min" else 1)
        assert measured[chapter] / 2 <= said <= 2 * measured[chapter] + 5, chapter

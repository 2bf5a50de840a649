"""Counts how long a chapter takes to read, and writes the minutes, and those of its cells, into its first cell.

    python book/tools/reading.py [book/foundations/boxes.ipynb ...]

150 words of prose or 20 lines of code a minute, rounded to five minutes: the text is exact and full of formulas.
Exercises and their solutions do not count. What the cells take is from book/times.json.
"""

import json
import re
import sys
from pathlib import Path

import nbformat
from exercises import DIRECTIVE, chapters

ROOT = Path(__file__).parents[2]
WORDS, LINES, STEP = 150, 20, 5
TIME = re.compile(r"(?<=\*\*Time:\*\* )(?P<reading>.{1,30}?)(?= of reading)")
CELLS = re.compile(r"(?<=of reading; the cells take )(?P<cells>[^,;.]+?)(?=[,;.])")
SPANS = {"seconds": 20, "half a minute": 45, "about a minute": 90, "about two minutes": 150, "about three minutes": 210,
         "about four minutes": 270, "about five minutes": 330, "about six minutes": 390}  # fmt: skip
"""How a time is said that is at most so many seconds long."""


def reading_minutes(path: Path) -> int:
    """Minutes that a chapter's notebook takes to read, in steps of five."""
    cells = nbformat.read(path, as_version=4).cells
    prose = DIRECTIVE.sub("", "\n".join(cell.source for cell in cells if cell.cell_type == "markdown"))
    words = len(re.findall(r"[^\W\d_]{2,}", re.sub(r"\$\$.*?\$\$", "", prose, flags=re.DOTALL)))
    code = [c.source for c in cells if c.cell_type == "code" and "hide-cell" not in c.metadata.get("tags", [])]
    lines = sum(1 for source in code for line in source.splitlines() if line.strip())
    return max(STEP, STEP * round((words / WORDS + lines / LINES) / STEP))


def in_words(seconds: float) -> str:
    """The time of a chapter's cells, as it says it; they have one thread each."""
    longer = f"about {round(seconds / 60)} minutes"
    said = next((words for words, most in SPANS.items() if seconds <= most), longer)
    return said if said == "seconds" else f"{said} on one CPU core"


def main(names: list[str]) -> None:
    measured = json.loads((ROOT / "book" / "times.json").read_text(encoding="utf-8"))["seconds"]
    for path in [Path(name).resolve() for name in names] or chapters(ROOT):
        chapter = path.relative_to(ROOT / "book").with_suffix("").as_posix()
        notebook = json.loads(path.read_text(encoding="utf-8"))
        head = "".join(notebook["cells"][0]["source"])
        new = TIME.sub(f"{reading_minutes(path)} minutes", head)
        if chapter in measured:
            new = CELLS.sub(in_words(measured[chapter]), new)
        if new != head:
            notebook["cells"][0]["source"] = new.splitlines(keepends=True)
            path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"{chapter}: {' '.join(re.sub('[*]', '', line) for line in new.splitlines() if 'of reading' in line)}")


if __name__ == "__main__":
    main(sys.argv[1:])

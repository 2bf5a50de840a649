"""Whose submission is it, and will it grade? For nbgrader's `zip_collect`, and to look before it is said.

    python collecting.py 02-boxes

in the course's folder names every file in `downloaded/02-boxes/archive` that would not be graded, and why. The course
has a copy of this file.
"""

import argparse
import importlib.util
import json
import re
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePath

from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin

# The chapters' names, from the package's list. The package itself would bring PyTorch along, and that takes seconds.
PACKAGE = Path(importlib.util.find_spec("dsod_lite").origin or "").parent  # type: ignore[union-attr]
CONTENTS = json.loads((PACKAGE / "exercises" / "contents.json").read_text(encoding="utf-8"))

# What the platforms put before a file's name, or before that of its folder. The numbers that they add tell students of
# the same name apart.
PLATFORMS = (
    re.compile(r"(?P<student>.+?)_(?P<number>\d+)_assignsubmission_[a-z]+_?(?P<rest>.*)"),  # Moodle
    re.compile(r".+?_(?P<student>[^_]+)_attempt_(?P<number>)(?P<time>\d{4}(?:-\d\d){5})_?(?P<rest>.*)"),  # Blackboard
    re.compile(r"(?P<student>[^_]+?)(?:_LATE)?_(?P<number>\d+)_\d+_(?P<rest>.+)"),  # Canvas
)
# What a browser or a platform adds to the name of a file that was there before.
COPY = re.compile(r"^(?:Copy of )?(?P<name>.*?)(?: - Copy)?(?: ?\((?P<again>\d+)\)|-(?P<later>\d+))?$")
SAFE = re.compile(r"[\w@'-][\w .@'-]*")


@dataclass(frozen=True)
class Sent:
    """Who sent a file, for which chapter, and which of several by the same student it is."""

    student: str
    chapter: str
    number: str = ""
    """The platform's, where it has one."""
    turn: tuple[str, int] = ("", 0)
    """A later file has a larger one."""


def sent(file: PurePath) -> Sent | None:
    """What the name of a file says, with the folders it lies in; None if it does not say it.

    Args:
        file: below the folder of what came, such as "ada_boxes.ipynb", "anna_maria_your_own_data (1).ipynb",
            "ada/boxes.ipynb", or what Moodle, Canvas and Blackboard make of it.
    """
    found = COPY.match(file.stem)
    if file.suffix.lower() != ".ipynb" or not found:
        return None
    again = int(found["again"] or found["later"] or 0)
    for part in (*file.parts[:-1], found["name"]):
        for platform in PLATFORMS:
            if marked := platform.fullmatch(part):
                rest = found["name"] if part != found["name"] else marked["rest"]
                turn = (marked.groupdict().get("time") or "", again)
                return named(marked["student"], chapter_of(rest), marked["number"], turn)
    chapter = chapter_of(found["name"])
    before = found["name"][: -len(chapter)].rstrip("_- ") if chapter else ""
    return named(before or (file.parts[-2] if len(file.parts) > 1 else ""), chapter, "", ("", again))


def chapter_of(name: str) -> str:
    """The chapter, or a week of this course, that a name ends with: the longest, for one may be the end of another."""
    weeks = {path.name for path in Path("source").glob("week_*")}
    ends = [c for c in {*CONTENTS, *weeks} if re.search(rf"(?:^|[_ -]){c}$", name, re.IGNORECASE)]
    return max(ends, key=len, default="")


def named(student: str, chapter: str, number: str, turn: tuple[str, int]) -> Sent | None:
    """None without a chapter, or if the student's name is not fit for a folder's."""
    student = student.strip()
    return Sent(student, chapter, number, turn) if chapter and SAFE.fullmatch(student) else None


def problems(folder: Path, chapter: str) -> dict[Path, str]:
    """The notebooks below a folder that are not collected for the chapter, and why."""
    found, wrong = defaultdict(list), {}
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() == ".ipynb"):
        who = sent(path.relative_to(folder))
        if who is None:
            wrong[path] = f"whose is it? Its name should be NAME_{chapter}.ipynb"
        elif who.chapter != chapter:
            wrong[path] = f"{who.student}'s {who.chapter}, which is another assignment"
        else:
            found[who.student].append((who, path))
    for student, files in found.items():
        newest = max(who.turn for who, _ in files)
        latest = [path for who, path in files if who.turn == newest]
        if len({who.number for who, _ in files}) > 1:
            wrong |= {path: f"two students are called {student}: give one another name" for _, path in files}
        elif len(latest) > 1:
            wrong |= {path: f"{student} sent {len(latest)} of these: leave one" for path in latest}
        wrong |= {path: f"{student} sent a later one, too" for _, path in files if path not in [*latest, *wrong]}
    return wrong


class Collector(FileNameCollectorPlugin):  # type: ignore[misc]
    """Takes of each student the latest notebook of the assignment's chapter, and says what it leaves out."""

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        """As nbgrader asks for it: `student_id` and `file_id`, or None."""
        path = Path(submitted_file)
        folder = next(p for p in path.parents if p.name == "extracted")
        chapter = re.sub(r"^\d+-", "", folder.parent.name)
        if wrong := problems(folder, chapter).get(path):
            self.log.warning("%s is not collected: %s", path.name, wrong)
            return None
        who = sent(path.relative_to(folder))
        return {"student_id": who.student, "file_id": who.chapter} if who else None


def defects(notebook: Path, released: Path) -> list[str]:
    """What nbgrader would not grade in a submission, compared with what the students got."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        marks = [cell.get("metadata", {}).get("nbgrader", {}).get("grade_id") for cell in cells]
        sources = ["".join(cell.get("source", "")) for cell in cells]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ["it is no notebook: was it saved whole, and not as Python or HTML?"]
    ours = {}
    for cell in json.loads(released.read_text(encoding="utf-8"))["cells"]:
        if of_nbgrader := cell["metadata"].get("nbgrader"):
            ours[of_nbgrader["grade_id"]] = of_nbgrader
    theirs = [mark if isinstance(mark, str) else None for mark in marks]
    said = [f"the cell {name} is missing: its mark would be lost" for name in ours if name not in theirs]
    said += [f"there are {theirs.count(name)} cells {name}: leave one" for name in ours if theirs.count(name) > 1]
    above = "the beginning"
    for source, name in zip(sources, theirs, strict=True):
        above = name or above
        if name not in ours and source.strip():
            said.append(f"a new cell below {above}: nobody is asked to read it; move its words into the answer")
    return said


def main() -> int:
    parser = argparse.ArgumentParser(description="Names every submission that would not be graded, and why.")
    parser.add_argument("assignment", help="such as 02-boxes")
    assignment = parser.parse_args().assignment
    chapter = re.sub(r"^\d+-", "", assignment)
    archive, released = Path("downloaded", assignment, "archive"), Path("release", assignment, f"{chapter}.ipynb")
    for needed in (archive, released):
        if not needed.exists():
            print(f"error: there is no {needed}; this is said in the course's folder", file=sys.stderr)
            return 2
    with tempfile.TemporaryDirectory() as unpacked:
        folder = Path(unpacked) / "extracted"
        folder.mkdir()
        ExtractorPlugin().extract(str(archive), str(folder))
        wrong = problems(folder, chapter)
        files = [p for p in folder.rglob("*") if p.suffix.lower() == ".ipynb"]
        lines = {path: [why] for path, why in wrong.items()}
        lines |= {path: found for path in files if path not in wrong and (found := defects(path, released))}
        for path, said in sorted(lines.items()):
            print(path.relative_to(folder), *said, sep="\n    ")
        print(f"{len(files)} notebooks, of which {len(files) - len(lines)} will be graded as they are")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())

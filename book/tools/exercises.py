"""Reads the exercises out of the chapters: for the assignments, the slides, the pages, and the tests that solve them.

    python book/tools/exercises.py dsod_lite/exercises/contents.json

writes the list that the package carries along. `make book` does so whenever a chapter has changed.
"""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import yaml
from nbformat import NotebookNode

DIRECTIVE = re.compile(r"^(`{3,})\{(exercise|solution)\}([^\n]*)\n(.*?)^\1[ \t]*$", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LABELLED = re.compile(r"^\$\$\n((?:(?!\$\$).)+)^\$\$ \((\S+)\)$", re.MULTILINE | re.DOTALL)
CHECKING = re.compile(r"^(?:from dsod_lite\.exercises import check|check\(.*\))\n*", re.MULTILINE)
ROLES = {
    "cite": "",
    "eq": "the chapter's equation",
    "numref": "the chapter's figure",
    "doc": "the chapter",
    "ref": "the chapter",
}


@dataclass(frozen=True)
class Written:
    """An exercise as its chapter has it."""

    label: str
    title: str
    stars: int
    statement: str
    """Markdown, without the stars; with a formula where the chapter refers to it by its number."""
    start: str = ""
    """What the student fills in, if there is a cell for it: Python, without the call of `check`."""
    checked_as: str = ""
    """The name in that call, such as boxes.4."""
    solution: str = ""
    """Markdown."""

    def programs(self) -> list[str]:
        """The solution's pieces of Python. The first one is the answer; others may need the chapter's variables."""
        return PYTHON.findall(self.solution)


def matched(pattern: str, text: str) -> tuple[str, ...]:
    """The groups of a pattern that a whole text has. Raises ValueError, with the text's beginning, if it has not."""
    if (found := re.fullmatch(pattern, text, re.DOTALL)) is None:
        raise ValueError(f"what begins with {text[:60]!r} is not like {pattern}")
    return found.groups()


def chapters(root: Path) -> list[Path]:
    """The book's notebooks that have exercises, in its order."""
    contents = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    files = [entry["file"] for part in contents["parts"] for entry in part["chapters"]]
    notebooks = [root / f"{file}.ipynb" for file in files if (root / f"{file}.ipynb").exists()]
    return [path for path in notebooks if "{exercise}" in path.read_text(encoding="utf-8")]


def title(notebook: NotebookNode) -> str:
    """What stands above a chapter."""
    return matched(r"# ([^\n]+).*", notebook.cells[0].source)[0]


def read_exercises(path: Path) -> list[Written]:
    """The exercises of a chapter's notebook, in its order, each with the cell to fill in and the solution below it."""
    found: list[dict[str, Any]] = []
    formulas: dict[str, str] = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and found and (name := re.search(r'^check\("(.+?)"', cell.source, re.MULTILINE)):
            found[-1] |= {"start": CHECKING.sub("", cell.source).strip(), "checked_as": name[1]}
        if cell.cell_type != "markdown":
            continue
        formulas.update((label, formula.strip(" .,\n")) for formula, label in LABELLED.findall(cell.source))
        for _, kind, argument, body in DIRECTIVE.findall(cell.source):
            if kind == "exercise":
                label, text = matched(r":label: (\S+)\n+(.*)", body)
                stars, statement = matched(r"(★+) (.*)", text.strip())
                statement = re.sub(r"\{eq\}`(\S+?)`", lambda label: f"${formulas[label[1]]}$", statement)
                title = argument.strip()
                found.append({"label": label, "title": title, "stars": len(stars), "statement": statement})
            else:
                of = next(each for each in found if each["label"] == argument.strip())
                of["solution"] = body.removeprefix(":class: dropdown\n").strip()
    return [Written(**each) for each in found]


def rubrics(root: Path) -> dict[str, list[str]]:
    """What a written answer to an exercise, such as boxes.2, has to say: a point for each line."""
    path = root / "book" / "instructors" / "rubrics.yml"
    found: dict[str, list[str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    for exercise, lines in found.items():
        for line in lines:
            if not isinstance(line, str):  # YAML takes "one: two" for a table
                raise ValueError(f"{path}: {exercise}: a line with a colon needs quotation marks: {line}")
    return found


def plain(markdown: str) -> str:
    """Markdown without what only the book's pages can show: citations go, references become words."""
    return re.sub(r" ?\{(\w+)\}`[^`]*`", lambda role: f" {ROLES[role[1]]}" if ROLES[role[1]] else "", markdown)


def contents(root: Path) -> str:
    """The chapters and their exercises with their grades, as the package has them: JSON."""
    listed = {path.stem: [f"{'★' * e.stars} {e.title}" for e in read_exercises(path)] for path in chapters(root)}
    return json.dumps(listed, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(contents(Path(__file__).parents[2]), encoding="utf-8", newline="\n")

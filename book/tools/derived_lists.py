"""Sphinx extension: lists that a page shows and nobody types, for they follow from the chapters or from the package.

Where a page has the line `<!-- derived: NAME -->`, the list of that name is put in its place: `exercises` of all
chapters, `times` for reading and running them, `rubrics` of their written answers. `<!-- derived: modules detector -->`
is a room of the package, and `<!-- derived: goals foundations/boxes -->` what that chapter's head promises, as a
teacher reads it.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import yaml
from exercises import chapters, read_exercises, rubrics, title
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "dsod_lite"
READING = r"\*\*Time:\*\*\s(.{1,30}?)\sof\sreading"
OBJECTIVES = r"\*\*After this you can\*\*\s(.+?\.)(?:\n|$)"
MARK = re.compile(r"^<!-- derived: (\w+)(?: (\S+))? -->$", re.MULTILINE)
ROOMS = ("detector", "training", "evaluation", "datasets", "weights", "deploy", "plots", "support")
"""The parts of the package that have a page. The others have other doors: commands their --help, say."""


def parts() -> Iterator[tuple[str, list[tuple[int, Path]]]]:
    """The book's parts that have exercises, each with its chapters' numbers and notebooks."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    numbers = {path: number for number, path in enumerate(chapters(ROOT), start=1)}
    for part in contents["parts"]:
        paths = [ROOT / f"{entry['file']}.ipynb" for entry in part["chapters"]]
        if within := [(numbers[path], path) for path in paths if path in numbers]:
            yield part["caption"], within


def said(pattern: str, path: Path) -> str:
    """What a chapter's first cell says. Raises ExtensionError, naming the chapter, if it does not."""
    if found := re.search(pattern, nbformat.read(path, as_version=4).cells[0].source, re.DOTALL):
        return " ".join(found[1].split())
    raise ExtensionError(f"{path.relative_to(ROOT)}: in its first cell there is nothing like {pattern}")


def link(path: Path) -> str:
    return f"[{title(nbformat.read(path, as_version=4))}](../{path.relative_to(ROOT / 'book').as_posix()})"


def exercises() -> str:
    """All exercises with their grade, below the book's parts and chapters."""
    lines = []
    for caption, within in parts():
        lines += [f"## {caption}", ""]
        for number, path in within:
            lines += [f"**{number}. {link(path)}**", ""]
            for place, each in enumerate(read_exercises(path), start=1):
                lines.append(f"- `{path.stem}.{place}` {'★' * each.stars} {{ref}}`{each.title} <{each.label}>`")
            lines.append("")
    return "\n".join(lines)


def times() -> str:
    """A row for each chapter: how long it takes to read, as its first cell says, and to run, as times.json has it."""
    measured = json.loads((ROOT / "book" / "times.json").read_text(encoding="utf-8"))
    rows = [f"Measured on {measured['machine']}:", "", "| chapter | reading | its cells |", "|---|---|---|"]
    for path in chapters(ROOT):
        seconds = measured["seconds"].get(path.relative_to(ROOT / "book").with_suffix("").as_posix())
        taken = "not yet measured" if seconds is None else rounded(seconds)
        reading = said(READING, path).replace("minutes", "min")
        rows.append(f"| {link(path)} | {reading} | {taken} |")
    return "\n".join(rows)


def rounded(seconds: float) -> str:
    """A time as one would say it."""
    return f"{max(5, 5 * round(seconds / 5))} s" if seconds < 90 else f"{round(seconds / 60)} min"


def modules(room: str) -> str:
    """The modules of a room of the package; of a folder its docstring."""
    lines = []
    for path in sorted((PACKAGE / room).rglob("*.py")):
        is_folder = path.name == "__init__.py"
        name = ".".join((path.parent if is_folder else path.with_suffix("")).relative_to(ROOT).parts)
        members = [] if is_folder else ["   :members:"]
        title = [] if name == f"dsod_lite.{room}" else [f"## {name}", ""]  # the page has its own
        lines += [*title, "```{eval-rst}", f".. automodule:: {name}", *members, "```", ""]
    return "\n".join(lines)


def goals(chapter: str) -> str:
    """What a reader of "foundations/boxes" can do afterwards, as its head says."""
    return f"**Goals.** Afterwards they can {said(OBJECTIVES, ROOT / 'book' / f'{chapter}.ipynb')}"


def rubric_table() -> str:
    """What each written answer has to say, chapter by chapter, and how many points it is worth."""
    lines, listed = [], rubrics(ROOT)
    for _, within in parts():
        for number, path in within:
            lines += [f"## {number}. {title(nbformat.read(path, as_version=4))}", ""]
            for place, each in enumerate(read_exercises(path), start=1):
                if criteria := listed.get(f"{path.stem}.{place}"):
                    beside = ", beside its code" if each.checked_as else ""
                    lines += [f"**`{path.stem}.{place}`** {{ref}}`{each.title} <{each.label}>`{beside}", ""]
                    lines += [*(f"- {criterion}" for criterion in criteria), ""]
    return "\n".join(lines)


LISTS: dict[str, Callable[..., str]] = {"exercises": exercises, "times": times, "modules": modules, "goals": goals,
                                      "rubrics": rubric_table}  # fmt: skip


def put_in(app: Sphinx, docname: str, source: list[str]) -> None:
    source[0] = MARK.sub(lambda mark: LISTS[mark[1]](*([mark[2]] if mark[2] else [])), source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", put_in)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

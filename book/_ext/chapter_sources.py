"""Sphinx extension: what a chapter's page has beside what its executed copy says.

Figures are drawn at twice the resolution, and a page shows them at half the size. Exercises go by the name that their
check prints, such as loss.1, and not by a number that grows through the whole book.
"""

import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from sphinx.application import Sphinx

EXERCISE = re.compile(r"^(`{3,}\{exercise\}) ([^\n]+)\n", re.MULTILINE)


def set_widths(notebook: NotebookNode) -> None:
    """Each figure's width in pixels of the screen, of which each has four of the figure's."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            size = output.get("metadata", {}).get("image/png", {})
            if "width" in size:
                cell.metadata.setdefault("mystnb", {}).setdefault("image", {})["width"] = f"{size['width']}px"


def name_exercises(notebook: NotebookNode, chapter: str) -> None:
    """Puts the exercise's name before its title, in place of a number."""
    place = 0

    def named(found: re.Match[str]) -> str:
        nonlocal place
        place += 1
        return f"{found[1]} {chapter}.{place}, {found[2]}\n:nonumber:\n"

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = EXERCISE.sub(named, cell.source)


def prepare(app: Sphinx, docname: str, source: list[str]) -> None:
    if Path(app.env.doc2path(docname)).suffix == ".ipynb":
        notebook = nbformat.reads(source[0], as_version=4)
        set_widths(notebook)
        name_exercises(notebook, Path(docname).name)
        source[0] = nbformat.writes(notebook)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", prepare, priority=600)  # after executed_notebooks
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Sphinx extension: a chapter's page shows its copy in `_executed/`, which has the outputs.

Chapters are kept without outputs, and `make book` executes a copy of each. Sphinx reads the book's own
folder, so links and pictures resolve as usual; only the text of a notebook is taken from its copy, and only
if both hold the same cells.
"""

from pathlib import Path

import nbformat
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError


def cell_sources(notebook: str) -> list[tuple[str, str]]:
    """Type and source of each cell of a notebook given as JSON text."""
    return [(cell.cell_type, cell.source) for cell in nbformat.reads(notebook, as_version=4).cells]


def show_executed_copy(app: Sphinx, docname: str, source: list[str]) -> None:
    """Replace `source[0]`, the text of a notebook, by that of its executed copy.

    Raises ExtensionError if there is no copy, or one of other cells: old outputs never stand beside new code.
    """
    path = Path(app.env.doc2path(docname)).relative_to(app.srcdir)
    if path.suffix != ".ipynb":
        return
    copy = Path(app.srcdir, "_executed", path)
    if not copy.exists():
        raise ExtensionError(f"{path} has not been executed. Build the book with: make book")
    executed = copy.read_text(encoding="utf-8")
    if cell_sources(executed) != cell_sources(source[0]):
        raise ExtensionError(f"{path} has changed since it was executed. Build the book with: make book")
    source[0] = executed


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", show_executed_copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

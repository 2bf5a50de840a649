"""The book's notebooks and their cells."""

from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).parents[2]


NOTEBOOKS = sorted(p for p in (ROOT / "book").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)


def code_cells(path: Path) -> list[Any]:
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


def toc_files(entry: Any) -> list[str]:
    """Every `file` and `root` in a table of contents, at any depth."""
    if isinstance(entry, list):
        return [name for e in entry for name in toc_files(e)]
    if not isinstance(entry, dict):
        return []
    here = [entry[key] for key in ("root", "file") if key in entry]
    return here + [name for value in entry.values() for name in toc_files(value)]


CHAPTERS = [p for p in NOTEBOOKS if "appendices" not in p.parts]


each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.relative_to(ROOT).as_posix())

"""The tests themselves: those that open no browser run where playwright is not installed."""

import ast
from pathlib import Path

import pytest
from chapters import ROOT

FILES = sorted((ROOT / "tests").rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT / "tests").as_posix())
def test_playwright_is_imported_by_browsing_alone(path: Path) -> None:
    """And there only if it is installed."""
    statements = ast.parse(path.read_text(encoding="utf-8")).body
    imported = {s.module or "" for s in statements if isinstance(s, ast.ImportFrom)}
    imported |= {alias.name for s in statements if isinstance(s, ast.Import) for alias in s.names}
    assert not [name for name in imported if "playwright" in name]

"""Lists that nobody types: all exercises in their order, and all modules of the package, each once."""

import importlib
import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest
import yaml
from chapters import ROOT, toc_files
from derived_lists import MARK, ROOMS, exercises, modules, put_in, rounded, rubric_table, said
from exercises import chapters, contents, read_exercises, rubrics
from sphinx.errors import ExtensionError


def test_the_appendix_lists_each_exercise_in_its_order() -> None:
    """Under the name by which it is checked, and under its own: "Exercise" tells nobody which."""
    listed = re.findall(r"^- `(\S+)` (★+) \{ref\}`(.+) <(ex-\S+)>`$", exercises(), re.MULTILINE)
    written: list[tuple[str, str, str, str]] = []
    for name in toc_files(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))):
        path = ROOT / f"{name}.ipynb"
        if path.exists():
            cells = nbformat.read(path, as_version=4).cells
            prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
            found = re.findall(r"\{exercise\} ([^\n]*)\n:label: (ex-\S+)\n\n(★{1,3}) ", prose)
            written += [(f"{path.stem}.{i}", grade, own, label) for i, (own, label, grade) in enumerate(found, start=1)]
    assert listed == written


def test_each_written_answer_has_a_rubric_of_as_many_points_as_stars() -> None:
    """And an exercise that is checked as code has one if it asks for words besides."""
    listed, shown = rubrics(ROOT), rubric_table()
    written = {f"{p.stem}.{i}": e for p in chapters(ROOT) for i, e in enumerate(read_exercises(p), start=1)}
    assert set(listed) <= set(written)
    assert {n: len(listed.get(n, [])) for n, e in written.items() if not e.checked_as} == {
        n: e.stars for n, e in written.items() if not e.checked_as
    }
    assert re.findall(r"^\*\*`(\S+)`\*\*", shown, re.MULTILINE) == [name for name in written if name in listed]
    assert all(f"- {line}" in shown for lines in listed.values() for line in lines)


def test_the_package_carries_the_list_that_the_chapters_give() -> None:
    """If not: make book, or make test, writes it."""
    assert (ROOT / "dsod_lite/exercises/contents.json").read_text(encoding="utf-8") == contents(ROOT)


def test_the_packages_pages_have_each_module_once() -> None:
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "book/appendices/api").glob("*.md")]
    marked = sorted(mark[2] for page in pages for mark in MARK.finditer(page))
    assert marked == sorted(ROOMS)
    shown = Counter(re.findall(r"^\.\. automodule:: (\S+)$", "".join(map(modules, ROOMS)), re.MULTILINE))
    package = ROOT / "dsod_lite"
    files = [path for room in ROOMS for path in (package / room).rglob("*.py")]
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files}
    assert set(shown) == names
    assert set(shown.values()) == {1}
    assert all(importlib.import_module(name).__doc__ for name in shown)
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    assert rooms == {*ROOMS, "commands", "exercises", "explorers", "report"}


def test_a_page_has_the_list_in_the_place_of_its_mark() -> None:
    source = ["# Title\n\n<!-- derived: modules weights -->\n\nThe end.\n"]
    put_in(None, "page", source)
    assert source[0] == f"# Title\n\n{modules('weights')}\n\nThe end.\n"
    appendices = sorted((ROOT / "book/appendices").glob("*.md"))
    assert [p.stem for p in appendices if MARK.search(p.read_text(encoding="utf-8"))] == ["solutions"]


@pytest.mark.parametrize(
    ("seconds", "words"), [(3.8, "5 s"), (46.6, "45 s"), (89, "90 s"), (100, "2 min"), (246, "4 min")]
)
def test_a_time_is_rounded(seconds: float, words: str) -> None:
    assert rounded(seconds) == words


def test_a_chapter_that_does_not_say_how_long_it_is_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("derived_lists.ROOT", tmp_path)
    cells = [nbformat.v4.new_markdown_cell("# A chapter")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    with pytest.raises(ExtensionError, match=r"a\.ipynb: in its first cell there is nothing like"):
        said("of reading", tmp_path / "a.ipynb")


def test_a_rubric_that_yaml_reads_as_a_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "book/instructors").mkdir(parents=True)
    (tmp_path / "book/instructors/rubrics.yml").write_text("boxes.2:\n  - Two things: both.\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"rubrics\.yml: boxes\.2: a line with a colon needs quotation marks"):
        rubrics(tmp_path)

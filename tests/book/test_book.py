"""The book's own rules, checked in its sources. What the built pages look like is the part of tests/pages."""

import importlib
import re
import statistics
import tomllib
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import executed_notebooks
import nbformat
import pytest
import yaml
from chapters import NOTEBOOKS, ROOT, code_cells, toc_files
from packaging.requirements import Requirement
from sphinx.errors import ExtensionError

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.relative_to(ROOT).as_posix())


def book_text() -> str:
    """All prose of the book: Markdown files and the notebooks' Markdown cells."""
    pages = [p.read_text(encoding="utf-8") for p in sorted((ROOT / "book").rglob("*.md"))]
    for path in NOTEBOOKS:
        pages += [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "markdown"]
    return "\n".join(pages)


@each_notebook
def test_notebook_is_kept_without_outputs(path: Path) -> None:
    executed = [c.source for c in code_cells(path) if c.outputs or c.execution_count is not None]
    assert executed == []
    assert nbformat.read(path, as_version=4).metadata.kernelspec.name == "python3"


@each_notebook
def test_code_cells_are_short_enough_to_type(path: Path) -> None:
    """25 lines, but for what has to be the package's own definition, or an experiment's; most are far shorter."""
    lines = {c.source: len(c.source.splitlines()) for c in code_cells(path)}
    most = {source: 60 if source.startswith(("# dsod_lite/", "# book/")) else 25 for source in lines}
    long = [source for source, number in lines.items() if number > most[source]]
    assert long == []
    assert statistics.median(lines.values() or [0]) <= 12


@each_notebook
def test_code_fits_its_column(path: Path) -> None:
    """70 characters: a line that is longer has to be scrolled sideways on a screen of 1280 pixels."""
    assert [line for c in code_cells(path) for line in c.source.splitlines() if len(line) > 70] == []


def figures(path: Path) -> list[Any]:
    """What a chapter's cells say of their figures: {"image": {"alt"}, "figure": {"name", "caption"}}."""
    settings = [c.metadata.get("mystnb", {}) for c in code_cells(path)]
    return [s for s in settings if "image" in s or "figure" in s]


def is_sentence(text: str) -> bool:
    """Whether it reads as a sentence, and not as a file's name or a word or two."""
    ends = text[:1].isupper() and text.endswith(".")
    return ends and len(text.split()) >= 5 and not re.search(r"\w\.(png|svg|jpe?g|gif)\b", text)


@each_notebook
def test_figures_have_a_name_a_caption_and_an_alternative_text(path: Path) -> None:
    wrong = []
    for settings in figures(path):
        figure, alt = settings.get("figure", {}), settings.get("image", {}).get("alt", "")
        if not (is_sentence(alt) and figure.get("name", "").startswith("fig-") and figure.get("caption")):
            wrong.append(settings)
    assert wrong == []


def test_pictures_in_the_text_have_an_alternative_text() -> None:
    text = book_text()
    pictures = re.findall(r"```\{(?:image|figure)\}[^`]*", text)
    alts = [re.search(r"^:alt: (.*)$", p, re.MULTILINE) for p in pictures]
    assert [p for p, alt in zip(pictures, alts, strict=True) if alt is None or not is_sentence(alt[1])] == []
    assert [alt for alt in re.findall(r"!\[([^\]]*)\]\(", text) if not is_sentence(alt)] == []


def test_labels_are_unique_in_the_book() -> None:
    text = book_text()
    labels = [figure["figure"]["name"] for path in NOTEBOOKS for figure in figures(path)]
    for pattern in (r"^:(?:label|name): *(\S+)", r"\$\$ *\((\S+)\)", r"^\((\S+)\)=$"):
        labels += re.findall(pattern, text, re.MULTILINE)
    assert [label for label, count in Counter(labels).items() if count > 1] == []


def test_table_of_contents_lists_each_page_once() -> None:
    listed = sorted(toc_files(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))))
    pages = [*NOTEBOOKS, *(page for page in (ROOT / "book").rglob("*.md") if page.name != "PLAN.md")]
    assert listed == sorted(p.relative_to(ROOT).with_suffix("").as_posix() for p in pages)


def test_each_reference_is_cited_and_each_citation_has_a_reference() -> None:
    references = (ROOT / "book/references.bib").read_text(encoding="utf-8")
    keys = re.findall(r"^@\w+\{([^,\s]+),", references, re.MULTILINE)
    citations = re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", book_text())
    cited = {key.strip() for names in citations for key in names.split(",")}
    assert len(keys) == len(set(keys))
    assert set(keys) == cited


def test_the_book_is_pinned_exactly_and_the_package_from_below_only() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line.strip() and not line.strip().startswith("#")]
    assert [p.name for p in pins if [s.operator for s in p.specifier] != ["=="]] == []

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needs = [Requirement(r) for r in project["dependencies"]]
    assert [n.name for n in needs if {s.operator for s in n.specifier} - {">=", "!="}] == []
    assert {n.name for n in needs} <= {p.name for p in pins}


def resolve(name: str) -> object:
    """What a dotted name of the package stands for. Raises ImportError or AttributeError."""
    found: Any = importlib.import_module("dsod_lite")
    done = "dsod_lite"
    for part in name.split(".")[1:]:
        done += f".{part}"
        found = getattr(found, part) if hasattr(found, part) else importlib.import_module(done)
    return found


def test_what_the_pages_name_of_the_package_is_there() -> None:
    """Also where no cell runs: in prose, and in code that is only shown."""
    named = {text for path in NOTEBOOKS for text in (c.source for c in code_cells(path))}
    text = "\n".join([book_text(), *named, (ROOT / "README.md").read_text(encoding="utf-8")])
    names = set(re.findall(r"\bdsod_lite(?:\.[A-Za-z_]\w*)+", text))
    for module, imported in re.findall(r"\bfrom (dsod_lite[\w.]*) import ([\w, ]+)$", text, re.MULTILINE):
        names |= {f"{module}.{name.split(' as ')[0].strip()}" for name in imported.split(",")}
    assert len(names) > 50
    for name in names:
        resolve(name)
    paths = set(re.findall(r"\bdsod_lite/[\w/]+\.\w+", text))
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_page_for_those_who_carry_this_on_names_files_and_rooms_that_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = [name for name in re.findall(r"`([\w/.]+\.\w+)`", text) if not re.search(r"/[A-Z]+\.", name)]
    assert len(named) > 15
    homes = (ROOT, ROOT / "dsod_lite", ROOT / "book", ROOT / "book/instructors", ROOT / "book/principles")
    assert [name for name in named if not any((home / name).exists() for home in homes)] == []
    rooms = [path.parent.name for path in sorted((ROOT / "dsod_lite").glob("*/__init__.py"))]
    assert [room for room in rooms if f"{room}/" not in text] == []


def notebook_text(code: str, **cell: Any) -> str:
    kernelspec = {"name": "python3", "display_name": "Python 3"}
    cells = [nbformat.v4.new_code_cell(code, **cell)]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec}))


def shown(folder: Path, chapter: str) -> str:
    """What the extension makes of the chapter `book/a.ipynb` in a book at `folder`."""
    page = folder / "book" / "a.ipynb"
    app = SimpleNamespace(srcdir=str(folder), env=SimpleNamespace(doc2path=lambda name: str(page)))
    source = [chapter]
    executed_notebooks.show_executed_copy(app, "book/a", source)
    return source[0]


def test_page_shows_the_executed_copy_and_never_an_older_one(tmp_path: Path) -> None:
    chapter = notebook_text("1 + 1")
    with pytest.raises(ExtensionError, match=r"book/a.ipynb has not been executed"):
        shown(tmp_path, chapter)

    output = nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=1)
    executed = notebook_text("1 + 1", outputs=[output], execution_count=1)
    (tmp_path / "_executed/book").mkdir(parents=True)
    (tmp_path / "_executed/book/a.ipynb").write_text(executed, encoding="utf-8")
    assert shown(tmp_path, chapter) == executed
    with pytest.raises(ExtensionError, match=r"book/a.ipynb has changed"):
        shown(tmp_path, notebook_text("1 + 2"))

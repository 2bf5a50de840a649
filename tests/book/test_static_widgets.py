"""A notebook's explorer, from the kernel through MyST-NB and the book's extension and theme into a reader's browser."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from browsing import STICKING_OUT, chromium, violations, watch

ROOT = Path(__file__).parents[2]
CELLS = """
from dsod_lite import DSODConfig
from dsod_lite.explorers import PriorExplorer
PriorExplorer(DSODConfig())
"""
HOSTILE = """</SCRIPT ><!--<script>document.title = 'taken'</script >"""
HOSTILE_CELLS = f"""
import torch
from dsod_lite import DSODConfig
from dsod_lite.explorers import MatchingExplorer
box, label = torch.tensor([[30.0, 30, 90, 90]]), torch.tensor([1])
MatchingExplorer(DSODConfig(), None, box, label, [{HOSTILE!r}])
"""
CONF = f"""
import sys
sys.path.insert(0, {str(ROOT / "book" / "_ext")!r})
extensions = ["myst_nb", "static_widgets"]
html_theme = "sphinx_book_theme"
html_context = {{"default_mode": "dark"}}
nb_ipywidgets_js = {{}}
nb_execution_mode = "force"
nb_execution_raise_on_error = True
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of two pages, of which index.html has an explorer."""
    source = tmp_path_factory.mktemp("book")
    (source / "conf.py").write_text(CONF, encoding="utf-8")
    (source / "plain.md").write_text("# Plain\n\nNothing moves here.\n", encoding="utf-8")
    toctree = "# Explorer\n\n```{toctree}\nplain\nhostile\n```"
    pages = {"index": (toctree, CELLS), "hostile": ("# Hostile", HOSTILE_CELLS)}
    for name, (text, cell) in pages.items():
        cells = [nbformat.v4.new_markdown_cell(text), nbformat.v4.new_code_cell(cell)]
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, source / f"{name}.ipynb")
    target = source / "_html"
    # In a process of its own: what other tests have loaded of Sphinx and docutils is not this book's.
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(source), str(target)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target


def test_only_pages_with_widgets_load_the_script(built: Path) -> None:
    assert "static_widgets.js" in (built / "index.html").read_text(encoding="utf-8")
    assert "static_widgets.js" not in (built / "plain.html").read_text(encoding="utf-8")
    assert (built / "_static" / "static_widgets.js").is_file()


def test_the_page_has_the_explorer_and_no_still_picture(built: Path) -> None:
    problems: list[object] = []
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 844})
        watch(page, built.as_uri(), problems.append, problems.append)
        page.goto(f"{built.as_uri()}/index.html", wait_until="networkidle")
        assert page.locator(".explorer-stage").count() == 1
        assert "8,744" in page.inner_text(".explorer-facts")
        assert page.locator(".cell_output img").count() == 0
        dark = page.locator(".explorer").evaluate("e => getComputedStyle(e).colorScheme")
        assert dark == "dark", "as the page's theme, not the system's"
        problems += page.evaluate(STICKING_OUT)
        # preload would ask for the theme's styles again, which browsers refuse to scripts of a file's page
        problems += [violation["help"] for violation in violations(page, ".explorer", {"preload": False})]
    assert not problems


def test_a_class_name_runs_nothing_and_takes_no_explorer_away(built: Path) -> None:
    problems: list[object] = []
    with chromium() as browser:
        page = browser.new_page()
        watch(page, built.as_uri(), problems.append, problems.append)
        page.goto(f"{built.as_uri()}/hostile.html", wait_until="networkidle")
        assert page.locator(".explorer-stage").count() == 1
        assert HOSTILE in page.inner_text(".explorer")
        assert "taken" not in page.title()
    assert not problems

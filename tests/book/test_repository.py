"""A fork is its own book: one command, and every link, button and first cell follows."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
import repository
import repository_links
import yaml
from chapters import NOTEBOOKS, ROOT, code_cells

FORK = "https://github.com/Ada-Course/detectors_2027"
GITLAB = "https://gitlab.com/ada-course/2027/detectors"
SITE = "https://ada-course.github.io/detectors_2027/"

WRITTEN = ["_config.yml", *repository.MARKED]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What a fork has to begin with: the files of this book without data, runs and tests."""
    target = tmp_path / "fork"
    leave_out = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "node_modules")
    for name in ("book", "dsod_lite"):
        shutil.copytree(ROOT / name, target / name, ignore=leave_out)
    for name in (*WRITTEN, "_toc.yml"):
        shutil.copy(ROOT / name, target / name)
    return target


def contents(root: Path) -> dict[str, str]:
    files = [root / name for name in WRITTEN] + [root / path.relative_to(ROOT) for path in NOTEBOOKS]
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in files}


def test_the_address_stands_everywhere_as_in_the_configuration(copy: Path) -> None:
    before = contents(copy)
    url, _ = repository.configured(copy)
    repository.write_everywhere(copy, url)
    assert contents(copy) == before


def test_a_fork_is_named_everywhere_and_nothing_else_changes(copy: Path) -> None:
    command = [sys.executable, str(copy / "book/tools/repository.py"), FORK + ".git"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert SITE in done.stdout

    config = yaml.safe_load((copy / "_config.yml").read_text(encoding="utf-8"))
    assert (config["repository"]["url"], config["html"]["baseurl"]) == (FORK, SITE)
    project = tomllib.loads((copy / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["urls"] == {"Documentation": SITE, "Repository": FORK, "Issues": f"{FORK}/issues"}
    assert project["dependencies"]
    citation = yaml.safe_load((copy / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["repository-code"], citation["url"]) == (FORK, SITE)
    readme = (copy / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"https://\S*?(?:Ada-Course|ada-course)[^\s)]*", readme)
    assert [link for link in links if not link.lower().startswith((FORK.lower(), SITE, "https://colab."))] == []
    (in_colab,) = re.findall(
        r"https://colab\.research\.google\.com/github/Ada-Course/detectors_2027/blob/main/([^)]+)", readme
    )
    assert (copy / in_colab).is_file()

    for path in NOTEBOOKS:
        chapter = path.relative_to(ROOT / "book").with_suffix("").as_posix()
        old, new = code_cells(path), code_cells(copy / path.relative_to(ROOT))
        if old[0].source.startswith("# In Colab this "):
            assert f'address = "{FORK}"' in new[0].source
            assert new[0].source == repository.first_cell(chapter, FORK)
            old, new = old[1:], new[1:]
        assert new == old

    repository.write_everywhere(copy, repository.configured(ROOT)[0])
    assert contents(copy) == contents(ROOT)  # and back


@pytest.mark.parametrize(
    "url",
    [
        *("", "github.com/a/b", "https://example.org/a/b", "https://github.com/a"),
        *(f"{FORK}/tree/main", f"{GITLAB}/-/tree/main"),
    ],
)
def test_an_address_that_is_no_repository_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL is .*; it has to be https://github\.com/NAME/REPOSITORY or"):
        repository.address(url)


def test_a_user_s_home_page_is_known() -> None:
    assert repository.site("https://github.com/Ada/ada.github.io") == "https://ada.github.io/"
    assert repository.site("https://gitlab.com/Ada/ada.gitlab.io") == "https://ada.gitlab.io/"


def test_a_fork_at_gitlab_is_named_everywhere_and_promises_nothing_of_github(copy: Path) -> None:
    assert repository.address(f"{GITLAB}.git") == GITLAB
    repository.write_everywhere(copy, GITLAB)
    site = "https://ada-course.gitlab.io/2027/detectors/"
    config = yaml.safe_load((copy / "_config.yml").read_text(encoding="utf-8"))
    assert (config["repository"]["url"], config["html"]["baseurl"]) == (GITLAB, site)
    readme = (copy / "README.md").read_text(encoding="utf-8").split("<!-- repository -->")[1]
    assert f"[The book]({site})" in readme
    assert "colab" not in readme
    assert "actions" not in readme
    repository.write_everywhere(copy, repository.configured(ROOT)[0])
    assert contents(copy) == contents(ROOT)


def test_a_place_that_is_gone_is_named(copy: Path) -> None:
    (copy / "README.md").write_text("# Mine\n")
    with pytest.raises(ValueError, match=r"README\.md: the line '<!-- repository -->' has to be there twice"):
        repository.write_everywhere(copy, FORK)


TOC = "format: jb-book\nroot: book/appendices/errata\nchapters:\n  - file: book/foundations/boxes\n"


def outside_links(copy: Path, url: str) -> set[str]:
    """All addresses in a built page of text and a built chapter of the fork that do not stand in their sources."""
    repository.write_everywhere(copy, url)
    (copy / "_toc.yml").write_text(TOC)
    chapter = copy / "book/foundations/boxes.ipynb"
    executed = copy / "_executed/book/foundations/boxes.ipynb"
    graphs = (f"live/{name}.onnx" for name in ("detector", "training", "training_small", "network"))
    files = (*graphs, *(f"frontend/node_modules/onnxruntime-web/dist/{name}" for name in RUNTIME))
    for path in (executed, *(copy / "_build" / name for name in files)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    shutil.copy(chapter, executed)
    subprocess.run([Path(sys.executable).with_name("jupyter-book"), "build", copy, "--quiet"], check=True)
    pages = [
        (copy / "_build/html/book" / name).read_text("utf-8")
        for name in ("appendices/errata.html", "foundations/boxes.html")
    ]
    sources = chapter.read_text("utf-8") + (copy / "book/appendices/errata.md").read_text("utf-8")
    links = {link for page in pages for link in re.findall(r'(?:href|content)="(https?://[^"]*)"', page)}
    return {link for link in links if link not in sources}


RUNTIME = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
THEME = {"https://sphinx-book-theme.readthedocs.io", "https://www.sphinx-doc.org"}


def test_the_buttons_of_a_fork_s_pages_lead_to_the_fork(copy: Path) -> None:
    links = outside_links(copy, FORK) - THEME
    name = FORK.removeprefix("https://github.com/")
    chapter = "book/foundations/boxes.ipynb"
    assert f"https://colab.research.google.com/github/{name}/blob/main/{chapter}" in links
    assert f"https://mybinder.org/v2/gh/{name}/main?urlpath=lab/tree/{chapter}" in links
    assert f"{FORK}/edit/main/{chapter}" in links
    assert f"{SITE}book/foundations/boxes.html" in links
    assert [link for link in links if name not in link and not link.startswith(SITE)] == []
    card = f"{SITE}_static/detections.png"
    assert card in links
    assert (copy / "_build/html" / card.removeprefix(SITE)).is_file()
    edited = {match[1] for link in links if (match := re.search(r"/(?:edit|blob)/main/(.*)", link))}
    assert [path for path in edited if not (copy / path).is_file()] == []


def test_only_pages_of_a_fork_at_github_have_buttons_for_colab() -> None:
    for url in (FORK, GITLAB):
        options = {"repository_url": url}
        config = SimpleNamespace(html_theme_options=options, html_baseurl=SITE, html_title="DSOD")
        repository_links.add_links(None, config)  # type: ignore[arg-type]
        assert ("launch_buttons" in options) == (url == FORK)
        assert options["use_edit_page_button"]


def test_without_an_address_no_button_leads_outside(copy: Path) -> None:
    assert outside_links(copy, "") - THEME == set()

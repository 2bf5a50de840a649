"""Makes a copy of this book its own book: writes where its repository is to every place that has to say so.

    python book/tools/repository.py https://github.com/NAME/REPOSITORY

or https://gitlab.com/GROUP/REPOSITORY, where there are no buttons for Colab, which reads GitHub only.
`_config.yml` keeps the address, and the pages' buttons follow from there while they are built. Written as well are the
first cell of every chapter, and the lines between two marks in README.md, pyproject.toml and CITATION.cff.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIRST_CELL = """\
# In Colab this fetches the book, works in the chapter's folder and
# names the GPU. Elsewhere it does little.
import os
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # no spinning
if "google.colab" in sys.modules:
    if not os.path.exists("../../dsod_lite"):
        address = "ADDRESS"  # of the book's repository
        source = os.environ.get("DSOD_LITE_SOURCE", address)
        assert source, "Where is the book? Write its address above."
        if not os.path.exists("dsod-lite"):
            !git clone --quiet --depth 1 {source} dsod-lite
        os.chdir("dsod-lite/book/FOLDER")
    chapter = "FOLDER/NAME"
    %run ../../dsod_lite/support/colab.py {chapter}
sys.path.insert(0, os.path.abspath("../.."))
%config InlineBackend.figure_format = "retina"  # sharp figures"""

README = """\
[The book](SITE)

```sh
git clone ADDRESS
```
"""
README_GITHUB = """\
[The book](SITE) · [its first detector in Colab](COLAB) ·
[![tests](ADDRESS/actions/workflows/book.yml/badge.svg)](ADDRESS/actions)

```sh
git clone ADDRESS
```
"""
PYPROJECT = """\
[project.urls]
Documentation = "SITE"
Repository = "ADDRESS"
Issues = "ADDRESS/issues"
"""
CITATION = """\
repository-code: "ADDRESS"
url: "SITE"
"""
CONFIG = re.compile(
    r'(?<=^repository:\n)  url: "(?P<url>.*)"\n  branch: (?P<branch>\S+)\n\nhtml:\n  baseurl: ".*"$', re.MULTILINE
)
MARKED = {"README.md": ("<!-- repository -->", README), "pyproject.toml": ("# repository", PYPROJECT),
          "CITATION.cff": ("# repository", CITATION)}  # fmt: skip
"""Files with the mark between which their lines stand, and the lines."""


def address(url: str) -> str:
    """The address without slash and `.git` at its end. Raises ValueError if it is none at GitHub or GitLab."""
    found = re.fullmatch(r"(https://(?:github\.com|gitlab\.com(?:/[\w.-]+)*)/[\w.-]+/[\w.-]+?)(\.git)?/?", url)
    if found is None or "/-/" in url:
        raise ValueError(
            f"URL is {url!r}; it has to be https://github.com/NAME/REPOSITORY or https://gitlab.com/GROUP/REPOSITORY"
        )
    return found[1]


def is_github(url: str) -> bool:
    return url.startswith("https://github.com/")


def site(url: str) -> str:
    """Where GitHub Pages or GitLab Pages publishes the repository's book."""
    owner, *within = url.split("/")[3:]
    domain = f"{owner.lower()}.{'github' if is_github(url) else 'gitlab'}.io"
    return f"https://{domain}/" if within[-1].lower() == domain else f"https://{domain}/{'/'.join(within)}/"


def configured(root: Path) -> tuple[str, str]:
    """Address, "" if there is none yet, and branch in `_config.yml`. Raises ValueError if the lines are not there."""
    found = CONFIG.search((root / "_config.yml").read_text(encoding="utf-8"))
    if found is None:
        raise ValueError("_config.yml: the lines of repository: and html: baseurl: are not as this program writes them")
    return found["url"], found["branch"]


def first_cell(chapter: str, url: str) -> str:
    """The first cell of a chapter such as "foundations/boxes"."""
    folder, name = chapter.split("/")
    return FIRST_CELL.replace("FOLDER", folder).replace("NAME", name).replace("ADDRESS", url)


def write_first_cell(path: Path, chapter: str, url: str) -> None:
    """Replaces the cell where there is one; every other byte of the notebook stays."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    if code and "".join(code[0]["source"]).startswith("# In Colab this "):
        code[0]["source"] = first_cell(chapter, url).splitlines(keepends=True)
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_everywhere(root: Path, url: str) -> None:
    """Writes the address to every place in the repository at `root`; "" takes it out of them all.

    Raises ValueError, naming the file, if such a place is gone.
    """
    _, branch = configured(root)
    config = root / "_config.yml"
    lines = f'  url: "{url}"\n  branch: {branch}\n\nhtml:\n  baseurl: "{site(url) if url else ""}"'
    config.write_text(CONFIG.sub(lambda _: lines, config.read_text(encoding="utf-8")), encoding="utf-8")

    for name, (mark, lines) in MARKED.items():
        path = root / name
        parts = path.read_text(encoding="utf-8").split(f"{mark}\n")
        if len(parts) != 3:
            raise ValueError(f"{name}: the line {mark!r} has to be there twice, around the repository's address")
        if is_github(url) and name == "README.md":
            lines = README_GITHUB
        if url:
            path_there = (
                f"{url.removeprefix('https://github.com/')}/blob/{branch}/book/foundations/first_detector.ipynb"
            )
            colab = f"https://colab.research.google.com/github/{path_there}"
            for word, link in {"SITE": site(url), "COLAB": colab, "ADDRESS": url}.items():
                lines = lines.replace(word, link)
        path.write_text(f"{mark}\n".join([parts[0], lines if url else "", parts[2]]), encoding="utf-8")

    book = root / "book"
    for path in sorted(book.rglob("*.ipynb")):
        if ".ipynb_checkpoints" not in path.parts:
            write_first_cell(path, path.relative_to(book).with_suffix("").as_posix(), url)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(
            "Where is your copy of the book? Say: make repository URL=https://github.com/NAME/REPOSITORY",
            file=sys.stderr,
        )
        return 2
    try:
        write_everywhere(ROOT, address(arguments[0]))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    url, branch = configured(ROOT)
    print(f"This book is now that of {url}, branch {branch}. `git diff` shows what has changed; commit it and push.")
    print(f"Its pages will be at {site(url)}.")
    if is_github(url):
        print("In the repository's settings choose Pages, Source, GitHub Actions.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Makes a course of the chapters' exercises: student notebooks without solutions, and an nbgrader course.

    python book/tools/assignments.py _build/assignments

In that folder, `chapters/` holds every chapter without its solutions, and `course/` an nbgrader course with an
assignment for each chapter: `source/` is the teacher's version, `release/` what students get.
"""

import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from exercises import DIRECTIVE, Written, chapters, plain, read_exercises, rubrics, title
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader_course import begin, release, write
from repository import configured, site

from dsod_lite.exercises.answers import wanted
from dsod_lite.exercises.contents import find

ROOT = Path(__file__).parents[2]
INTRODUCTION = """\
# {title}: exercises

These belong to the chapter {chapter}: where a question speaks of *the example by hand*, say, it is the chapter's. Fill
in the cells that are open for it, and do not change the names that an exercise gives. A cell that calls `grade` says
whether you are right, and what is wrong; run it as often as you like. The other questions are read by a person. Many go
on with the chapter's code: work on them at the end of the chapter itself, and write here what you did and what you saw.

**What you need.** In Colab, nothing: upload this notebook there, and its first cell fetches the book. On your own
computer, Python 3.11 or newer, and once, in a virtual environment (a few minutes, and 6 GB on Linux):

```sh
git clone {address} the-book
pip install --editable the-book jupyterlab
```

Keep this notebook in a folder of its own. `jupyter lab` opens it there, and the chapter, `the-book/book/{file}`.
"""
# Students do not see this. It counts, whatever a cell above has made of `grade`.
GRADED_AGAIN = """\
### BEGIN HIDDEN TESTS
import sys

for name in [n for n in sys.modules if n.startswith("dsod_lite.exercises")]:
    del sys.modules[name]
from dsod_lite.exercises import grade

{}
### END HIDDEN TESTS"""
NOWHERE = "ADDRESS-OF-THE-BOOK"
NO_ADDRESS = """
The notebooks cannot say where students get the book, for it has no address yet. Give it one with
`make repository URL=https://github.com/NAME/REPOSITORY`, then say `make assignments` again."""


def nbgrader(grade_id: str, points: int = 0, solution: bool = False) -> dict[str, Any]:
    """What a cell's metadata say to nbgrader. Cells that are no solutions are locked."""
    cell = {"schema_version": 3, "grade_id": grade_id, "solution": solution, "grade": points > 0}
    kind = {"locked": not solution, "task": False} | ({"points": points} if points else {})
    return {"nbgrader": cell | kind}


def cells_of(name: str, written: Written, rubric: list[str]) -> list[NotebookNode]:
    """An exercise for nbgrader: the statement, and cells for the answer.

    If it has a check there is one that grades it, for a point for each star. What is asked in words has a cell that a
    person reads, for a point for each line of the rubric, which stands in the teacher's version, below the solution.
    """
    own = name.replace(".", "-")
    stars = "★" * written.stars
    points = len(rubric) + (written.stars if written.checked_as else 0)
    statement = f"## {written.title} {stars}\n\n{plain(written.statement)}\n\n*{name}; points: {points}*"
    cells = [new_markdown_cell(statement, metadata=nbgrader(f"{own}-statement"))]
    solution = "### BEGIN SOLUTION\n{}\n### END SOLUTION"
    asked = "\n".join(f"- {criterion}" for criterion in rubric)
    in_words = f"{plain(written.solution)}\n\n**A point for each of these:**\n\n{asked}"
    if written.checked_as:
        answer = f"{written.start}\n{solution.format(written.programs()[0].strip())}"
        test = f'grade("{name}", {", ".join(wanted(find(name)))})'
        cells += [
            new_code_cell(answer, metadata=nbgrader(f"{own}-answer", solution=True)),
            new_code_cell(
                f"from dsod_lite.exercises import grade\n\n{test}\n{GRADED_AGAIN.format(test)}",
                metadata=nbgrader(f"{own}-grade", points=written.stars),
            ),
        ]
    if rubric:
        kind = "words" if written.checked_as else "answer"
        metadata = nbgrader(f"{own}-{kind}", len(rubric), solution=True)
        cells.append(new_markdown_cell(solution.format(in_words), metadata=metadata))
    for number, cell in enumerate(cells):
        cell["id"] = f"{own[:50]}-{number}"  # the same in every run
    return cells


def introduction(title: str, file: str, url: str) -> str:
    """What a student reads first: what the questions belong to, and what has to be installed.

    Args:
        title: the chapter's.
        file: its notebook below book/, such as "foundations/boxes.ipynb".
        url: of the repository, "" if it has none yet.
    """
    return INTRODUCTION.format(title=title, chapter=where(title, file, url), file=file, address=url or NOWHERE)


def where(title: str, file: str, url: str) -> str:
    """A chapter's title, with a link to its page if the repository has an address."""
    return f"[*{title}*]({site(url)}book/{file.replace('.ipynb', '.html')})" if url else f"*{title}*"


def assignment(path: Path) -> NotebookNode:
    """The teacher's version of a chapter's assignment."""
    chapter = nbformat.read(path, as_version=4)
    above = title(chapter)
    start = next(cell.source for cell in chapter.cells if cell.cell_type == "code")
    first = introduction(above, path.relative_to(ROOT / "book").as_posix(), configured(ROOT)[0])
    cells = [
        new_markdown_cell(first, id="introduction", metadata=nbgrader("introduction")),
        new_code_cell(start, id="start", metadata=nbgrader("start")),
        new_code_cell("import math\n\nimport torch", id="imports", metadata=nbgrader("imports")),
    ]
    rubric = rubrics(ROOT)
    for place, written in enumerate(read_exercises(path), start=1):
        name = f"{path.stem}.{place}"
        cells += cells_of(name, written, rubric.get(name, []))
    return new_notebook(cells=cells, metadata=chapter.metadata)


def without_solutions(path: Path) -> NotebookNode:
    """A chapter for students: all of it but the solutions."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            kept = DIRECTIVE.sub(lambda found: "" if found[2] == "solution" else found[0], cell.source)
            cell.source = re.sub(r"\n{3,}", "\n\n", kept).strip()
    notebook.cells = [cell for cell in notebook.cells if cell.source]
    return notebook


def bundle(heading: str, names: list[str]) -> NotebookNode:
    """The teacher's version of an assignment of single exercises, such as boxes.1 and loss.2, of several chapters."""
    paths = {path.stem: path for path in chapters(ROOT)}
    notebooks = {name.split(".")[0]: nbformat.read(paths[name.split(".")[0]], as_version=4) for name in names}
    first = next(iter(notebooks.values()))
    start = next(cell.source for cell in first.cells if cell.cell_type == "code")
    url, rubric = configured(ROOT)[0], rubrics(ROOT)
    of = {name: paths[name].relative_to(ROOT / "book").as_posix() for name in notebooks}
    linked = [where(title(notebooks[name]), file, url) for name, file in of.items()]
    text = INTRODUCTION.format(title=heading, chapter=" and ".join(linked), file=next(iter(of.values())),
                               address=url or NOWHERE)  # fmt: skip
    cells = [
        new_markdown_cell(text, id="introduction", metadata=nbgrader("introduction")),
        new_code_cell(start, id="start", metadata=nbgrader("start")),
        new_code_cell("import math\n\nimport torch", id="imports", metadata=nbgrader("imports")),
    ]
    for name in names:
        chapter, place = name.split(".")
        cells += cells_of(name, read_exercises(paths[chapter])[int(place) - 1], rubric.get(name, []))
    return new_notebook(cells=cells, metadata=first.metadata)


def build(target: Path, names: list[str] | None = None) -> None:
    """Writes everything below `target`, for all chapters or for those named.

    Raises RuntimeError if nbgrader cannot make an assignment, with what it says.
    """
    numbered = {path: f"{i:02}-{path.stem}" for i, path in enumerate(chapters(ROOT), start=1)}
    api = begin(target / "course")
    link = target / "data"  # chapters look for it two folders above their own
    if not link.is_symlink():
        link.symlink_to(ROOT / "data")
    for path, name in numbered.items():
        if names is None or path.stem in names:
            write(without_solutions(path), target / "chapters" / path.relative_to(ROOT / "book"))
            release(api, target / "course", name, assignment(path))


def main() -> int:
    target = Path(sys.argv[1])
    build(target)
    print(f"Chapters without solutions: {target / 'chapters'}\nnbgrader course: {target / 'course'}")
    if not configured(ROOT)[0]:
        print(NO_ADDRESS)
    return 0


if __name__ == "__main__":
    sys.exit(main())

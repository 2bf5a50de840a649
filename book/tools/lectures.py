"""Makes the slides of a lecture: one for each heading that course.yml names, in its order, turned by the arrow keys.

They are taken from the chapters' own decks, see slides.py. In place of the prose of a section a slide may show its
first figure, or its explorer, which then works in the slide as in the page.
"""

import html
import re
from pathlib import Path

import nbformat
from borrowed_explorer import explorer
from exercises import chapters, read_exercises
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from slide_prose import TITLES, cell
from slides import CONTENTS, ROOT, above, copy_libraries, deck, page, result, slides_exporter

CHAPTERS = {path.stem: path for path in chapters(ROOT)}
HEADING = re.compile(r"^#{2,3} ([^\n]+)\n?", re.MULTILINE)


class SlideError(ValueError):
    """A heading that a chapter's deck does not have. Its text names both."""


def sections(chapter: NotebookNode) -> list[tuple[str, list[NotebookNode]]]:
    """A chapter's deck by its headings: of each its cells, notes among them."""
    found: list[tuple[str, list[NotebookNode]]] = []
    for each in chapter.cells:
        is_notes = each.metadata.slideshow.slide_type == "notes"
        heading = None if is_notes else HEADING.match(each.source)
        if heading and not (found and found[-1][0] == heading[1]):
            found.append((heading[1], []))
        if found:
            found[-1][1].append(each)
    return found


def figure(executed: NotebookNode, heading: str) -> str:
    """The first figure below a heading of a chapter, marked for its deck or not; "" if there is none."""
    above = ""
    for each in executed.cells:
        if each.cell_type == "markdown":
            above = [above, *HEADING.findall(each.source)][-1]
        elif each.cell_type == "code" and above == heading and (shown := result(each))[1]:
            return shown[0]
    return ""


def slide(wanted: str, chapter: str, executed: NotebookNode, path: Path) -> list[NotebookNode]:
    """The slide of a heading such as "By hand" or "Try it | explorer", and its notes.

    Args:
        wanted: as course.yml has it.
        chapter: its name, for the error's text.
        executed: the chapter with outputs.
        path: where that lies.

    Raises SlideError if the chapter has no such slide.
    """
    heading, _, kind = wanted.partition(" | ")
    within = dict(reversed(sections(deck(executed, CHAPTERS[chapter]))))  # of equal headings the first
    section = within.get(heading, [])
    shown = ""
    if section and not kind:
        shown = re.sub(r"^#+", "##", section[0].source)
    elif section and kind == "explorer":
        shown = f"## {heading}\n\n<div>{explorer(path)}</div>"
    elif kind == "figure" and (found := figure(executed, heading)):
        shown = f"## {heading}\n\n{found}"
    if shown:
        notes = [each for each in section[1:2] if each.metadata.slideshow.slide_type == "notes"]
        if not notes:  # nothing but a figure: what it shows
            notes = [cell(alt, "notes") for alt in re.findall(r'<img alt="([^"]+)"', shown)]
        return [cell(above(TITLES[chapter]) + shown, "slide"), *notes]
    raise SlideError(f"{chapter}: its deck has no {kind or 'slide'} under {heading!r}")


def lecture_deck(executed: Path, name: str, chosen: dict[str, list[str]], exercises: list[str]) -> NotebookNode:
    """A lecture's slides as a notebook: its title, what is chosen of each chapter, and what to do at home.

    Raises SlideError for a heading that is not there.
    """
    parts = "\n".join(f"- {TITLES[chapter]}" for chapter in chosen)
    cells = [cell(f"# {name}\n\n{parts}", "slide")]
    for chapter, headings in chosen.items():
        copy = executed / CHAPTERS[chapter].relative_to(ROOT)
        notebook = nbformat.read(copy, as_version=4)
        for wanted in headings:
            cells += slide(wanted, chapter, notebook, copy)
    titles = {f"{p.stem}.{i}": e for p in CHAPTERS.values() for i, e in enumerate(read_exercises(p), start=1)}
    listed = "\n".join(f"- `{each}` {'★' * titles[each].stars} {titles[each].title}" for each in exercises)
    cells.append(cell(f"## At home\n\n{listed}", "slide"))
    return new_notebook(cells=cells, metadata={"title": name})


def build_lectures(executed: Path, target: Path, decks: list[tuple[str, dict[str, list[str]], list[str]]]) -> None:
    """Writes a page for each lecture, and one that lists them. Raises SlideError."""
    exporter = slides_exporter()
    copy_libraries(target)
    items = []
    for number, (name, chosen, exercises) in enumerate(decks, start=1):
        slides = lecture_deck(executed, name, chosen, exercises)
        (target / f"lecture_{number}.html").write_text(page(exporter, slides), encoding="utf-8")
        items.append(f'<li><a href="lecture_{number}.html">{html.escape(name)}</a></li>')
    (target / "index.html").write_text(CONTENTS.format(each="lecture", items="\n".join(items)), encoding="utf-8")

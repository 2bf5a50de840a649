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
from nbconvert import SlidesExporter
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from slides import CONTENTS, ROOT, cell, copy_libraries, deck
from static_widgets import SCRIPT

HEADING = re.compile(r"^#{2,3} ([^\n]+)\n?", re.MULTILINE)
FIGURE = re.compile(r'<img [^>]*src="data:[^>]*>(?:\s*<p class="caption">.*?</p>)?', re.DOTALL)


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


def slide(wanted: str, chapter: str, within: list[tuple[str, list[NotebookNode]]], path: Path) -> list[NotebookNode]:
    """The slide of a heading such as "By hand" or "Try it | explorer", and its notes."""
    heading, _, kind = wanted.partition(" | ")
    for name, cells in within:
        if name != heading:
            continue
        if kind == "explorer":
            return [cell(f"## {heading}\n\n<div>{explorer(path)}</div>", "slide")]
        if kind == "figure":
            figures = [found[0] for each in cells if (found := FIGURE.search(each.source))]
            if figures:
                return [cell(f"## {heading}\n\n{figures[0]}", "slide")]
        else:
            first, notes = cells[0], [each for each in cells[1:2] if each.metadata.slideshow.slide_type == "notes"]
            return [cell(first.source, "slide"), *notes]
    raise SlideError(f"{chapter}: its deck has no {kind or 'slide'} under {heading!r}")


def lecture_deck(executed: Path, name: str, chosen: dict[str, list[str]], exercises: list[str]) -> NotebookNode:
    """A lecture's slides as a notebook: its title, what is chosen of each chapter, and what to do at home.

    Raises SlideError for a heading that is not there.
    """
    paths = {path.stem: path for path in chapters(ROOT)}
    cells = [cell(f"# {name}", "slide")]
    for chapter, headings in chosen.items():
        copy = executed / paths[chapter].relative_to(ROOT)
        within = sections(deck(nbformat.read(copy, as_version=4), paths[chapter]))
        for wanted in headings:
            cells += slide(wanted, chapter, within, copy)
    titles = {f"{p.stem}.{i}": e for p in paths.values() for i, e in enumerate(read_exercises(p), start=1)}
    listed = "\n".join(f"- `{each}` {'★' * titles[each].stars} {titles[each].title}" for each in exercises)
    cells.append(cell(f"## At home\n\n{listed}", "slide"))
    return new_notebook(cells=cells, metadata={"title": name})


def build_lectures(executed: Path, target: Path, decks: list[tuple[str, dict[str, list[str]], list[str]]]) -> None:
    """Writes a page for each lecture, and one that lists them. Raises SlideError."""
    exporter = SlidesExporter(
        extra_template_basedirs=[str(ROOT / "book" / "tools" / "templates")],
        template_name="slides",
        reveal_url_prefix="reveal",
        reveal_theme="white",
        exclude_anchor_links=True,
    )
    copy_libraries(target)
    items = []
    for number, (name, chosen, exercises) in enumerate(decks, start=1):
        page, _ = exporter.from_notebook_node(lecture_deck(executed, name, chosen, exercises))
        script = f"<script>{SCRIPT.read_text(encoding='utf-8')}</script></body>"
        page = page.replace("</body>", script) if "widget-view+json" in page else page
        (target / f"lecture_{number}.html").write_text(page, encoding="utf-8")
        items.append(f'<li><a href="lecture_{number}.html">{html.escape(name)}</a></li>')
    (target / "index.html").write_text(CONTENTS.format(items="\n".join(items)), encoding="utf-8")

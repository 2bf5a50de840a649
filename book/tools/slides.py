"""Makes slides of the chapters' marked cells, as executed: a deck for each chapter, for reveal.js, without a network.

    PYTHONPATH=book/_ext python book/tools/slides.py _executed _build/slides [CHAPTER ...]

A cell is marked as JupyterLab marks it: `slideshow.slide_type` in its metadata, "slide" or "subslide". Of marked prose
the slide shows headings, the first sentences, formulas, tables, lists and commands; all of it is in the speaker's
notes. Of marked code it shows the explorer, the figure, or else the code and what it printed.
"""

import html
import re
import shutil
import sys
from importlib.resources import files
from pathlib import Path

import nbformat
from borrowed_explorer import VIEW, scripts
from exercises import chapters, plain, read_exercises, title
from nbconvert import SlidesExporter
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from slide_prose import BLOCK, cell, figure, height, prose
from static_widgets import SCRIPT

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "book" / "tools" / "templates"
REVEAL = ROOT / "_build" / "frontend" / "node_modules" / "reveal.js"
MATHJAX = ("tex-chtml.js", "input/tex/extensions", "output/chtml/fonts/woff-v2")
TEMPLATES = ROOT / "book" / "tools" / "templates"
def result(code: NotebookNode) -> tuple[str, bool]:
    """What a cell's slide shows, and whether that is a figure: then without the code. "" for nothing."""
    settings = code.metadata.get("mystnb", {})
    caption = plain(settings.get("figure", {}).get("caption", ""))
    alt = settings.get("image", {}).get("alt", caption or "What the cell shows.")
    pictures = [output.data["image/png"] for output in code.outputs if "image/png" in output.get("data", {})]
    if pictures:
        *others, last = ["".join(picture.split()) for picture in pictures]
        shown = [*(figure(alt, "png", picture, "") for picture in others), figure(alt, "png", last, caption)]
        return "\n\n".join(shown), True
    printed = "".join(o.text for o in code.outputs if o.output_type == "stream" and o.name == "stdout").rstrip()
    shown = [f"```python\n{code.source}\n```"] if len(code.source.splitlines()) <= 26 else []
    return "\n\n".join([*shown, *([f"```text\n{printed}\n```"] if printed else [])]), False


def ending(markdown: str, path: Path) -> list[NotebookNode]:
    """The slides of a cell with exercises, of which only the titles are shown, or with the summary. None for others."""
    cells = []
    if "## Exercises" in markdown:
        listed = [f"- {'★' * e.stars} {e.title}" for e in read_exercises(path)]
        cells.append(cell("## Exercises\n\n" + "\n".join(listed), "slide"))
    _, heading, text = markdown.partition("## Summary")
    return cells + (prose(heading + text, "slide") if heading else [])


def above(words: str) -> str:
    """A small line at the top of a slide, which says where one is."""
    return f'<p class="above">{html.escape(words.replace("`", ""), quote=False)}</p>\n\n'


def say_where(cells: list[NotebookNode]) -> None:
    """Gives each slide without a heading the one before, in small."""
    heading = ""
    for each in slides_in(cells):
        if found := re.match(r"#{1,3} ([^\n]+)", each.source):
            heading = found[1]
        elif heading:
            each.source = above(heading) + each.source


def slides_in(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The slides without the notes."""
    return [each for each in cells if each.metadata.slideshow.slide_type != "notes"]


def fits(slide: str, shown: str, is_figure: bool) -> bool:
    """Whether there is room for a result on a slide: for a figure below a few sentences, for code below more."""
    if slide.startswith("# ") or "<img" in slide:
        return False
    return not BLOCK.search(slide) if is_figure else height(slide) + height(shown) <= 850


def deck(executed: NotebookNode, path: Path) -> NotebookNode:
    """The slides of a chapter, as a notebook of Markdown cells. `path` is the chapter's own notebook."""
    cells: list[NotebookNode] = []
    before = None  # the slide before, as long as what a cell made may come below it
    for each in executed.cells:
        slide_type = each.metadata.get("slideshow", {}).get("slide_type", "skip")
        if slide_type in ("skip", "-"):
            continue
        if each.cell_type == "code":
            views = [output.data[VIEW] for output in each.outputs if VIEW in output.get("data", {})]
            shown, is_figure = (f"<div>{scripts(executed, views[0])}</div>", True) if views else result(each)
            if not shown:
                continue
            if before is not None and fits(before.source, shown, is_figure):
                before.source += "\n\n" + shown
            else:
                before = cell(shown, slide_type)
                cells.append(before)
            before = None if is_figure else before
        elif last := ending(each.source, path):
            cells += last
        else:
            cells += prose(each.source, slide_type)
            before = slides_in(cells)[-1]
    say_where(cells)
    # A heading below which nothing came, since the code was too long, makes no slide.
    bare = {i for i, each in enumerate(cells) if re.fullmatch(r"##+ [^\n]*", each.source)}
    cells = [each for i, each in enumerate(cells) if i not in bare]
    return new_notebook(cells=cells, metadata={"title": title(executed)})


def copy_libraries(target: Path) -> None:
    """reveal.js and MathJax, beside the slides. Raises FileNotFoundError if `make` has not fetched them."""
    for name in ("reveal.css", "reset.css", "reveal.js", "theme/white.css", "plugin/notes.js"):
        copy(REVEAL / "dist" / name, target / "reveal" / "dist" / name)
    copy(TEMPLATES / "slides" / "static" / "book.css", target / "reveal" / "dist" / "theme" / "book.css")
    copy(REVEAL / "LICENSE", target / "reveal" / "LICENSE")
    mathjax = Path(str(files("sphinx-mathjax-offline"))) / "static" / "mathjax"
    for name in MATHJAX:
        copy(mathjax / name, target / "mathjax" / name)


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    (shutil.copytree(source, target, dirs_exist_ok=True) if source.is_dir() else shutil.copy(source, target))


def slides_exporter() -> SlidesExporter:
    """What makes a page of a notebook of slides."""
    return SlidesExporter(
        extra_template_basedirs=[str(TEMPLATES)],
        template_name="slides",
        reveal_url_prefix="reveal",
        reveal_theme="book",
        exclude_anchor_links=True,
    )


def page(exporter: SlidesExporter, slides: NotebookNode) -> str:
    """The page of a notebook of slides, in which explorers live."""
    text, _ = exporter.from_notebook_node(slides)
    script = f"<script>{SCRIPT.read_text(encoding='utf-8')}</script></body>"
    return text.replace("</body>", script) if VIEW in text else text


CONTENTS = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Slides</title>
<link rel="icon" href="data:,">
<style>body {{ font: 18px/1.6 sans-serif; max-width: 40em; margin: 2em auto; padding: 0 1em; }}</style>
</head>
<body>
<main>
<h1>Slides</h1>
<p>A deck for each {each}. Arrow keys turn the pages, <kbd>s</kbd> opens the speaker's notes, <kbd>o</kbd> shows all at
once.</p>
<ol>
{items}
</ol>
</main>
</body>
</html>
"""


def build(executed: Path, target: Path, paths: list[Path]) -> None:
    """Writes the decks of chapters, given as the book's own notebooks, and a page that lists all that are there.

    Raises FileNotFoundError if a chapter has not been executed.
    """
    exporter = slides_exporter()
    copy_libraries(target)
    for path in paths:
        slides = deck(nbformat.read(executed / path.relative_to(ROOT), as_version=4), path)
        (target / f"{path.stem}.html").write_text(page(exporter, slides), encoding="utf-8")
    items = [
        f'<li><a href="{path.stem}.html">{html.escape(title(nbformat.read(path, as_version=4)))}</a></li>'
        for path in chapters(ROOT)
        if (target / f"{path.stem}.html").exists()
    ]
    (target / "index.html").write_text(CONTENTS.format(each="chapter", items="\n".join(items)), encoding="utf-8")


def main() -> int:
    executed, target, names = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    paths = {path.stem: path for path in chapters(ROOT)}
    if unknown := [name for name in names if name not in paths]:
        print(f"error: there is no chapter {unknown[0]!r}; the chapters are {', '.join(paths)}", file=sys.stderr)
        return 2
    build(executed, target, [paths[name] for name in names or paths])
    print(f"The slides are made: open {target / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

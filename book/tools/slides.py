"""Makes slides of the chapters' marked cells, as executed: a deck for each chapter, for reveal.js, without a network.

    python book/tools/slides.py _executed _build/slides [CHAPTER ...]

A cell is marked as JupyterLab marks it: `slideshow.slide_type` in its metadata, "slide" or "subslide". Of marked prose
the slide shows headings, the first sentences, formulas and tables; all of it is in the speaker's notes. Of marked code
it shows the figure, or else the code and what it printed.
"""

import html
import re
import shutil
import sys
from importlib.resources import files
from pathlib import Path

import nbformat
from exercises import DIRECTIVE, chapters, plain, read_exercises, title
from nbconvert import SlidesExporter
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook

ROOT = Path(__file__).parents[2]
REVEAL = ROOT / "_build" / "frontend" / "node_modules" / "reveal.js"
MATHJAX = ("tex-chtml.js", "input/tex/extensions", "output/chtml/fonts/woff-v2")
SECTION = re.compile(r"^(?=#{1,3} )", re.MULTILINE)


def cell(markdown: str, slide_type: str) -> NotebookNode:
    return new_markdown_cell(markdown, metadata={"slideshow": {"slide_type": slide_type}})


def first_sentences(text: str, letters: int = 260) -> str:
    """As many whole sentences from the beginning as fit, at least one."""
    sentences = re.split(r"(?<=[.?!:]) +(?=[^a-z ])", " ".join(text.split()))
    shown = sentences[0]
    for sentence in sentences[1:]:
        if len(shown) + len(sentence) > letters:
            break
        shown += " " + sentence
    return shown


def introduction(text: str, letters: int = 220) -> str:
    """The last sentence of a text, which leads over to what follows; nothing if it is long."""
    last = re.split(r"(?<=[.?!:]) +(?=[^a-z ])", " ".join(text.split()))[-1]
    return last if len(last) <= letters else ""


def slides_of(section: str) -> list[str]:
    """A section in Markdown as one or more slides: its first sentences, then two formulas or tables on each."""
    heading = next(iter(re.findall(r"^#+ [^\n]*$", section, re.MULTILINE)), "")
    text = section.replace(heading, "", 1).strip()
    pieces = [
        part.strip() for part in re.split(r"(\$\$.*?\$\$|(?:^\|[^\n]*\n?)+)", text, flags=re.MULTILINE | re.DOTALL)
    ]
    shown, blocks = [], [i for i, part in enumerate(pieces) if part.startswith(("$$", "|"))]
    lead = first_sentences(pieces[0].split("\n\n")[0]) if pieces[0] else ""
    for first in range(0, max(len(blocks), 1), 2):
        parts = [heading, lead if first == 0 else ""]
        for i in blocks[first : first + 2]:
            leading = introduction(pieces[i - 1].split("\n\n")[-1]) if i else ""
            parts += [leading if leading not in lead else "", pieces[i]]
        shown.append("\n\n".join(part for part in parts if part))
    return shown


def prose(markdown: str, slide_type: str) -> list[NotebookNode]:
    """Slides for each heading of a cell, with all of the section in the notes of the first."""
    text = plain(DIRECTIVE.sub("", markdown))
    text = re.sub(r"(\$\$) *\(\S+\)$", r"\1", text, flags=re.MULTILINE)  # no labels
    text = re.sub(r"^```\{.*?^```$|^:::.*?^:::$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"\[([^\]\n]+)\]\((?!https?:)[^)]*\)", r"\1", text)  # no links to pages of the book
    sections = [part.strip() for part in SECTION.split(text) if part.strip()]
    if len(sections) > 1 and not sections[0].startswith("#") and not re.search(r"\$\$|^\|", sections[0], re.MULTILINE):
        del sections[0]  # the end of what came before
    # A heading with nothing below it but another heading makes no slide.
    sections = [part for part in sections if not re.fullmatch(r"##+ [^\n]*", part) or len(sections) == 1]
    cells = []
    for number, section in enumerate(sections):
        first, *others = slides_of(section)
        cells.append(cell(first, slide_type if number == 0 else "subslide"))
        cells.append(cell(re.sub(r"^#+ [^\n]*\n", "", section), "notes"))
        cells += [cell(other, "subslide") for other in others]
    return cells


def result(code: NotebookNode) -> tuple[str, bool]:
    """What a cell's slide shows, and whether that is a figure: then without the code. "" for nothing."""
    settings = code.metadata.get("mystnb", {})
    caption = plain(settings.get("figure", {}).get("caption", ""))
    alt = html.escape(settings.get("image", {}).get("alt", caption or "What the cell shows."))
    pictures = [output.data["image/png"] for output in code.outputs if "image/png" in output.get("data", {})]
    printed = [o.text.rstrip() for o in code.outputs if o.output_type == "stream" and o.name == "stdout"]
    shown = [f'<img alt="{alt}" src="data:image/png;base64,{"".join(picture.split())}">' for picture in pictures]
    if caption:
        shown.append(f'<p class="caption">{html.escape(caption, quote=False)}</p>')
    if not pictures and len(code.source.splitlines()) <= 22:
        shown.append(f"```python\n{code.source}\n```")
    shown += [f"```text\n{text}\n```" for text in printed if not pictures]
    return "\n\n".join(shown), bool(pictures)


def ending(markdown: str, path: Path) -> list[NotebookNode]:
    """The slides of a cell with exercises, of which only the titles are shown, or with the summary. None for others."""
    cells = []
    if "## Exercises" in markdown:
        listed = [f"- {'★' * e.stars} {e.title}" for e in read_exercises(path)]
        cells.append(cell("## Exercises\n\n" + "\n".join(listed), "slide"))
    _, heading, text = markdown.partition("## Summary")
    return cells + (prose(heading + text, "slide") if heading else [])


def deck(executed: NotebookNode, path: Path) -> NotebookNode:
    """The slides of a chapter, as a notebook of Markdown cells. `path` is the chapter's own notebook."""
    cells: list[NotebookNode] = []
    bare = None  # the slide before, as long as it has a heading and a sentence only: what a cell made comes below it
    for each in executed.cells:
        slide_type = each.metadata.get("slideshow", {}).get("slide_type", "skip")
        if slide_type in ("skip", "-"):
            continue
        if each.cell_type == "code":
            shown, is_figure = result(each)
            if bare is not None and (is_figure or len(shown.splitlines()) <= 18):
                bare.source += "\n\n" + shown
            elif shown:
                cells.append(cell(shown, slide_type))
            bare = None
        elif last := ending(each.source, path):
            cells += last
        else:
            cells += prose(each.source, slide_type)
            bare = [c for c in cells if c.metadata.slideshow.slide_type != "notes"][-1]
            if re.search(r"\$\$|^\||^# ", bare.source, re.MULTILINE):
                bare = None
    return new_notebook(cells=cells, metadata={"title": title(executed)})


def copy_libraries(target: Path) -> None:
    """reveal.js and MathJax, beside the slides. Raises FileNotFoundError if `make` has not fetched them."""
    for name in ("reveal.css", "reset.css", "reveal.js", "theme/white.css", "plugin/notes.js"):
        copy(REVEAL / "dist" / name, target / "reveal" / "dist" / name)
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
        extra_template_basedirs=[str(ROOT / "book" / "tools" / "templates")],
        template_name="slides",
        reveal_url_prefix="reveal",
        reveal_theme="white",
        exclude_anchor_links=True,
    )


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
        page, _ = exporter.from_notebook_node(slides)
        (target / f"{path.stem}.html").write_text(page, encoding="utf-8")
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

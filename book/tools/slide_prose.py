"""Makes slides of a chapter's prose: headings, first sentences, what can be looked at. The rest is for the notes."""

import base64
import html
import math
import re
from pathlib import Path

import nbformat
from exercises import DIRECTIVE, chapters, plain, title
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

ROOT = Path(__file__).parents[2]
TITLES = {path.stem: title(nbformat.read(path, as_version=4)) for path in chapters(ROOT)}
DRAWING = re.compile(r"^```\{(?:figure|image)\} (\S+\.svg)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"^(?=#{1,3} )", re.MULTILINE)
SENTENCE_END = re.compile(r"(?<=[.?!]) +(?=[^a-z ])")
# What stands on a slide as it is: a formula, a table, a list, lines of a terminal, a drawing with its caption.
BLOCKS = (
    r"\$\$.*?\$\$", r"(?:^\|[^\n]*\n?)+", r"(?:^- [^\n]*\n?(?:^ +[^\n]*\n?)*)+", r"^```.*?^```$",
    r"^<img [^\n]*(?:\n\n<p class[^\n]*)?",
)  # fmt: skip
BLOCK = re.compile(f"({'|'.join(BLOCKS)})", re.MULTILINE | re.DOTALL)


def cell(markdown: str, slide_type: str) -> NotebookNode:
    return new_markdown_cell(markdown, metadata={"slideshow": {"slide_type": slide_type}})


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph; what is in brackets is not taken apart."""
    found: list[str] = []
    for part in SENTENCE_END.split(" ".join(text.split())):
        if found and found[-1].count("(") > found[-1].count(")"):
            found[-1] += f" {part}"
        else:
            found.append(part)
    return found


def first_sentences(text: str, letters: int = 260) -> str:
    """As many whole sentences from the beginning as fit, at least one."""
    shown, *others = sentences(text)
    for sentence in others:
        if len(shown) + len(sentence) > letters:
            break
        shown += " " + sentence
    return shown


def introduction(text: str, letters: int = 220) -> str:
    """The last sentence of a text, which leads over to what follows; nothing if it is long."""
    last = sentences(text)[-1]
    return last if len(last) <= letters else ""


def slides_of(section: str) -> list[str]:
    """A section in Markdown as one or more slides: its first sentences, then two formulas, tables or lists on each."""
    heading = next(iter(re.findall(r"^#+ [^\n]*$", section, re.MULTILINE)), "")
    text = section.replace(heading, "", 1).strip()
    pieces = [part.strip() for part in BLOCK.split(text)]
    shown, blocks = [], list(range(1, len(pieces), 2))
    lead = first_sentences(pieces[0].split("\n\n")[0]) if pieces[0] else ""
    for first in range(0, max(len(blocks), 1), 2):
        parts = [heading, lead if first == 0 else ""]
        for i in blocks[first : first + 2]:
            leads_over = pieces[i - 1] and not heading.startswith("# ")
            leading = introduction(pieces[i - 1].split("\n\n")[-1]) if leads_over else ""
            block = re.sub(r"[,.;]\s*\$\$$", "\n$$", pieces[i])  # a formula stands for itself here
            parts += [leading if leading not in lead else "", re.sub(r"^```\n", "```text\n", block)]
        if not lead and blocks:
            parts.append(first_sentences(pieces[2].split("\n\n")[0]) if first == 0 and pieces[2] else "")
        shown.append("\n\n".join(part for part in parts if part))
    return shown


def called(reference: re.Match[str]) -> str:
    """A reference to a chapter, as on the page: its title. Others stay as they are."""
    name = reference[1].rpartition("/")[2]
    return f"*{TITLES[name]}*" if name in TITLES else reference[0]


def figure(alt: str, kind: str, content: str, caption: str) -> str:
    """A picture and its caption; `content` is in base64."""
    picture = f'<img alt="{html.escape(alt)}" src="data:image/{kind};base64,{content}">'
    words = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(spaced(caption), quote=False))
    return picture + (f'\n\n<p class="caption">{words}</p>' if caption else "")


def drawn(directive: re.Match[str]) -> str:
    """A drawing of a chapter as a figure."""
    content = (ROOT / "book" / "assets" / "drawings" / Path(directive[1]).name).read_bytes()
    alt = re.search(r"^:alt: (.*)$", directive[2], re.MULTILINE)
    caption = re.sub(r"^:[^\n]*\n", "", directive[2], flags=re.MULTILINE)
    return figure(alt[1] if alt else "", "svg+xml", base64.b64encode(content).decode(), " ".join(caption.split()))


def spaced(text: str) -> str:
    """No line ends between a number and its %."""
    return re.sub(r"(\d) %", "\\1\N{NO-BREAK SPACE}%", text)


def height(markdown: str) -> int:
    """About how many pixels a slide's text takes of its 700, without what becomes smaller by itself."""
    code = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    pixels = sum(50 + 31 * lines.count("\n") for lines in code.findall(markdown))
    for part in code.sub("", markdown).split("\n\n"):
        if part.startswith(("$$", "#")):
            pixels += 130 if part.startswith("$$") else 70
        elif part.startswith("|"):
            pixels += 45 * len(part.splitlines())
        else:
            pixels += 50 * math.ceil(len(part) / 75)
    return pixels


def prose(markdown: str, slide_type: str) -> list[NotebookNode]:
    """Slides for each heading of a cell, with all of the section in the notes of the first."""
    text = re.sub(r"\{doc\}`([^`]+)`", called, DIRECTIVE.sub("", markdown))
    text = re.sub(r"(^|[.?!]\s)Equation \{eq\}`[^`]+`", r"\1The chapter's equation", text, flags=re.MULTILINE)
    text = re.sub(r"Equation (?=\{eq\})| of(?= \{cite\})", "", text)
    text = DRAWING.sub(drawn, spaced(plain(text)))
    text = re.sub(r"(\$\$) *\(\S+\)$", r"\1", text, flags=re.MULTILINE)  # no labels
    text = re.sub(r"^```\{.*?^```$|^:::.*?^:::$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"\[([^\]\n]+)\]\((?!https?:)[^)]*\)", r"\1", text)  # no links to pages of the book
    sections = [part.strip() for part in SECTION.split(text) if part.strip()]
    if len(sections) > 1 and not sections[0].startswith("#") and not BLOCK.search(sections[0]):
        del sections[0]  # the end of what came before
    # A heading with nothing below it but another heading makes no slide.
    sections = [part for part in sections if not re.fullmatch(r"##+ [^\n]*", part) or len(sections) == 1]
    cells = []
    for number, section in enumerate(sections):
        first, *others = slides_of(section)
        cells.append(cell(first, slide_type if number == 0 else "subslide"))
        if words := re.sub(r"^#+ [^\n]*(\n|$)", "", section):
            cells.append(cell(words, "notes"))
        cells += [cell(other, "subslide") for other in others]
    return cells

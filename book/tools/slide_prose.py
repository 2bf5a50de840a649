"""Makes slides of a chapter's prose: headings, first sentences, what can be looked at. The rest is for the notes."""

import re
from pathlib import Path

import nbformat
from exercises import DIRECTIVE, chapters, plain, title
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

TITLES = {path.stem: title(nbformat.read(path, as_version=4)) for path in chapters(Path(__file__).parents[2])}
SECTION = re.compile(r"^(?=#{1,3} )", re.MULTILINE)
SENTENCE_END = re.compile(r"(?<=[.?!]) +(?=[^a-z ])")
# What stands on a slide as it is: a formula, a table, a list, lines of a terminal.
BLOCKS = r"\$\$.*?\$\$", r"(?:^\|[^\n]*\n?)+", r"(?:^- [^\n]*\n?(?:^ +[^\n]*\n?)*)+", r"^```.*?^```$"
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
            leading = introduction(pieces[i - 1].split("\n\n")[-1]) if pieces[i - 1] else ""
            block = re.sub(r"[,.;]\s*\$\$$", "\n$$", pieces[i])  # a formula stands for itself here
            parts += [leading if leading not in lead else "", block]
        shown.append("\n\n".join(part for part in parts if part))
    return shown


def called(reference: re.Match[str]) -> str:
    """A reference to a chapter, as on the page: its title. Others stay as they are."""
    name = reference[1].rpartition("/")[2]
    return f"*{TITLES[name]}*" if name in TITLES else reference[0]


def prose(markdown: str, slide_type: str) -> list[NotebookNode]:
    """Slides for each heading of a cell, with all of the section in the notes of the first."""
    text = plain(re.sub(r"\{doc\}`([^`]+)`", called, DIRECTIVE.sub("", markdown)))
    text = re.sub(r"(\d) %", "\\1\N{NO-BREAK SPACE}%", text)
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

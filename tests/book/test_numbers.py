"""No measured number is typed into the book's prose: it comes from a cell, a recorded run or a citation."""

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from chapters import NOTEBOOKS, ROOT
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

MARKDOWN = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin).use(colon_fence_plugin)
# Directives, but for those whose text is no prose and for solutions: their numbers were measured by running them.
PROSE = re.compile(r"\{(?!solution|math|code|bibliography|auto|eval-rst|image)")
# A percentage or a number of something that is measured and never chosen; any other decimal number.
NUMBER = re.compile(
    r"""(?<![\w.])
    (?: \d[\d,]*(?:\.\d+)? (?:\ ?% | \ per\ cent | \ ?ms\b | \ milliseconds | \ fps\b | \ mAP\b) | \d+\.\d+ )""",
    re.X,
)
# "Section 3.2", "Python 3.11": names, no numbers.
NAMES = re.compile(r"(?i)\b(?:sections?|tables?|figures?|chapters?|python|torch|pytorch|torchvision|version) [\d.]+\d")
# Chosen, not measured: thresholds of IoU and of scores, variances, settings of optimisers, the ends of a scale.
CHOSEN = {
    *("0.0", "0.0001", "0.0005", "0.001", "0.01", "0.05", "0.1", "0.2", "0.25", "0.3"),
    *("0.4", "0.45", "0.5", "0.6", "0.7", "0.75", "0.9", "0.95", "0.99", "0.999", "1.0", "0 %", "50 %", "95 %"),
    "100 %",
    "12.8",  # pixels: the smallest prior of dsod_tiny
}


def paragraphs(text: str) -> Iterator[list[Token]]:
    """The paragraphs, headings, list items and table rows of a page, each as its inline tokens."""
    row: list[Token] | None = None
    for token in MARKDOWN.parse(text):
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            yield row
            row = None
        elif token.type == "inline" and row is not None:
            row += [*(token.children or []), Token("softbreak", "", 0)]
        elif token.type == "inline":
            yield token.children or []
        elif token.type in ("fence", "colon_fence") and PROSE.match(token.info):
            # Options come first. The words for those who do not see a figure repeat it; its caption names the source.
            yield from paragraphs(re.sub(r"\A(?::[\w-]+:.*\n)+", "", token.content))


def unsourced_numbers(text: str) -> list[str]:
    """Numbers in prose that look measured, in paragraphs and table rows without a citation or a link to a recorded run.

    Code, mathematics, links and the solutions of exercises are no prose.
    """
    found = []
    for tokens in paragraphs(text):
        words, depth = "", 0  # depth: within how many links
        for token in tokens:
            if token.type in ("link_open", "link_close"):
                depth += token.nesting
            elif token.type == "text" and depth == 0:
                words += token.content
            elif token.type in ("softbreak", "hardbreak"):
                words += " "
        links = [str(token.attrGet("href")) for token in tokens if token.type == "link_open"]
        if "{cite" not in words and not any("data/runs/" in link for link in links):
            found += [number for number in NUMBER.findall(NAMES.sub("", words)) if number not in CHOSEN]
    return found


@pytest.mark.parametrize(
    ("prose", "expected"),
    [
        ("It reaches 0.885 on the test\npictures,", ["0.885"]),
        ("**77.7 %** in the end", ["77.7 %"]),
        ("a gain of 12 per cent, in 57 ms", ["12 per cent", "57 ms"]),
        ("- 3.4 times as fast", ["3.4"]),
        ("| plain | 18.2 |\n|---|---|\n| dense | 14.8 |", ["18.2", "14.8"]),
        ("```{exercise} A title\n:label: ex-a\n\n★ Why 0.61?\n```", ["0.61"]),
        (":::{note}\nMostly 0.61.\n:::", ["0.61"]),
        ("It reaches 77.7 % {cite}`shen2017dsod`.\n\nOurs reaches 76.1 %.", ["76.1 %"]),
        ("| DSOD {cite}`shen2017dsod` | 77.7 % |\n|---|---|\n| ours | 76.1 % |", ["76.1 %"]),
        ("The [record](../../data/runs/a.json) says 0.885.", []),
        ("| DSOD {cite}`shen2017dsod` | 77.7 % |\n|---|---|\n| ours | printed above |", []),
        ("At IoU 0.5, `lr=0.123`, $x = 0.123$ and [1708.01241](https://arxiv.org)", []),
        ("$$\n0.1 + 0.123\n$$ (eq-a)\n\n```python\n0.123\n```\n", []),
        ("````{solution} ex-a\n:class: dropdown\n\nAbout 0.61.\n````", []),
        ("Section 4.1.2 of the paper; Python 3.11; 8,744 priors of 300 pixels", []),
    ],
)
def test_what_counts_as_a_number_without_a_source(prose: str, expected: list[str]) -> None:
    assert unsourced_numbers(prose) == expected


TEACHERS = ROOT / "book" / "instructors"
MARKED_DOWN = [page for page in sorted((ROOT / "book").rglob("*.md")) if TEACHERS not in page.parents]
PAGES = [*NOTEBOOKS, *(page for page in MARKED_DOWN if page.name != "PLAN.md")]
"""All but the plan of the runs, whose numbers are chosen, and the teachers' pages, which are theirs to change."""


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_numbers_come_from_a_cell_a_record_or_a_citation(path: Path) -> None:
    if path.suffix == ".md":
        prose = [path.read_text(encoding="utf-8")]
    else:
        prose = [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "markdown"]
    assert [number for text in prose for number in unsourced_numbers(text)] == []

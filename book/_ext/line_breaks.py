"""Sphinx extension: lines break where a reader can follow.

An output with a line longer than its column is wrapped, where a browser would cut it off. All other outputs stay as
they are: a table that fits in the column of a screen is scrolled on a phone, and so is a table among what is no cell.
An option of a command stays in one piece, and a bracket or a full stop stays with its formula or word of code.
book.css does the rest.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

COLUMN = 72
"""Characters, on a screen of 1280 pixels."""

COLUMNS = re.compile(r"\S {3,}\S.* {3,}\S")
"""A line of a table: at least three columns."""

CODE = re.compile(r"<pre>.*?</pre>", re.DOTALL)
OPTION = re.compile(r"(?<![\w&;-])--?[a-z][a-z-]*(?![^<]*>)")
ISLAND = re.compile(
    r'[(\[]*(?:<span class="math notranslate nohighlight">[^<]*</span>'
    r'|(?:<a [^>]*>)?<code class="[^"]*\bliteral\b[^"]*">.*?</code>(?:</a>)?)[.,;:?!)\]]*'
)


def mark(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Marks blocks for book.css."""
    for block in doctree.findall(nodes.literal_block):
        lines = block.astext().splitlines()
        if "output" in block["classes"]:
            if max(map(len, lines), default=0) > COLUMN:
                block["classes"].append("long-lines")
        elif sum(COLUMNS.search(line) is not None for line in lines) > 2:
            block["classes"].append("columns")


def keep_together(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Wraps what is not to be broken."""

    def whole(found: re.Match[str]) -> str:
        return f'<span class="unbroken">{found[0]}</span>'

    if "body" in context:
        body = CODE.sub(lambda code: OPTION.sub(whole, code[0]), context["body"])
        context["body"] = ISLAND.sub(whole, body)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-resolved", mark)
    app.connect("html-page-context", keep_together)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

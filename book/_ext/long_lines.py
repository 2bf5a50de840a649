"""Sphinx extension: an output with a line longer than its column is wrapped, where a browser would cut it off.

All other outputs stay as they are: a table that fits in the column of a screen is scrolled on a phone.
"""

from docutils import nodes
from sphinx.application import Sphinx

COLUMN = 72
"""Characters, on a screen of 1280 pixels."""


def wrap(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Marks them for book.css."""
    for block in doctree.findall(nodes.literal_block):
        if "output" in block["classes"] and max(map(len, block.astext().splitlines()), default=0) > COLUMN:
            block["classes"].append("long-lines")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-resolved", wrap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

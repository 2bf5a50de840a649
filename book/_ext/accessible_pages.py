"""Sphinx extension: mends what Sphinx writes that screen readers stumble over.

A table's header cell with nothing in it is no header, a citation is no item of a list that browsers know, and the
lines of a long signature are no list of definitions.
"""

import re
from typing import Any

from sphinx.application import Sphinx

EMPTY_HEADER = re.compile(r'<th class="head">\s*(?:<p>\s*</p>)?\s*</th>')


def mend(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    if "body" in context:
        body = EMPTY_HEADER.sub("<td></td>", context["body"])
        body = body.replace(' role="doc-biblioentry"', "").replace(
            '<div role="list" class="citation-list">', '<div class="citation-list">'
        )
        body = body.replace('<dl>\n<dd><em class="sig-param">', '<dl role="presentation">\n<dd><em class="sig-param">')
        context["body"] = body


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

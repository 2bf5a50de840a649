"""Sphinx extension: mends what Sphinx writes that screen readers stumble over.

A table's header cell with nothing in it is no header, a citation is no item of a list that browsers know, the lines of
a long signature are no list of definitions, and the sidebar's arrow that unfolds a page's own pages has no name.
"""

import re
from collections.abc import Callable
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
    if "generate_toctree_html" in context:
        context["generate_toctree_html"] = with_named_arrows(context["generate_toctree_html"])


def with_named_arrows(theme: Callable[..., Any]) -> Callable[..., Any]:
    """The theme's function that writes the sidebar, as BeautifulSoup, with a name for each arrow."""

    def generate(*args: Any, **kwargs: Any) -> Any:
        tree = theme(*args, **kwargs)
        for arrow in tree.select("summary"):
            arrow["aria-label"] = f"{arrow.find_parent('li').a.get_text(strip=True)}: its pages"
        return tree

    return generate


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", mend, priority=900)  # after the theme, which puts its functions there
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Sphinx extension: a page of text shows the explorer of a chapter, where it has a div with its data-explorer.

That is `<div data-explorer="FOLDER/CHAPTER">`. The explorer and its saved state come from the chapter's executed copy,
and static_widgets.js starts it.
"""

import json
import re
from pathlib import Path
from typing import Any

import nbformat
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from static_widgets import without_tags

PLACE = re.compile(r'<div data-explorer="([\w/]+)">')
STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"


def script(kind: str, content: Any) -> str:
    return f'<script type="{kind}">{without_tags(json.dumps(content))}</script>'


def scripts(notebook: nbformat.NotebookNode, view: dict[str, Any]) -> str:
    """The two scripts of a widget that an executed notebook shows: its state and the place where it appears."""
    saved = notebook.metadata.widgets[STATE]
    own = {name: saved["state"][name] for name in models(saved["state"], view["model_id"])}
    return script(STATE, {**saved, "state": own}) + script(VIEW, view)


def explorer(chapter: Path) -> str:
    """The scripts of the last widget that an executed chapter shows.

    The last is the chapter's own; the first may be the picture that all chapters follow.

    Raises ExtensionError, naming the chapter, if it has not been executed or shows none.
    """
    if not chapter.exists():
        raise ExtensionError(f"{chapter} has not been executed. Build the book with: make book")
    notebook = nbformat.read(chapter, as_version=4)
    outputs = [o.get("data", {}) for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    views = [data[VIEW] for data in outputs if VIEW in data]
    if not views:
        raise ExtensionError(f"{chapter} shows no explorer")
    return scripts(notebook, views[-1])


def models(state: dict[str, Any], name: str) -> list[str]:
    """A widget's model and those that it names, such as its layout."""
    named = re.findall(r"IPY_MODEL_(\w+)", json.dumps(state[name]["state"]))
    return [name, *(one for one in named if one in state)]


def show_explorer(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    body = context.get("body", "")
    if place := PLACE.search(body):
        scripts = explorer(Path(app.srcdir, "_executed", "book", f"{place[1]}.ipynb"))
        context["body"] = body[: place.end()] + scripts + body[place.end() :]
        app.add_js_file("static_widgets.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", show_explorer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Sphinx extension: the explorers work in the built pages, where there is no kernel.

Pages that hold the saved state of widgets, and no others, load static_widgets.js, which starts them.
"""

import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

SCRIPT = Path(__file__).with_suffix(".js")
SAVED_STATE = "application/vnd.jupyter.widget-state+json"


def add_script(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    saved = [script for script in context["script_files"] if script.attributes.get("type") == SAVED_STATE]
    for script in saved:
        script.attributes["body"] = without_tags(script.attributes["body"])
    if saved:
        app.add_js_file(SCRIPT.name, loading_method="defer")


def without_tags(state: str) -> str:
    """JSON that a page can hold: no class name in it ends the script it stands in, or begins another."""
    return state.replace("<", "\\u003c")


def copy_script(app: Sphinx) -> None:
    if app.builder.format == "html":
        (Path(app.outdir) / "_static").mkdir(parents=True, exist_ok=True)
        shutil.copy2(SCRIPT, Path(app.outdir) / "_static" / SCRIPT.name)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", add_script, priority=700)  # after MyST-NB, which adds the state
    app.connect("builder-inited", copy_script)  # before the pages, whose addresses have the script's digest
    return {"parallel_read_safe": True, "parallel_write_safe": True}

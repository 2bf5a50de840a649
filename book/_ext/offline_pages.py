"""Sphinx extension: pages that load nothing from outside, over http and from a folder alike.

MathJax comes from the files of the package sphinx-mathjax-offline. Of its 24 MB only the 2 MB that formulas
in TeX need are copied, which is why that package is not used as the extension it also is.
"""

import importlib.util
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

MATHJAX_FILES = ["tex-chtml.js", "input/tex/extensions", "output/chtml/fonts/woff-v2"]


def copy_mathjax(app: Sphinx, exception: Exception | None) -> None:
    """Copy MathJax's files into the built book's `_static/mathjax`."""
    if exception is not None or app.builder.format != "html":
        return
    spec = importlib.util.find_spec("sphinx-mathjax-offline")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("sphinx-mathjax-offline is not installed; it holds MathJax")
    source = Path(spec.origin).parent / "static" / "mathjax"
    target = Path(app.outdir) / "_static" / "mathjax"
    for name in MATHJAX_FILES:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, dirs_exist_ok=True)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, target / name)


def drop_thebe(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Leave out sphinx-thebe's scripts: there is no live kernel, and it adds them twice (a console error)."""
    context["script_files"] = [
        script
        for script in context["script_files"]
        if "sphinx-thebe.js" not in str(script) and "THEBE_JS_URL" not in script.attributes.get("body", "")
    ]


# The search's results have excerpts, which it fetches from the pages; from a folder the browser refuses that.
NO_EXCERPTS = "if (location.protocol === 'file:') DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;"


def setup(app: Sphinx) -> dict[str, bool]:
    app.config.mathjax_path = "mathjax/tex-chtml.js"
    app.add_js_file(None, body=NO_EXCERPTS)
    app.connect("build-finished", copy_mathjax)
    app.connect("html-page-context", drop_thebe, priority=900)  # after everyone who adds scripts
    return {"parallel_read_safe": True, "parallel_write_safe": True}

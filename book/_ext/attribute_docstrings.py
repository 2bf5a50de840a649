"""Sphinx extension: shows the docstring under a dataclass's field as it is written.

napoleon takes everything up to its first colon for a type, which would turn "A: channels of the stem" into a
field of type A.
"""

from typing import Any

from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, bool]:
    written: dict[str, list[str]] = {}

    def keep(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
        if what == "attribute":
            written[name] = list(lines)

    def put_back(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
        if what == "attribute":
            lines[:] = written.pop(name)

    app.connect("autodoc-process-docstring", keep, priority=400)  # napoleon has 500
    app.connect("autodoc-process-docstring", put_back, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

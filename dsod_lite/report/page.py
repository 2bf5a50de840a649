"""Pieces of a page that needs nothing from outside: pictures, plots, tables and explorers as HTML."""

import base64
import io
import json
import re
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor

from ..explorers.explorer import Explorer
from ..explorers.thumbnail import thumbnail

EXPLORER_END = "export default { render };"


def resource(name: str) -> str:
    """The text of a file in this folder."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def section(heading: str, *parts: str) -> str:
    """A heading and what stands under it; parts that are empty are left out."""
    return f"<section><h2>{escape(heading)}</h2>{''.join(parts)}</section>" if any(parts) else ""


def paragraph(text: str, kind: str = "") -> str:
    """Plain text as a paragraph."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def listing(texts: Iterable[str], kind: str = "") -> str:
    """Plain texts as a list; what stands between `backticks` is code."""
    marked = (re.sub("`(.+?)`", r"<code>\1</code>", escape(text)) for text in texts)
    items = "".join(f"<li>{text}</li>" for text in marked)
    return f'<ul class="{kind}">{items}</ul>' if items else ""


def numbers(pairs: Iterable[tuple[str, str]]) -> str:
    """Large numbers, each with its words."""
    items = "".join(f"<li><strong>{escape(n)}</strong><span>{escape(words)}</span></li>" for n, words in pairs)
    return f'<ul class="numbers">{items}</ul>'


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table of plain texts."""
    cells = "".join(f'<th scope="col">{escape(text)}</th>' for text in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll" tabindex="0"><table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></div>'


def pictures(images: Iterable[tuple[Tensor, str]], side: int = 176, kind: str = "") -> str:
    """Pictures [3, H, W], float in [0, 1] or uint8, each with a line of words, on a sheet."""
    figures = "".join(
        f'<figure><img alt="{escape(words)}" src="{thumbnail(image, side)}">'
        f"<figcaption>{escape(words)}</figcaption></figure>"
        for image, words in images
    )
    return f'<div class="sheet {kind}">{figures}</div>' if figures else ""


def plot(figure: Figure, words: str) -> str:
    """A figure of Matplotlib's, which is closed, with what it shows in words."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, facecolor="white")
    plt.close(figure)
    source = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
    words = escape(words)
    return f'<figure class="plot"><img alt="{words}" src="{source}"><figcaption>{words}</figcaption></figure>'


def explorer(widget: Explorer, name: str) -> str:
    """An explorer, which answers in the page by itself; `name` is the id of its place, used once in a page."""
    state = {key: getattr(widget, key) for key in widget.traits(sync=True) if not key.startswith("_")}
    state = {key: value for key, value in state.items() if isinstance(value, str | int | float | bool | list)}
    module = widget._esm.replace(EXPLORER_END, "").replace("</script", "<\\/script")  # type: ignore[attr-defined]
    model = json.dumps(state, ensure_ascii=False).replace("<", "\\u003c")  # nothing in it can end the script
    return (
        f'<div id="{name}"></div><style>{widget._css}</style>\n<script type="module">\n'  # type: ignore[attr-defined]
        f"{resource('page.js')}\n{module}\n"
        f'render({{ model: new StaticModel({model}), el: document.getElementById("{name}") }});\n</script>'
    )


def page(title: str, *parts: str) -> str:
    """The whole page."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{resource('page.css')}</style></head>\n"
        f"<body><main><h1>{escape(title)}</h1>{''.join(parts)}</main></body></html>\n"
    )

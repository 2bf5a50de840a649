"""Explorers in a browser without building a book: a bare page with them, and their functions alone."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from browsing import STICKING_OUT, Browser, Locator, Page, served, violations, watch
from ipywidgets.embed import dependency_state

import dsod_lite.explorers
from dsod_lite.explorers import Explorer

SCRIPTS = Path(dsod_lite.explorers.__file__).parent / "js"
LOADER = Path(__file__).parents[2] / "book" / "_ext" / "static_widgets.js"
PAGE = """<!DOCTYPE html>
<html lang="en"{theme}><head><meta charset="utf-8"><title>Page</title>
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><style>body {{ margin: 1rem; }} html[data-theme=dark] {{ background: #14181e; }}</style>
</head><body><main><h1>Page</h1>{views}</main>{state}<script>{loader}</script></body></html>"""


def widget_script(kind: str, content: object) -> str:
    text = json.dumps(content).replace("</", "<\\/")
    return f'<script type="application/vnd.jupyter.widget-{kind}+json">{text}</script>'


def explorers_page(explorers: Sequence[Explorer], theme: str = "") -> str:
    """The text of a page, explorers as MyST-NB writes them. `theme` is "light", "dark", or "" for the system's."""
    views = [widget_script("view", {"version_major": 2, "version_minor": 0, "model_id": e.model_id}) for e in explorers]
    state = {"version_major": 2, "version_minor": 0, "state": dependency_state(explorers, drop_defaults=False)}
    return PAGE.format(
        theme=f' data-theme="{theme}"' if theme else "",
        views="\n".join(f"<div>{view}</div>" for view in views),
        state=widget_script("state", state),
        loader=LOADER.read_text(encoding="utf-8"),
    )


# What came after Safari 15.4 and Firefox 104: phones that get no newer browser are still in use.
NEWER = """for (const name of ["toReversed", "toSorted", "toSpliced", "with"]) {
  delete Array.prototype[name];
  delete Object.getPrototypeOf(Int8Array.prototype)[name];
}
for (const [owner, name] of [[Object, "groupBy"], [Map, "groupBy"], [Array, "fromAsync"], [Promise, "withResolvers"]]) {
  delete owner[name];
}"""


@contextmanager
def opened(
    browser: Browser, path: Path, width: int = 1000, height: int = 1000, over_http: bool = False
) -> Iterator[Page]:
    """A page of explorers, from a file or a local server, in a browser that lacks what is `NEWER`.

    Whatever goes wrong in it fails the test.
    """
    problems: list[object] = []
    with served(path.parent) if over_http else nullcontext(f"{path.parent.as_uri()}/") as home:
        page = browser.new_page(viewport={"width": width, "height": height})
        page.add_init_script(NEWER)
        watch(page, home, problems.append, problems.append)
        page.goto(home + path.name, wait_until="networkidle")
        page.wait_for_selector(".explorer")
        yield page
        page.close()
    assert not problems


CUT_WORDS = """() => [...document.querySelectorAll('.explorer-plate')].filter(words => {
  const [own, stage] = [words, words.ownerSVGElement].map(e => e.getBoundingClientRect());
  return own.left < stage.left - 1 || own.top < stage.top - 1 || own.right > stage.right + 1
    || own.bottom > stage.bottom + 1;
}).map(words => words.textContent)"""


def assert_sound(page: Page, part: str = "main .explorer") -> None:
    """Names are given once, nothing sticks out of the window, no words off their stage; and axe finds nothing there."""
    names = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(names) == len(set(names))
    assert page.evaluate(STICKING_OUT) == []
    assert page.evaluate(CUT_WORDS) == []
    assert [violation["help"] for violation in violations(page, part)] == []


def functions_page(browser: Browser, *modules: str) -> Page:
    """An empty page in which the functions of js/MODULE.js can be called, see `compute`."""
    page = browser.new_page()
    for module in modules:
        page.add_script_tag(content=(SCRIPTS / f"{module}.js").read_text(encoding="utf-8"))
    return page


def compute(page: Page, function: str, argument: object) -> Any:
    """`page.evaluate`, but as JSON text: for ten thousands of numbers that is many times as fast."""
    return json.loads(page.evaluate(f"text => JSON.stringify(({function})(JSON.parse(text)))", json.dumps(argument)))


def explorer(page: Page, name: str) -> Locator:
    """The first explorer of that name on the page."""
    return page.get_by_role("group", name=f"Explorer of {name}", exact=True).first


def next_frame(page: Page) -> None:
    """What was asked for is drawn before the next frame."""
    page.evaluate("() => new Promise(requestAnimationFrame)")


def press(page: Page, key: str) -> None:
    """A key, and what it changes is drawn: a reader's next key comes later than the next frame, a test's may not."""
    page.keyboard.press(key)
    next_frame(page)


def facts(page: Page, name: str) -> dict[str, str]:
    """What the explorer lists, once it has drawn what was asked of it."""
    next_frame(page)
    rows = explorer(page, name).locator(".explorer-facts > div").all()
    return {row.locator("dt").inner_text(): row.locator("dd").inner_text() for row in rows}


def at(page: Page, name: str, x: float, y: float) -> tuple[float, float]:
    """Where on the screen a point of the explorer's stage is, given in the stage's units."""
    place = "(svg, [x, y]) => new DOMPoint(x, y).matrixTransform(svg.getScreenCTM()).toJSON()"
    found = explorer(page, name).locator(".explorer-stage").evaluate(place, [x, y])
    return found["x"], found["y"]


# Moves a slider and draws what follows at once instead of in the next frame; gives the milliseconds up to the layout.
TIMED = """input => {
  const drawings = [];
  const inFrame = window.requestAnimationFrame;
  window.requestAnimationFrame = draw => drawings.push(draw);
  const times = [];
  let before = input.closest(".explorer").innerHTML;
  for (const share of [0.2, 0.4, 0.6, 0.8]) {
    input.value = Number(input.min) + share * (input.max - input.min);
    const start = performance.now();
    input.dispatchEvent(new Event("input"));
    while (drawings.length) drawings.shift()();
    input.closest(".explorer").getBoundingClientRect();
    times.push(performance.now() - start);
    const after = input.closest(".explorer").innerHTML;
    if (after === before) throw Error("nothing was drawn");
    before = after;
  }
  window.requestAnimationFrame = inFrame;
  return times;
}"""

"""What the tests in a browser share: the browser, a local server, and what is wrong with a page.

Chromium is Debian's `chromium`. Without it, or without playwright, these tests are skipped with the reason, unless
REQUIRE_BROWSER is set, as continuous integration does: then they fail. Tests take playwright's names from here, so that
those beside them that open no browser run without it.
"""

import importlib.util
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

HAS_PLAYWRIGHT = importlib.util.find_spec("playwright") is not None
if TYPE_CHECKING or HAS_PLAYWRIGHT:
    from playwright.sync_api import Browser, Locator, Page, Request, Route, ViewportSize, expect, sync_playwright
else:
    Browser = Locator = Page = Route = ViewportSize = expect = sync_playwright = Any
__all__ = ["Browser", "Locator", "Page", "ViewportSize", "expect"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",  # the sandbox does not start for root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def require(condition: bool, reason: str) -> None:
    if condition:
        return
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def chromium() -> Iterator[Browser]:
    require(HAS_PLAYWRIGHT, "playwright is not installed; make test installs it")
    require(CHROMIUM is not None, "no Chromium found; on Debian: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class QuietHandler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # a connection is kept for the next file: a page with formulas asks for dozens

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128  # by default five may wait, and a page asks for more at once than that
    block_on_close = False  # connections that are kept end with the browser


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Address of a local server that serves the folder, with a slash at its end.

    Close the pages that it serves before it goes: what they ask for afterwards counts as a failure of theirs.
    """
    server = Server(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def watch(page: Page, home: str, error: Callable[[object], None], outside: Callable[[str], None]) -> None:
    """Block every request that leaves the address `home` and report it, and report whatever goes wrong."""

    def only_from_home(route: Route) -> None:
        if route.request.url.startswith(home):
            route.continue_()
        else:
            outside(route.request.url)
            route.abort()

    def failed(request: Request) -> None:
        # What is still under way when the next page is opened is aborted: that is the test's haste, not the page's.
        if request.failure != "net::ERR_ABORTED":
            error(f"no answer ({request.failure}): {request.url}")

    page.route("**/*", only_from_home)
    page.on("console", lambda m: error(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda what: error(what))
    page.on("requestfailed", failed)
    page.on("response", lambda r: error(f"{r.status}: {r.url}") if r.status >= 400 else None)


def violations(page: Page, part: str | None = None, options: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """What axe, a checker of accessibility, finds in a page or a part of it."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, part, options) if options else Axe().run(page, part)
    return found.response["violations"]


# Elements that stick out of the window on the right, unless they lie in something that scrolls by itself, or in a
# drawing, which cuts off what sticks out of it.
STICKING_OUT = """() => {
  const scrolls = e => e && e !== document.body
    && (["auto", "scroll"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  const wide = [...document.querySelectorAll("main *")].filter(e =>
    !e.ownerSVGElement && e.checkVisibility({visibilityProperty: true})
    && e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e.parentElement));
  const found = wide.map(e => `<${e.tagName} class="${e.className}"> ${e.textContent.trim().slice(0, 60)}`);
  if (document.documentElement.scrollWidth > innerWidth)
    found.push(`the page scrolls sideways: ${document.documentElement.scrollWidth} px`);
  return found;
}"""

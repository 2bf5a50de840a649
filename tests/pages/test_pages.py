"""The built pages, as a reader's browser gets them: `make test` builds them first.

Needs Chromium (Debian's `chromium`). Without it, or without a built book, these tests are skipped with the
reason, unless REQUIRE_BROWSER is set, as continuous integration does: then they fail.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from browsing import STICKING_OUT, Browser, ViewportSize, chromium, require, served, violations, watch

HTML = Path(__file__).parents[2] / "_build" / "html"


@pytest.fixture(scope="module")
def pages() -> list[Path]:
    require((HTML / "index.html").exists(), "no built book in _build/html: make book")
    return sorted(p for p in HTML.rglob("*.html") if "_static" not in p.parts)


@pytest.fixture(scope="module")
def browser(pages: list[Path]) -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def site(pages: list[Path]) -> Iterator[str]:
    """Address of a local server that serves the built book."""
    with served(HTML) as address:
        yield address


def test_the_landing_page_begins_with_a_figure_that_answers(browser: Browser, site: str) -> None:
    page = browser.new_page()
    page.goto(f"{site}book/index.html")
    threshold = page.get_by_label("Score above")
    before = page.locator("main .explorer svg").first.inner_html()
    threshold.focus()
    page.keyboard.press("End")
    page.wait_for_function("before => document.querySelector('main .explorer svg').innerHTML !== before", arg=before)
    page.close()


def test_a_chapter_asks_and_answers_without_python(browser: Browser, site: str) -> None:
    page = browser.new_page()
    page.goto(f"{site}book/foundations/boxes.html")
    answer = page.get_by_label("iou_on_paper =")
    answer.fill("6 / 48")
    answer.press("Enter")
    form = answer.locator("xpath=ancestor::form")
    assert "it was counted twice" in form.get_by_role("status").inner_text()
    answer.fill("1/7")
    answer.press("Enter")
    assert form.get_by_role("status").inner_text() == "Right!"
    page.get_by_text("questions on this chapter").press("Enter")
    assert page.locator("section#ask-yourself form.question").count() >= 6
    page.close()


def found(browser: Browser, home: str, words: str) -> list[str]:
    """Addresses of the pages that the book's own search finds, with everything outside `home` blocked."""
    page = browser.new_page()
    problems: list[str] = []
    watch(page, home, error=lambda what: problems.append(str(what)), outside=problems.append)
    page.goto(f"{home}search.html?q={words}")
    page.locator("#search-results p.search-summary", has_text=re.compile("finished|did not match")).wait_for()
    links = page.locator("#search-results li a")
    addresses = [link.get_attribute("href") or "" for link in links.all()]
    page.close()
    assert problems == []
    return [re.sub(r"[?#].*", "", address) for address in addresses]


@pytest.mark.parametrize("opened", ["served", "as files"])
def test_search_finds_words_in_the_text(browser: Browser, pages: list[Path], site: str, opened: str) -> None:
    home = site if opened == "served" else f"{HTML.as_uri()}/"
    assert "book/foundations/matching.html" in found(browser, home, "bipartite")
    assert found(browser, home, "xylophone") == []


# The theme's own, on every page: a search button whose name is not its text, and content outside of landmarks.
KNOWN = {"label-content-name-mismatch", "region"}


# One of each kind: axe takes ten seconds and more for a chapter.
KINDS = [
    "book/index.html",
    "book/training/non_maximum_suppression.html",
    "book/appendices/troubleshooting.html",
    "book/appendices/ports.html",
    "book/appendices/bibliography.html",
    "book/appendices/api/detector.html",
    "search.html",
]


# The theme lets the keyboard stop at what can be scrolled, a moment after the page has loaded.
STOPS = """() => [...document.querySelectorAll("pre")].every(pre =>
  pre.scrollWidth <= pre.clientWidth || pre.closest("[tabindex='0']"))"""


@pytest.mark.parametrize("name", KINDS)
def test_a_page_is_fit_for_screen_readers(browser: Browser, site: str, name: str) -> None:
    page = browser.new_page()
    page.goto(site + name, wait_until="networkidle")
    page.evaluate("() => window.MathJax?.startup?.promise")
    page.wait_for_function(STOPS)
    found = [v for v in violations(page) if v["id"] not in KNOWN]
    page.close()
    assert [(v["id"], [node["html"][:160] for node in v["nodes"]]) for v in found] == []


def test_a_page_on_paper_is_its_text_alone(browser: Browser, site: str) -> None:
    page = browser.new_page(viewport={"width": 794, "height": 1123})
    page.goto(f"{site}book/foundations/priors.html")
    page.emulate_media(media="print")
    for left_out in (".bd-sidebar-primary", ".bd-header-article", ".prev-next-footer", ".copybtn"):
        assert page.locator(left_out).count() > 0
        assert [e for e in page.locator(left_out).all() if e.is_visible()] == [], left_out
    assert page.locator("main .explorer svg").first.is_visible()
    assert page.evaluate(STICKING_OUT) == []
    page.close()


UNSET_FORMULAS = """() => [...document.querySelectorAll(".math")]
  .filter(m => !m.querySelector("mjx-container") || m.querySelector("mjx-merror")).map(m => m.textContent)"""


# Code and outputs that have to be scrolled sideways. What is folded away has no width; its lines are tested elsewhere.
SCROLLING_CODE = """() => [...document.querySelectorAll(".cell_input pre, .cell_output .output pre")]
  .filter(pre => pre.clientWidth && pre.scrollWidth > pre.clientWidth + 1).map(pre => pre.textContent.slice(0, 80))"""


# Formulas and tables that have to be scrolled sideways.
SCROLLING = """() => [...document.querySelectorAll('mjx-container[display="true"], .pst-scrollable-table-container')]
  .filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1).map(e => e.textContent.trim().slice(0, 80))"""


# Figures that are shown wider or narrower than they were drawn.
SQUEEZED = """() => [...document.querySelectorAll(".bd-article img")].filter(i => {
  const {width, height} = i.getBoundingClientRect();
  return i.naturalHeight && height && Math.abs(width / height / (i.naturalWidth / i.naturalHeight) - 1) > 0.03;
}).map(i => i.alt.slice(0, 80))"""


@dataclass
class Visit:
    """What was found wrong in the browser, a line each, with the page's name."""

    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    unset_formulas: list[str] = field(default_factory=list)
    sticking_out: list[str] = field(default_factory=list)
    scrolling_code: list[str] = field(default_factory=list)
    scrolling: list[str] = field(default_factory=list)
    squeezed: list[str] = field(default_factory=list)


def visit(browser: Browser, names: list[str], home: str, viewport: ViewportSize) -> Visit:
    """Open the pages `names` one after another, with everything outside the address `home` blocked."""
    found = Visit()
    context = browser.new_context(viewport=viewport)
    page = context.new_page()
    name = ""
    watch(
        page,
        home,
        error=lambda what: found.errors.append(f"{name}: {what}"),
        outside=lambda url: found.outside.append(f"{name}: {url}"),
    )
    for name in names:
        page.goto(home + name, wait_until="networkidle")
        page.evaluate("() => window.MathJax?.startup?.promise")  # waits until the formulas are set
        found.unset_formulas += [f"{name}: {formula}" for formula in page.evaluate(UNSET_FORMULAS)]
        found.sticking_out += [f"{name}: {element}" for element in page.evaluate(STICKING_OUT)]
        found.scrolling_code += [f"{name}: {cell}" for cell in page.evaluate(SCROLLING_CODE)]
        found.scrolling += [f"{name}: {what}" for what in page.evaluate(SCROLLING)]
        found.squeezed += [f"{name}: {figure}" for figure in page.evaluate(SQUEEZED)]
    context.close()
    return found


@pytest.fixture(scope="module")
def on_phone(browser: Browser, pages: list[Path], site: str) -> Visit:
    """All pages over http, on a phone's screen."""
    names = [p.relative_to(HTML).as_posix() for p in pages]
    return visit(browser, names, site, {"width": 390, "height": 844})


@pytest.fixture(scope="module")
def from_folder(browser: Browser, pages: list[Path]) -> Visit:
    """All pages opened as files, on a desktop's screen."""
    names = [p.relative_to(HTML).as_posix() for p in pages]
    return visit(browser, names, f"{HTML.as_uri()}/", {"width": 1280, "height": 900})


def test_pages_load_nothing_from_outside(on_phone: Visit, from_folder: Visit) -> None:
    problems = on_phone.outside + from_folder.outside
    assert not problems, "\n".join(problems)


def test_pages_load_without_errors(on_phone: Visit, from_folder: Visit) -> None:
    problems = on_phone.errors + from_folder.errors
    assert not problems, "\n".join(problems)


def test_formulas_are_set(on_phone: Visit, from_folder: Visit) -> None:
    problems = on_phone.unset_formulas + from_folder.unset_formulas
    assert not problems, "\n".join(problems)


def test_nothing_sticks_out_of_the_screen(on_phone: Visit, from_folder: Visit) -> None:
    problems = on_phone.sticking_out + from_folder.sticking_out
    assert not problems, "\n".join(problems)


def test_figures_keep_their_proportions(on_phone: Visit, from_folder: Visit) -> None:
    problems = on_phone.squeezed + from_folder.squeezed
    assert not problems, "\n".join(problems)


def test_no_code_has_to_be_scrolled_sideways_on_a_desktop(from_folder: Visit) -> None:
    assert not from_folder.scrolling_code, "\n".join(from_folder.scrolling_code)


def test_no_formula_and_no_table_has_to_be_scrolled_on_a_phone(on_phone: Visit) -> None:
    assert not on_phone.scrolling, "\n".join(on_phone.scrolling)


def test_a_figure_grows_at_a_tap(browser: Browser, site: str) -> None:
    """So that its smallest letters can be read on a phone."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{site}book/principles/deep_supervision.html")
    figure = page.get_by_role("button", name=re.compile("^Enlarge: ")).first
    small = figure.bounding_box()
    figure.press("Enter")
    large = page.locator("dialog.enlarged[open] img")
    assert large.bounding_box()["width"] >= 2 * small["width"]
    page.keyboard.press("Escape")  # the browser closes it when it has the time
    page.locator("dialog.enlarged[open]").wait_for(state="detached", timeout=60_000)
    page.close()


class PageReader(HTMLParser):
    """Collects a page's ids, the addresses it refers to, and its images."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.addresses: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.ids.update(v for k in ("id", "name") if (v := attributes.get(k)))
        self.addresses += [v for k in ("href", "src") if (v := attributes.get(k))]
        if tag == "img":
            self.images.append(attributes)


def test_links_lead_to_a_file_and_a_place_in_it(pages: list[Path]) -> None:
    read = {path: PageReader(path) for path in pages}
    problems = []
    for path, reader in read.items():
        for address in reader.addresses:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = path.parent / unquote(parts.path) if parts.path else path
            fragment = unquote(urldefrag(address).fragment)
            target = target.resolve()
            found = target.is_file() and (not fragment or target not in read or fragment in read[target].ids)
            if not found:
                problems.append(f"{path.relative_to(HTML)}: {address}")
    assert not problems, "\n".join(problems)


def test_images_say_in_words_what_they_show(pages: list[Path]) -> None:
    """A figure without alternative text gets its file's path, which accessibility checkers accept."""
    problems = []
    for path in pages:
        for image in PageReader(path).images:
            alt = (image.get("alt") or "").strip()
            if not alt or re.fullmatch(r"\S+\.(png|svg|jpe?g|gif|webp)", alt):
                problems.append(f"{path.relative_to(HTML)}: {image.get('src')} has the text {alt!r}")
    assert not problems, "\n".join(problems)


def test_no_page_prints_a_progress_bar_again_and_again(pages: list[Path]) -> None:
    """A bar that a terminal draws over is a line each time in a page: such a cell has the tag remove-stderr."""
    bars = {path.name: path.read_text(encoding="utf-8").count("img/s") for path in pages}
    assert not {name: lines for name, lines in bars.items() if lines > 2}


def test_no_cell_complains_on_a_page(pages: list[Path]) -> None:
    """What libraries write to stderr is about the machine that built the page."""
    assert not [page.name for page in pages if "output stderr" in page.read_text(encoding="utf-8")]

"""Explorers in a page without a kernel: they start, fit, follow the page's theme, and answer to fingers."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from browsing import Browser, expect
from explorers_page import (
    LOADER,
    TIMED,
    assert_sound,
    at,
    compute,
    explorer,
    explorers_page,
    functions_page,
    opened,
    widget_script,
)

import dsod_lite
from dsod_lite import DSODConfig
from dsod_lite.explorers import MatchingExplorer, PriorExplorer

BOXES = torch.tensor([[30.0, 40.0, 150.0, 200.0], [180.0, 20.0, 280.0, 90.0], [60.0, 60.0, 100.0, 120.0]])
PRIORS = PriorExplorer(DSODConfig(), torch.rand(3, 300, 300), BOXES)
MATCHING = MatchingExplorer(DSODConfig(), torch.rand(3, 300, 300), BOXES, torch.tensor([1, 2, 1]), ("cat", "dog"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages with both explorers, the priors' twice: light.html and dark.html."""
    folder = tmp_path_factory.mktemp("pages")
    for theme in ("light", "dark"):
        text = explorers_page([PRIORS, MATCHING, PRIORS], theme)
        (folder / f"{theme}.html").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(("theme", "width", "over_http"), [("light", 390, True), ("dark", 1280, False)])
def test_pages_are_sound(browser: Browser, folder: Path, theme: str, width: int, over_http: bool) -> None:
    with opened(browser, folder / f"{theme}.html", width, over_http=over_http) as page:
        assert page.locator(".explorer").count() == 3
        assert page.locator(".explorer-stage path[d^=M]").count() > 9, "the priors are drawn"
        assert_sound(page, "html")


@pytest.mark.parametrize(("x", "y"), [(95, 50), (-3, 60), (50, 2), (99, 1)])
def test_words_on_a_box_at_the_rim_stay_on_the_stage(browser: Browser, x: float, y: float) -> None:
    page = functions_page(browser, "kit", "stage")
    page.set_content("<main style='width: 400px'></main>")
    place = """([x, y]) => {
      const board = stage(document.querySelector("main"), "A stage", 0, 0, 100, 100);
      board.append(plate(board, x, y, "triangle 0.97"));
      const { left, top, right, bottom } = board.querySelector("rect").getBoundingClientRect();
      const all = board.getBoundingClientRect();
      return [left - all.left, top - all.top, all.right - right, all.bottom - bottom];
    }"""
    assert min(compute(page, place, [x, y])) > -0.01
    page.close()


def test_a_plate_is_as_wide_as_its_words(browser: Browser) -> None:
    page = functions_page(browser, "kit", "stage", "found_marks")
    page.set_content("<main class=explorer style='width: 900px'></main>")
    page.add_style_tag(content=PRIORS._css)
    wide = """() => ["WWWWWWMMM 0.98", "交通標識と自転車 0.98", "إشارة مرور 0.98", "llllllllll 0.98"].map(words => {
      const board = stage(document.querySelector("main"), "A stage", 0, 0, 900, 100);
      board.append(plate(board, 10, 50, words));
      const [plateWidth, width] = ["rect", "text"].map(tag => board.querySelector(tag).getBoundingClientRect().width);
      return plateWidth - width;
    })"""
    margins = page.evaluate(wide)
    page.close()
    assert min(margins) > 3
    assert max(margins) < 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_a_theme_the_systems_colours_are_used(browser: Browser, tmp_path: Path, scheme: Any) -> None:
    (tmp_path / "page.html").write_text(explorers_page([MATCHING]), encoding="utf-8")
    page = browser.new_page(color_scheme=scheme)
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_selector(".explorer")
    background = page.locator(".explorer").evaluate("e => getComputedStyle(e).backgroundColor")
    page.close()
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 25, 31)"}[scheme]


def test_paper_is_light_whatever_the_theme(browser: Browser, folder: Path) -> None:
    with opened(browser, folder / "dark.html") as page:
        colours = "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]"
        assert page.locator(".explorer").first.evaluate(colours) == ["rgb(22, 25, 31)", "rgb(232, 234, 237)"]
        page.emulate_media(media="print")
        assert page.locator(".explorer").first.evaluate(colours) == ["rgb(255, 255, 255)", "rgb(31, 35, 40)"]


def test_no_style_asks_for_a_newer_browser() -> None:
    """What is coloured by a property whose value a browser cannot read has no colour there at all."""
    folders = (Path(dsod_lite.__file__).parent, LOADER.parent, LOADER.parents[1] / "assets")
    styles = [path for folder in folders for path in folder.rglob("*.css")]
    assert len(styles) > 20
    for path in styles:
        values = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.findall(r"light-dark\(|color-mix\(|oklch\(", values), path


def test_what_says_something_keeps_its_colour_where_readers_have_their_own(browser: Browser) -> None:
    """Windows' high contrast: signs of a legend, bars and pens, and the button that is pressed."""
    page = functions_page(browser, "kit", "box_look")
    page.emulate_media(forced_colors="active")
    page.set_content("<main class=explorer></main>")
    page.add_style_tag(content=PRIORS._css)
    found = page.evaluate("""() => {
      const main = document.querySelector("main");
      legend(main, [["rgb(1, 2, 3)", "line", "a line"], ["rgb(1, 2, 3)", "dot", "a dot"]]);
      main.append(barTable("Bars", 1, 3));
      fillRow(main.querySelector("tr"), ["a", "b"], 0, 50, "rgb(1, 2, 3)");
      const pressed = ["true", "false"].map(on => assign(button(main, "b").input, { "aria-pressed": on }));
      const of = (element, property) => getComputedStyle(element)[property];
      const [line, dot] = main.querySelectorAll(".explorer-sign");
      return [of(line, "borderTopColor"), of(dot, "backgroundColor"), of(main.querySelector("i"), "backgroundColor"),
        ...pressed.map(element => of(element, "outlineStyle"))];
    }""")
    page.close()
    assert found == ["rgb(1, 2, 3)"] * 3 + ["solid", "none"]


def test_a_figure_that_cannot_start_says_so(browser: Browser, tmp_path: Path) -> None:
    state = {"model_module": "anywidget", "state": {"_esm": "export default { render() { throw Error('no stage'); } }"}}
    scripts = widget_script("view", {"model_id": "x"}) + widget_script("state", {"state": {"x": state}})
    text = f"<main>{scripts}</main><script>{LOADER.read_text(encoding='utf-8')}</script>"
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_selector("main div")
    shown = page.inner_text("main div")
    page.close()
    assert shown == "This interactive figure could not start: Error: no stage"


def test_two_views_of_one_explorer_show_the_same(browser: Browser, folder: Path) -> None:
    page = browser.new_page(viewport={"width": 1000, "height": 2400})
    page.goto(f"{folder.as_uri()}/light.html")
    page.wait_for_selector(".explorer-handle")
    page.mouse.click(*at(page, "prior boxes", 200, 280))
    for view in page.get_by_role("group", name="Explorer of prior boxes", exact=True).all():
        expect(view.locator("output").first).to_have_text("12")
    page.close()


def test_fingers_tap_cells_and_drag_handles_but_scroll_the_page_elsewhere(browser: Browser, folder: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{folder.as_uri()}/light.html")
    page.wait_for_selector(".explorer-handle")
    page.touchscreen.tap(*at(page, "prior boxes", 40, 72))
    expect(explorer(page, "prior boxes").locator("output").first).to_have_text("2")

    def assert_first_object(left: int, top: int) -> None:
        label = re.compile(f": left {left}, top {top}, width 120, height 160;")
        expect(explorer(page, "matching").locator(".explorer-movable").first).to_have_attribute("aria-label", label)

    touch = context.new_cdp_session(page)

    def swipe(start: tuple[float, float], dx: float, dy: float) -> None:
        for kind, share in (("touchStart", 0.0), *(("touchMove", i / 5) for i in range(1, 6)), ("touchEnd", None)):
            points = [] if share is None else [{"x": start[0] + share * dx, "y": start[1] + share * dy}]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    explorer(page, "matching").locator(".explorer-stage").scroll_into_view_if_needed()
    scale = at(page, "matching", 1, 0)[0] - at(page, "matching", 0, 0)[0]
    before = page.evaluate("scrollY")
    swipe(at(page, "matching", 90, 120), 10 * scale, 20 * scale)  # by the handle in its centre
    assert_first_object(40, 60)
    assert page.evaluate("scrollY") == before
    page.touchscreen.tap(*at(page, "matching", 230, 50))
    expect(explorer(page, "matching").locator(".explorer-movable").nth(1)).to_have_attribute("aria-pressed", "true")
    swipe(at(page, "matching", 60, 200), 0, -80)  # on the object, away from its handles
    assert_first_object(40, 60)
    page.wait_for_function("before => scrollY > before", arg=before)
    context.close()


def test_sliders_redraw(browser: Browser, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That each does is asserted; how fast, with 8,744 priors, is printed."""
    (tmp_path / "page.html").write_text(explorers_page([PRIORS, MATCHING]), encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_selector(".explorer-handle")
    with capsys.disabled():
        for name in ("prior boxes", "matching"):
            for slider in explorer(page, name).locator("input[type=range]").all():
                label = slider.evaluate("input => input.labels[0].textContent")
                times = ", ".join(f"{milliseconds:.0f}" for milliseconds in slider.evaluate(TIMED))
                print(f"\n{name}, {label}: redrawn in {times} ms", end="")
    page.close()

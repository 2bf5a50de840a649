"""The slides of course.yml's lectures, made of executed chapters: headings, one row, living explorers, no network."""

from collections.abc import Iterator
from pathlib import Path

import course_file
import lectures
import pytest
import slides
from browsing import Browser, Page, require, served, watch
from course import ROOT

EXECUTED = ROOT / "_executed"


@pytest.fixture(scope="module")
def decks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, course_file.Course]:
    require((EXECUTED / "book").is_dir(), "no executed chapters in _executed: make book")
    read, folder = course_file.read(ROOT / "course.yml"), tmp_path_factory.mktemp("lectures")
    lectures.build_lectures(EXECUTED, folder, [(each.title, each.slides, each.exercises) for each in read.lectures])
    return folder, read


@pytest.fixture
def page(browser: Browser, decks: tuple[Path, course_file.Course]) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    problems: list[object] = []
    with served(decks[0]) as home:
        watch(page, home, problems.append, problems.append)
        page.goto(home)
        yield page
        page.close()
    assert problems == []


STARTED = """() => [...document.querySelectorAll("script[type*=widget-view]")]
  .every(view => view.closest("section").querySelector(".explorer-stage"))"""
# Of each slide: its heading, and whether it sticks out of the page once it has been shown.
SEEN = """() => Reveal.getSlides().map(slide => {
  const { h, v } = Reveal.getIndices(slide);
  Reveal.slide(h, v);
  return { v, heading: slide.querySelector("h1, h2, h3")?.textContent ?? "",
           tooLarge: slide.scrollHeight > 740 || slide.scrollWidth > 1200,
           letters: parseFloat(getComputedStyle(slide).fontSize), notes: Boolean(slide.querySelector("aside")),
           where: slide.querySelector(".above")?.textContent,
           small: [...slide.querySelectorAll("img")].some(e => Math.max(e.width / 1200, e.height / 700) < 0.5),
           legend: [...slide.querySelectorAll(".explorer-legend")].every(e => getComputedStyle(e).display === "flex"),
           explorer: Boolean(slide.querySelector(".explorer-stage")) };
})"""


def test_each_slide_has_a_heading_and_fits_and_explorers_live(
    page: Page, decks: tuple[Path, course_file.Course]
) -> None:
    home = page.url
    for number, lecture in enumerate(decks[1].lectures, start=1):
        page.goto(f"{home}lecture_{number}.html")
        page.wait_for_selector("html[data-ready]", state="attached")
        page.evaluate("document.fonts.ready.then(() => 1)")
        page.wait_for_function(STARTED)
        seen = page.evaluate(SEEN)
        wanted = [each for headings in lecture.slides.values() for each in headings]
        assert [slide["heading"].strip("¶ ") for slide in seen] == [
            *(lecture.title, *(each.partition(" | ")[0] for each in wanted), "At home")
        ]
        assert {slide["v"] for slide in seen} == {0}  # one row: the right arrow leads through all of it
        assert [slide["heading"] for slide in seen if slide["tooLarge"]] == []
        assert [slide["explorer"] for slide in seen][1:-1] == [each.endswith(" | explorer") for each in wanted]
        too_small = [slide["heading"] for slide in seen if slide["letters"] < 24 or slide["small"]]
        assert too_small == []  # for those in the last row
        assert [slide["heading"] for slide in seen[1:-1] if not slide["notes"]] == []
        where = [lectures.TITLES[chapter] for chapter, headings in lecture.slides.items() for _ in headings]
        assert [slide["where"] for slide in seen[1:-1]] == where
        assert all(slide["legend"] for slide in seen)  # the explorers' own style, not reveal.js' for lists


def test_the_explorer_of_a_chapter_s_deck_lives_and_fits(browser: Browser, tmp_path: Path) -> None:
    require((EXECUTED / "book").is_dir(), "no executed chapters in _executed: make book")
    slides.build(EXECUTED, tmp_path, [lectures.CHAPTERS[name] for name in ("priors", "average_precision")])
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    with served(tmp_path) as home:
        for name in ("priors", "average_precision"):
            page.goto(f"{home}{name}.html")
            page.wait_for_selector("html[data-ready]", state="attached")
            page.wait_for_function(STARTED)
            seen = [slide for slide in page.evaluate(SEEN) if slide["explorer"]]
            assert [slide["tooLarge"] for slide in seen] == [False], name
        page.close()


def test_the_right_arrow_leads_to_the_end(page: Page, decks: tuple[Path, course_file.Course]) -> None:
    page.get_by_role("link").first.click()
    page.wait_for_selector("html[data-ready]", state="attached")
    total = page.evaluate("Reveal.getTotalSlides()")
    for _ in range(total - 1):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getIndices().h") == total - 1
    assert page.evaluate("Reveal.isLastSlide()")

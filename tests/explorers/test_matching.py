"""The explorer of matching: its matches are the package's, and its objects move by mouse and keyboard."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from browsing import Browser, Page, expect
from explorers_page import at, explorer, explorers_page, facts, next_frame, opened, press
from torch import Tensor
from torchvision.ops import box_convert, box_iou

from dsod_lite import DSODConfig
from dsod_lite.detector.matching import match
from dsod_lite.detector.priors import prior_boxes
from dsod_lite.explorers import MatchingExplorer
from dsod_lite.explorers.matching import match_best

CONFIG = DSODConfig()
BOXES = torch.tensor([[30.0, 40.0, 150.0, 200.0], [180.0, 20.0, 280.0, 90.0], [60.0, 60.0, 100.0, 120.0]])
EXPLORER = MatchingExplorer(CONFIG, torch.rand(3, 300, 300), BOXES, torch.tensor([1, 2, 1]), ("cat", "dog"))


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The explorer on a desktop's screen; whatever goes wrong in it fails the test."""
    (tmp_path / "page.html").write_text(explorers_page([EXPLORER]), encoding="utf-8")
    with opened(browser, tmp_path / "page.html") as page:
        yield page


def assert_place(page: Page, item: int, left: int, top: int, width: int, height: int) -> None:
    """Where an object of the matching explorer is, as a screen reader hears it, once it is there."""
    label = re.compile(f": left {left}, top {top}, width {width}, height {height};")
    expect(explorer(page, "matching").locator(".explorer-movable").nth(item)).to_have_attribute("aria-label", label)


def positives(boxes: Tensor, threshold: float, method: str = "bipartite") -> str:
    priors = box_convert(prior_boxes(CONFIG.priors, CONFIG.map_sizes, 300), "cxcywh", "xyxy")
    iou = box_iou(boxes / 300, priors)
    matched = match_best(iou, threshold) if method == "best" else match(iou[None], threshold)[0]
    return f"{int((matched >= 0).sum()):,}"


def test_matches_are_the_packages(page: Page) -> None:
    found = facts(page, "matching")
    assert found["Positives"] == positives(BOXES, 0.5)
    assert int(found["… mined, 3 a positive"]) == 3 * int(found["Positives"])
    assert found["Negatives"] == f"{8744 - int(found['Positives']):,}"


def test_the_threshold_and_the_method_change_the_matches(page: Page) -> None:
    parts = explorer(page, "matching")
    parts.get_by_label("Threshold").fill("0.95")
    assert facts(page, "matching")["Positives"] == positives(BOXES, 0.95) == "3"
    assert facts(page, "matching")["… only because forced"] == "3"
    assert parts.locator(".explorer-below").count() == 3
    parts.get_by_label("Threshold").fill("0.3")
    parts.get_by_label("own prior").select_option(index=1)
    assert facts(page, "matching")["Positives"] == positives(BOXES, 0.3, "best")


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=5)
    page.mouse.up()


def test_the_mouse_moves_and_resizes_objects(page: Page) -> None:
    assert_place(page, 0, 30, 40, 120, 160)
    drag(page, at(page, "matching", 140, 180), at(page, "matching", 160, 170))
    assert_place(page, 0, 50, 30, 120, 160)
    moved = BOXES + torch.tensor([[20.0, -10.0, 20.0, -10.0], [0.0] * 4, [0.0] * 4])
    assert facts(page, "matching")["Positives"] == positives(moved, 0.5)
    corner = explorer(page, "matching").locator(".explorer-dot").nth(4).bounding_box()  # the lower right
    assert corner
    start = corner["x"] + corner["width"] / 2, corner["y"] + corner["height"] / 2
    scale = at(page, "matching", 1, 0)[0] - at(page, "matching", 0, 0)[0]
    drag(page, start, (start[0] - 30 * scale, start[1] + 40 * scale))
    assert_place(page, 0, 50, 30, 90, 200)
    drag(page, at(page, "matching", 80, 100), at(page, "matching", 60, 400))
    assert_place(page, 2, 40, 240, 40, 60)  # the smallest object under the mouse, as far down as it goes


def test_the_keyboard_moves_and_resizes_objects(page: Page) -> None:
    explorer(page, "matching").locator(".explorer-movable").nth(1).focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "Shift+ArrowLeft", "Shift+ArrowUp"):
        press(page, key)  # 3 pixels each
    assert_place(page, 1, 183, 26, 97, 67)
    for _ in range(9):
        press(page, "ArrowRight")
    assert_place(page, 1, 203, 26, 97, 67)  # it stops at the edge


def formulas(page: Page) -> list[list[float]]:
    """The numbers in each of the four formulas, with the result last."""
    next_frame(page)
    texts = explorer(page, "matching").locator(".explorer-formulas span").all_inner_texts()
    minus = [text.replace(" − ", " ").replace("−", "-") for text in texts]
    return [[float(n) for n in re.findall(r"-?[\d.]+", " ".join(minus[i + 1 : i + 3]))] for i in (0, 3, 6, 9)]


def test_the_offsets_shown_are_those_of_the_formula(page: Page) -> None:
    parts = explorer(page, "matching")
    seen = set()
    for _ in range(int(positives(BOXES, 0.5))):
        (*x, dx), (*y, dy), (*w, dw), (*h, dh) = formulas(page)
        seen.add(parts.locator(".explorer-which").inner_text())
        assert dx == pytest.approx((x[0] - x[1]) / x[2] / x[3], abs=0.05)
        assert dy == pytest.approx((y[0] - y[1]) / y[2] / y[3], abs=0.05)
        assert dw == pytest.approx(math.log(w[0] / w[1]) / w[2], abs=0.05)
        assert dh == pytest.approx(math.log(h[0] / h[1]) / h[2], abs=0.05)
        parts.get_by_role("button", name="Next").click()
    assert len(seen) == int(positives(BOXES, 0.5)), "each once"


def test_a_click_shows_the_prior_whose_outline_is_there(page: Page) -> None:
    parts = explorer(page, "matching")
    parts.get_by_label("Threshold").fill("0.95")  # leaves each object its own
    words = parts.locator(".explorer-which")
    for _ in range(3):
        parts.get_by_role("button", name="Next").click()
        formulas(page)
        chosen, outline = words.inner_text(), parts.locator(".explorer-shown").get_attribute("d")
        assert outline
        left, top, bottom = (float(outline[1:].replace("H", " ").replace("V", " ").split()[i]) for i in (0, 1, 3))
        parts.get_by_role("button", name="Next").click()
        expect(words).not_to_have_text(chosen)
        page.mouse.click(*at(page, "matching", left, (top + bottom) / 2))
        expect(words).to_have_text(chosen)
        parts.get_by_role("button", name="Next").click()

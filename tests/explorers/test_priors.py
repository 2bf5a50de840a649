"""The explorer of priors: it counts as the package does, and answers to mouse and keyboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from browsing import Browser, Page
from explorers_page import at, explorer, explorers_page, facts, next_frame, opened, press

from dsod_lite import DSODConfig
from dsod_lite.detector.priors import prior_boxes
from dsod_lite.explorers import PriorExplorer

CONFIG = DSODConfig()  # 8,744 priors, of which 126 are centred outside
EXPLORER = PriorExplorer(CONFIG, torch.rand(3, 60, 90), torch.tensor([[9.0, 8.0, 45.0, 40.0]]))


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The explorer on a desktop's screen; whatever goes wrong in it fails the test."""
    (tmp_path / "page.html").write_text(explorers_page([EXPLORER]), encoding="utf-8")
    with opened(browser, tmp_path / "page.html") as page:
        yield page


def cell(page: Page) -> tuple[str, str]:
    next_frame(page)
    outputs = explorer(page, "prior boxes").locator("output")
    return outputs.nth(0).inner_text(), outputs.nth(1).inner_text()


def test_priors_are_counted(page: Page) -> None:
    found = facts(page, "prior boxes")
    assert found["This map"] == "19 × 19 × 6 = 2,166"
    assert found["All priors"] == f"{len(prior_boxes(CONFIG.priors, CONFIG.map_sizes, 300)):,}"
    assert found["… centred outside"] == "126"
    assert found["Receptive field"] == "713 × 713 px"
    assert found["… inside the picture"] == "300 × 300 px"


def test_the_mouse_shows_a_cell_and_a_click_keeps_it(page: Page) -> None:
    before = cell(page)
    page.mouse.move(*at(page, "prior boxes", 40, 72))  # a cell every 16 pixels
    assert cell(page) == ("2", "4") != before
    page.mouse.move(1, 1)
    assert cell(page) == before
    page.mouse.click(*at(page, "prior boxes", 200, 280))
    page.mouse.move(1, 1)
    assert cell(page) == ("12", "17")


def test_the_keyboard_changes_map_sizes_ratios_and_steps(page: Page) -> None:
    parts = explorer(page, "prior boxes")
    parts.get_by_label("Map").focus()
    press(page, "End")  # the last map, 2 × 2 cells with 4 priors
    assert facts(page, "prior boxes")["This map"] == "2 × 2 × 4 = 16"
    parts.get_by_label("3:1 and 1:3").focus()
    press(page, "Space")
    assert facts(page, "prior boxes")["This map"] == "2 × 2 × 6 = 24"
    assert facts(page, "prior boxes")["… centred outside"] == "132"  # 3 cells have two more each
    parts.get_by_label("Step").focus()
    press(page, "Home")
    assert facts(page, "prior boxes")["… centred outside"] == "114"
    parts.get_by_label("Min size").focus()
    press(page, "End")
    small, large = parts.get_by_label("Min size"), parts.get_by_label("Max size")
    next_frame(page)
    assert float(large.input_value()) == float(small.input_value()) + 1, "the larger size makes way"
    parts.get_by_role("button", name="As configured").focus()
    press(page, "Enter")
    assert facts(page, "prior boxes")["… centred outside"] == "126"


def test_even_steps_keep_every_centre_inside(page: Page) -> None:
    parts = explorer(page, "prior boxes")
    for name in ("10 × 10 cells", "2 × 2 cells"):
        parts.get_by_label("Map").select_option(name)
        next_frame(page)
        parts.get_by_role("button", name="Even step").click()
    assert facts(page, "prior boxes")["… centred outside"] == "0"


def test_a_slider_follows_the_mouse(page: Page) -> None:
    track = explorer(page, "prior boxes").get_by_label("Column").bounding_box()
    assert track
    page.mouse.move(track["x"] + track["width"] / 2, track["y"] + track["height"] / 2)
    page.mouse.down()
    page.mouse.move(track["x"] + track["width"] + 20, track["y"], steps=4)
    page.mouse.up()
    assert cell(page)[0] == "18"

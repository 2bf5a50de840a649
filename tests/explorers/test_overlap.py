"""The explorer of overlap: its measures are torchvision's, its boxes move by mouse and keyboard, its page is sound."""

from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch
from browsing import Browser, Page, expect
from explorers_page import assert_sound, at, compute, explorer, explorers_page, facts, functions_page, opened, press
from torchvision.ops import box_iou, distance_box_iou, generalized_box_iou

from dsod_lite.explorers import OverlapExplorer

BOXES = torch.tensor([[10.0, 20, 50, 60], [30.0, 30, 90, 50]])


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    (tmp_path / "page.html").write_text(explorers_page([OverlapExplorer(BOXES)], "dark"), encoding="utf-8")
    with opened(browser, tmp_path / "page.html", width=390, height=900) as page:
        yield page


def test_its_measures_are_torchvisions(browser: Browser) -> None:
    rng = torch.Generator().manual_seed(0)
    corner = torch.rand(300, 2, 2, generator=rng) * 50
    boxes = torch.cat([corner, corner + 1 + 40 * torch.rand(300, 2, 2, generator=rng)], dim=2).double()
    page = functions_page(browser, "overlap")
    found = compute(page, "pairs => pairs.map(p => overlap(...p))", boxes.tolist())
    page.close()
    apart = 0
    for (a, b), measured in zip(boxes, found, strict=True):
        pair = a[None], b[None]
        for name, measure in (("iou", box_iou), ("giou", generalized_box_iou), ("diou", distance_box_iou)):
            assert measured[name] == pytest.approx(measure(*pair).item(), abs=1e-6)
        apart += measured["shared"] == 0
    assert 20 < apart < 280  # both kinds were asked


def said(page: Page) -> list[str]:
    found = facts(page, "overlap")
    return [found[name] for name in ("IoU", "GIoU", "DIoU")]


def of(boxes: torch.Tensor) -> list[str]:
    a, b = boxes.split(1)
    measures = (box_iou, generalized_box_iou, distance_box_iou)
    return [f"{measure(a, b).item():.3f}".replace("-", "−") for measure in measures]


def test_the_mouse_and_the_keyboard_move_a_box(page: Page) -> None:
    assert said(page) == of(BOXES)
    page.mouse.move(*at(page, "overlap", 20, 55))
    page.mouse.down()
    page.mouse.move(*at(page, "overlap", 15, 85), steps=5)
    page.mouse.up()
    box = explorer(page, "overlap").locator(".explorer-movable").first
    expect(box).to_have_attribute("aria-label", "Box A: left 5, top 50, width 40, height 40")
    assert said(page)[0] == "0.000"
    assert said(page)[1].startswith("−")
    explorer(page, "overlap").locator(".explorer-movable").nth(1).focus()
    press(page, "ArrowDown")
    press(page, "Shift+ArrowLeft")
    expect(explorer(page, "overlap").locator(".explorer-movable").nth(1)).to_have_attribute(
        "aria-label", "Box B: left 30, top 31, width 59, height 20"
    )


def test_its_page_is_sound(page: Page) -> None:
    assert_sound(page)


def test_the_still_says_the_three_numbers() -> None:
    figure = OverlapExplorer(BOXES).still()
    assert figure.axes[0].get_title() == "IoU {}, GIoU {}, DIoU {}".format(*of(BOXES))
    plt.close(figure)


@pytest.mark.parametrize("boxes", [BOXES[:1], BOXES[:, [2, 1, 0, 3]]])
def test_what_is_no_pair_of_boxes_is_refused(boxes: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"boxes: expected two with a width and a height"):
        OverlapExplorer(boxes)

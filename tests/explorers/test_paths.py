"""The explorer of gradient paths: its counts are those of PyTorch's own graph, its agreement is the records'."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import matplotlib.pyplot as plt
import pytest
import torch
from browsing import Browser, Page
from explorers_page import assert_sound, compute, explorer, explorers_page, facts, functions_page, opened, press
from torch import Tensor

from book.experiments.comparisons.depth import DEPTHS
from book.experiments.machinery.records import load
from dsod_lite.explorers import PathsExplorer

RUNS = load("gradients")
EXPLORER = PathsExplorer(RUNS, DEPTHS[30])
NAME = "gradient paths"


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    (tmp_path / "page.html").write_text(explorers_page([EXPLORER], "dark"), encoding="utf-8")
    with opened(browser, tmp_path / "page.html", width=390) as page:
        yield page


def layers_passed(kind: str, later: int) -> Counter[int]:
    """How many ways lead from the sum of a chain's end to its start, by how many layers they pass: each layer counts by
    a factor, of which the gradient is then a polynomial."""
    factor = torch.tensor(1000.0, dtype=torch.float64)
    start: Tensor = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    x = [start]
    for _ in range(later):
        layer = factor * (sum(x) if kind == "dense" else x[-1])
        x = {"plain": [layer], "residual": [x[-1] + layer], "dense": [*x, layer]}[kind]
    (slope,) = torch.autograd.grad(torch.stack(x).sum(), start)
    digits, passed, ways = int(slope.item()), 0, Counter[int]()
    while digits:
        digits, ways[passed] = divmod(digits, 1000)
        passed += 1
    return +ways


@pytest.mark.parametrize("kind", ["plain", "residual", "dense"])
def test_ways_are_counted_as_the_gradient_counts_them(browser: Browser, kind: str) -> None:
    page = functions_page(browser, "paths_explorer")
    for later in range(5):
        ways = layers_passed(kind, later)
        assert compute(page, f"n => waysBack('{kind}', n)", later) == ways.total()
        assert compute(page, f"n => shortestWay('{kind}', n)", later) == min(ways)
    page.close()


def test_agreement_is_the_records_median(page: Page) -> None:
    parts = explorer(page, NAME)
    for moment, place in ((0, 0), (1, -1)):
        parts.get_by_label("Recorded").select_option(index=moment)
        for layer in (1, 17, 30):
            parts.get_by_label("Layer, the picture's first").fill(str(layer))
            found = facts(page, NAME)
            for kind, records in RUNS.items():
                heard = median(r["result"]["moments"][place]["agreement"][layer - 1] for r in records)
                assert found[f"Agreement, {kind}"].replace("−", "-") == f"{heard:.2f}"


def test_a_layer_is_found_in_its_block(page: Page) -> None:
    slider = explorer(page, NAME).get_by_label("Layer, the picture's first")
    slider.fill("6")
    assert facts(page, NAME)["Layers behind it in the block"] == "0"
    slider.focus()
    press(page, "ArrowRight")  # the first of the second block's eight
    assert facts(page, NAME)["Layers behind it in the block"] == "7"
    assert facts(page, NAME)["Ways in all"] == "128"
    assert explorer(page, NAME).locator(".explorer-layer").count() == 8


def test_the_page_is_sound_with_each_kind(page: Page) -> None:
    for i in range(3):
        explorer(page, NAME).get_by_label("Block", exact=True).select_option(index=i)
        facts(page, NAME)
        assert_sound(page)


def test_the_still_has_all_kinds() -> None:
    figure = EXPLORER.still()
    assert [line.get_label() for line in figure.axes[0].lines] == ["plain", "residual", "dense"]
    plt.close(figure)

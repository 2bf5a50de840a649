"""The explorer of the loss: what it counts is what the package's loss counts, and its page is sound."""

from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch
from browsing import Browser, Page
from explorers_page import assert_sound, compute, explorer, explorers_page, facts, functions_page, opened

from dsod_lite import DSOD, dsod_tiny
from dsod_lite.detector.loss import mine_hard_negatives
from dsod_lite.explorers import LossExplorer

TARGET = {"boxes": torch.tensor([[8.0, 8, 40, 40], [40.0, 20, 60, 50]]), "labels": torch.tensor([2, 5])}
IMAGE = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))


def models() -> dict[str, DSOD]:
    torch.manual_seed(0)
    return {"one": dsod_tiny(image_size=64), "another": dsod_tiny(image_size=64)}


MODELS = models()
EXPLORER = LossExplorer.from_models(MODELS, IMAGE, TARGET)


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    (tmp_path / "page.html").write_text(explorers_page([EXPLORER], "light"), encoding="utf-8")
    with opened(browser, tmp_path / "page.html", width=390, height=900) as page:
        yield page


def by_the_package(name: str, ratio: int) -> float:
    """The classification loss, by the model itself."""
    model = MODELS[name]
    model.loss.negatives_per_positive = ratio
    offsets, logits = model.eval().network(model.normalize([IMAGE]))
    boxes, labels = [TARGET["boxes"] / 64], [TARGET["labels"]]
    return model.loss(offsets, logits, model.priors, boxes, labels)["classification"].item()


@torch.no_grad()
def test_the_loss_counted_is_the_packages(page: Page) -> None:
    parts = explorer(page, "the loss")
    for network, name in enumerate(MODELS):
        parts.get_by_label("Network").select_option(index=network)
        for ratio in (3, 7):
            parts.get_by_label("Negatives for each").fill(str(ratio))
            found = facts(page, "the loss")
            assert float(found["Loss per positive"]) == pytest.approx(by_the_package(name, ratio), abs=0.006)
    assert int(found["Positives"].split(",")[0]) == len(EXPLORER.positives)


def test_the_mined_are_the_packages(browser: Browser) -> None:
    rng = torch.Generator().manual_seed(1)
    losses, positive = torch.rand(40, 60, generator=rng), torch.rand(40, 60, generator=rng) < 0.1
    positive[0] = False
    cases = [[one.tolist(), at.nonzero().flatten().tolist()] for one, at in zip(losses, positive, strict=True)]
    page = functions_page(browser, "matching", "heat")
    for ratio, least in ((3, 0), (1, 10), (0, 2)):
        call = f"cases => cases.map(([l, p]) => hardest(Float32Array.from(l), p, {ratio}, {least}))"
        found = torch.zeros_like(positive)
        for row, places in zip(found, compute(page, call, cases), strict=True):
            row[places] = True
        assert torch.equal(found, mine_hard_negatives(losses, positive, ratio, least))
    page.close()


def test_the_map_changes_what_is_drawn_and_the_page_is_sound(page: Page) -> None:
    parts = explorer(page, "the loss")
    assert parts.locator(".explorer-heat rect").count() == 8 * 8
    parts.get_by_label("Map", exact=True).select_option(index=1)
    facts(page, "the loss")
    assert parts.locator(".explorer-heat rect").count() == 4 * 4
    assert_sound(page)


def test_the_still_says_how_many_are_mined() -> None:
    figure = EXPLORER.still()
    mined = max(3 * len(EXPLORER.positives), EXPLORER.min_negatives)
    assert figure.axes[0].get_title() == f"one: {mined} negatives are mined"
    plt.close(figure)


def test_networks_of_two_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="models: one, larger are not of one config"):
        LossExplorer.from_models({"one": MODELS["one"], "larger": dsod_tiny(image_size=96)}, IMAGE, TARGET)

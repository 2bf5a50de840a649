"""The explorer of augmentation: its throws are the package's own, and its dice say what was done."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest
import torch
from browsing import Browser, Page, expect
from chapters import ROOT
from explorers_page import assert_sound, explorer, explorers_page, facts, opened
from torchvision.transforms.v2 import functional as transforms

from dsod_lite.datasets import VOCDataset
from dsod_lite.datasets.augmentation.transforms import AUGMENTATIONS
from dsod_lite.explorers import AugmentationExplorer
from dsod_lite.explorers.dice import throw

TRAIN = VOCDataset(ROOT / "data/shapes", "train")
EXPLORER = AugmentationExplorer.from_dataset(TRAIN, 2, count=4)
NAME = "augmentation"


def sample() -> Any:
    TRAIN.transform = lambda image, target: (image, target)
    raw = TRAIN[2]
    TRAIN.transform = None
    return raw


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    (tmp_path / "page.html").write_text(explorers_page([EXPLORER], "dark"), encoding="utf-8")
    with opened(browser, tmp_path / "page.html", width=390) as page:
        yield page


@pytest.mark.parametrize("name", ["light", "ssd", "upless"])
def test_a_throw_is_what_the_augmentation_does(name: str) -> None:
    augmentation = AUGMENTATIONS[name](128)
    for seed in range(20):
        torch.manual_seed(seed)
        image, target = augmentation(*sample())
        torch.manual_seed(seed)
        shown, told, _ = throw(augmentation, *sample())
        assert torch.equal(shown, image)
        assert torch.equal(told["boxes"], target["boxes"])
        assert torch.equal(told["labels"], target["labels"])


def test_the_dice_say_what_was_done() -> None:
    """The light augmentation done again by its dice gives the picture again."""
    raw, _ = sample()
    seen = set()
    for seed in range(20):
        torch.manual_seed(seed)
        image, _, dice = throw(AUGMENTATIONS["light"](128), *sample())
        left, top, right, bottom = dice.window
        again = transforms.resize(raw[:, top:bottom, left:right], [128, 128], antialias=True)
        again = transforms.horizontal_flip(again) if dice.mirrored else again
        seen |= {("cut", dice.window != (0, 0, 128, 128)), ("mirrored", dice.mirrored)}
        brightness = float(dice.colours["brightness"].removeprefix("× "))
        assert 0.7 <= brightness <= 1.3
        # colours change no edge: the picture done again without them looks the same but for a scale in each channel
        a, b = (x.float().mean(dim=0).flatten() for x in (again, image))
        assert torch.corrcoef(torch.stack([a, b]))[0, 1] > 0.97
    assert len(seen) == 4, "cut and whole, mirrored and not"


def test_making_throws_leaves_data_set_and_chance_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    again = AugmentationExplorer.from_dataset(TRAIN, 2, count=4)
    assert torch.equal(torch.rand(3), expected)
    assert again.throws == EXPLORER.throws
    assert TRAIN.transform is None


def test_the_reader_throws_until_the_first_comes_again(page: Page) -> None:
    parts = explorer(page, NAME)
    parts.get_by_label("Augmentation", exact=True).select_option(label="ssd")
    for i in (1, 2, 3, 0):
        parts.get_by_role("button", name="Throw the dice").press("Enter")
        found = facts(page, NAME)
        shown = EXPLORER.throws["ssd"][i]
        assert found.pop("objects left") == f"{len(shown['boxes'])} of {len(EXPLORER.boxes)}"
        assert list(found.items()) == [tuple(die) for die in shown["dice"]]
        expect(parts.get_by_role("status")).to_have_text(f"Throw {i + 1} of 4")
        assert parts.locator(".explorer-plate").all_text_contents() == shown["names"]


@pytest.mark.parametrize("name", ["light", "ssd"])
def test_the_page_is_sound(page: Page, name: str) -> None:
    explorer(page, NAME).get_by_label("Augmentation", exact=True).select_option(label=name)
    for _ in range(4):
        explorer(page, NAME).get_by_role("button", name="Throw the dice").click()
        facts(page, NAME)
        assert_sound(page)


def test_the_still_shows_a_throw() -> None:
    figure = EXPLORER.still()
    assert figure.axes[0].get_title().startswith("light: cut out ")
    plt.close(figure)

"""The explorer of one picture: each stage shows the package's numbers, and all chapters that open it open the same."""

import re
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch
from browsing import Browser, Locator, Page, expect
from chapters import CHAPTERS, ROOT, code_cells
from explorers_page import assert_sound, explorer, explorers_page, facts, next_frame, opened, press

import dsod_lite
from dsod_lite import datasets, evaluate_voc, predict
from dsod_lite.detector.detect import detect
from dsod_lite.detector.loss import mine_hard_negatives
from dsod_lite.explorers import PipelineExplorer
from dsod_lite.explorers.channels import busiest_channels
from dsod_lite.explorers.floats import from_bytes
from dsod_lite.explorers.loss import prior_losses, right_answers
from dsod_lite.explorers.pipeline import TITLES
from dsod_lite.explorers.predictions import raw_answers
from dsod_lite.explorers.receptive_field import effective_fields, receptive_fields

NAME = "one picture"
NUMBER = 48
MODEL, CLASSES = dsod_lite.load_model(ROOT / "dsod_lite/weights/shapes_tiny.pt")
VAL = datasets.VOCDataset(ROOT / "data/shapes", "val")
IMAGE, TARGET = VAL[NUMBER]


@pytest.fixture(scope="module")
def made() -> PipelineExplorer:
    return PipelineExplorer.from_model(MODEL, VAL, NUMBER)


@pytest.fixture
def page(browser: Browser, tmp_path: Path, made: PipelineExplorer) -> Iterator[Page]:
    (tmp_path / "page.html").write_text(explorers_page([made], "light"), encoding="utf-8")
    with opened(browser, tmp_path / "page.html", width=1280) as page:
        yield page


def step(page: Page, name: str) -> Locator:
    return explorer(page, NAME).get_by_role("radio", name=name, exact=True)


def facts_at(page: Page, name: str) -> dict[str, str]:
    step(page, name).check(force=True)
    return facts(page, NAME)


def test_matches_and_mined_negatives_are_the_packages(page: Page) -> None:
    right, positive = right_answers(MODEL, IMAGE, TARGET)
    losses = prior_losses(MODEL, IMAGE, right)
    mined = mine_hard_negatives(losses[None], positive[None], 3, MODEL.config.min_negatives)[0]
    found = facts_at(page, "Matches")
    assert int(found["Positives"]) == positive.sum()
    each = [int(count) for name, count in found.items() if name.startswith("… of")]
    assert len(each) == len(TARGET["labels"])
    assert sum(each) == positive.sum()

    found = facts_at(page, "Loss")
    assert found["Positives"].startswith(f"{positive.sum()}, ")
    assert found["Mined negatives"].startswith(f"{mined.sum()}, ")
    left = losses[~positive & ~mined].sum() / losses.sum()
    assert found["… their share of all loss"] == f"{100 * left:.0f} %"


def test_boxes_are_the_packages_before_suppression_and_after(page: Page) -> None:
    offsets, logits = raw_answers(MODEL, IMAGE)
    for threshold in (0.3, 0.6):
        counts = [
            len(detect(offsets[None], logits[None], MODEL.priors, threshold, nms, 400, 10_000)[0]["labels"])
            for nms in (1.0, MODEL.config.nms_threshold)
        ]
        step(page, "Suppression").check(force=True)
        explorer(page, NAME).get_by_label("Score above").fill(str(threshold))
        found = facts(page, NAME)
        assert [int(found["Boxes above the threshold"]), int(found["… left by suppression"])] == counts
    assert len(explorer(page, NAME).locator(".explorer-plate").all()) == counts[1]


def test_average_precision_is_the_packages(page: Page) -> None:
    detections, targets = predict(MODEL, VAL, progress=False)
    ways = {way: evaluate_voc(detections, targets, 7, method=way).ap for way in ("11point", "all-point")}  # type: ignore[arg-type]
    step(page, "AP").check(force=True)
    for label, name in enumerate(CLASSES, start=1):
        explorer(page, NAME).get_by_label("Class").select_option(label=name)
        found = facts(page, NAME)
        assert float(found["11-point AP"]) == pytest.approx(ways["11point"][label], abs=0.0006)
        assert float(found["All-point AP"]) == pytest.approx(ways["all-point"][label], abs=0.0006)
    scores = torch.cat([found["scores"][found["labels"] == 2] for found in detections])
    own = detections[NUMBER]["scores"][(detections[NUMBER]["labels"] == 2) & (detections[NUMBER]["scores"] >= 0.3)]
    ranks = [str(int((scores > score).sum()) + 1) for score in own]
    explorer(page, NAME).get_by_label("Class").select_option(label=CLASSES[1])
    assert facts(page, NAME)["This picture's ranks"] == ", ".join(ranks)


def test_the_chosen_cell_has_its_priors(page: Page) -> None:
    assert facts_at(page, "Priors")["This map"] == "8 × 8 × 6 = 384"
    explorer(page, NAME).get_by_label("Map", exact=True).select_option(index=4)
    assert facts(page, NAME)["This map"] == "1 × 1 × 4 = 4"
    explorer(page, NAME).get_by_label("Map", exact=True).select_option(index=0)
    board = explorer(page, NAME).locator(".explorer-stage").first
    box = board.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.15 * box["width"], box["y"] + 0.15 * box["height"])
    next_frame(page)
    expect(explorer(page, NAME).get_by_label("Column")).to_have_value("1")
    expect(explorer(page, NAME).get_by_label("Row")).to_have_value("1")


def test_arrow_keys_walk_from_stage_to_stage(page: Page) -> None:
    step(page, "Picture").focus()
    for name in ("Feature maps", "Priors", "Matches", "Loss", "Scores", "Suppression", "AP"):
        press(page, "ArrowRight")
        expect(step(page, name)).to_be_checked()
        expect(step(page, name)).to_be_focused()


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_every_stage_is_sound(browser: Browser, tmp_path: Path, made: PipelineExplorer, theme: str, width: int) -> None:
    (tmp_path / "page.html").write_text(explorers_page([made], theme), encoding="utf-8")
    with opened(browser, tmp_path / "page.html", width) as page:
        for i in range(len(TITLES)):
            page.locator(".explorer-step").nth(i).click()
            next_frame(page)
            assert_sound(page)


def test_the_stills_are_of_the_stage(made: PipelineExplorer) -> None:
    for stage, title in TITLES.items():
        made.stage = stage
        figure = made.still()
        assert figure.axes[0].get_title() == (CLASSES[made.label - 1] if stage == "precision" else title)
        plt.close(figure)
    made.stage = "picture"


@torch.no_grad()
def test_channels_are_the_networks() -> None:
    found = busiest_channels(MODEL, IMAGE)
    batch = MODEL.normalize([IMAGE])
    levels = [MODEL.network.stem(batch), *MODEL.network.maps(batch)]
    for map_, level in zip([found[0], *found[2:]], levels, strict=True):
        own = level[0, map_["numbers"]].abs()
        values = from_bytes(map_["values"]).view_as(own)
        assert torch.allclose(values, own / own.amax(dim=(1, 2), keepdim=True).clamp(min=1e-12), atol=0.003)
    assert [map_["cells"] for map_ in found] == [32, 32, 16, 8, 4, 2, 1]


def test_an_effective_field_lies_within_the_theoretical_one() -> None:
    fields = effective_fields(MODEL, [VAL[i][0] for i in range(16)])
    widths = [field.width for field in fields]
    assert widths == sorted(widths), "a coarser map sees more"
    for field, (start, step_, size) in zip(fields, receptive_fields(MODEL.config), strict=True):
        first = start - step_ // 2 + 128  # in the window, whose middle is the prior's centre
        places = torch.arange(64) * 4
        outside = (places + 4 <= first) | (places >= first + size)
        assert field.strength[outside].sum() == 0
        assert field.strength[:, outside].sum() == 0
        assert field.width < size


def test_another_data_set_is_refused() -> None:
    with pytest.raises(ValueError, match="6 classes and 92 pictures; it takes 1 and 32 or more"):
        PipelineExplorer.from_model(dsod_lite.dsod_tiny(num_classes=2), VAL, 0)


def test_chapters_open_the_same_picture_at_their_own_stage() -> None:
    opened_at = {}
    for path in CHAPTERS:
        for i, cell in enumerate(code_cells(path)):
            if "PipelineExplorer.from_model" in cell.source:
                assert i == 1, f"{path.stem}: it comes before anything else"
                assert f"    {NUMBER},\n" in cell.source, path.stem
                opened_at[path.stem] = re.search(r'stage="(\w+)"', cell.source)[1]  # type: ignore[index]
    assert opened_at == {
        "first_detector": "scores",
        "priors": "priors",
        "matching": "matches",
        "loss": "loss",
        "deep_supervision": "maps",
        "stem": "maps",
        "dense_prediction": "scores",
        "whole_network": "maps",
        "non_maximum_suppression": "suppression",
        "average_precision": "precision",
    }

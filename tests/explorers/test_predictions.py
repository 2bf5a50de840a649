"""The explorers of predictions and of average precision: their numbers are the package's, and a reader can use them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest
import torch
from browsing import Browser, Locator, Page
from explorers_page import TIMED, assert_sound, compute, explorers_page, functions_page, next_frame, opened, press
from matplotlib.patches import Rectangle
from tiny import Rectangles, small_dsod
from torch import Tensor

from dsod_lite.detector.boxes import decode
from dsod_lite.detector.detect import detect
from dsod_lite.evaluation.voc import evaluate_voc
from dsod_lite.explorers import AveragePrecisionExplorer, PredictionExplorer
from dsod_lite.explorers.floats import from_text, to_text

CASES = 300


# ---- the numbers ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def functions(browser: Browser) -> Iterator[Page]:
    page = functions_page(browser, "boxes", "floats", "nms", "average_precision")
    yield page
    page.close()


def integer(rng: torch.Generator, low: int, high: int) -> int:
    """low to high, both included."""
    return int(torch.randint(low, high + 1, (1,), generator=rng))


def answers(rng: torch.Generator) -> dict[str, Any]:
    """A small detector's answers on one picture, some of the boxes endless.

    A prior may score all classes equally. (Two priors never score one class equally: `topk` leaves their order
    open.) In every second case the threshold is one of the scores.
    """
    priors, classes = integer(rng, 1, 40), integer(rng, 2, 5)
    logits = 2 * torch.randn(priors, classes, generator=rng)
    equal = torch.rand(priors, generator=rng) < 0.3
    logits[equal, 1:] = logits[equal, 1:2]
    score = float(logits.softmax(dim=1)[integer(rng, 0, priors - 1), 1])
    offsets = torch.randn(priors, 4, generator=rng)
    offsets[torch.rand(priors, generator=rng) < 0.05, 2] = 300.0  # wider than any picture: 1e26 of them
    offsets[torch.rand(priors, generator=rng) < 0.05, 3] = 600.0  # more than float32 holds
    return {
        "logits": logits,
        "offsets": offsets,
        "priors": 0.1 + 0.8 * torch.rand(priors, 4, generator=rng),
        "score_threshold": score if integer(rng, 0, 1) else 0.05 * integer(rng, 0, 8),
        "nms_threshold": 0.1 * integer(rng, 0, 10),
        "candidates_per_class": integer(rng, 1, 20),
        "detections_per_image": integer(rng, 1, 30),
    }


def test_detections_are_the_packages(functions: Page) -> None:
    """From the same scores and boxes the same detections in the same order."""
    rng = torch.Generator().manual_seed(0)
    cases = [answers(rng) for _ in range(CASES)]
    boxes = [decode(case["offsets"], case["priors"]) for case in cases]
    argument = [
        {
            "scores": to_text(case["logits"][None].softmax(dim=2)[0]),
            "boxes": to_text(corners),
            "classes": case["logits"].shape[1],
            "limits": {
                "scoreThreshold": case["score_threshold"],
                "nmsThreshold": case["nms_threshold"],
                "perClass": case["candidates_per_class"],
                "perImage": case["detections_per_image"],
            },
        }
        for case, corners in zip(cases, boxes, strict=True)
    ]
    script = """cases => cases.map(({ scores, boxes, classes, limits }) =>
        detect(floats(scores), floats(boxes), classes, limits).map(({ prior, label }) => [prior, label]))"""
    found = compute(functions, script, argument)
    kept = dropped = 0
    for case, corners, rows in zip(cases, boxes, found, strict=True):
        batch = {name: case[name][None] if name in ("offsets", "logits") else case[name] for name in case}
        expected = detect(**batch)[0]
        assert [label for _, label in rows] == expected["labels"].tolist()
        assert torch.equal(corners[[prior for prior, _ in rows]], expected["boxes"])
        kept += len(rows)
        dropped += case["logits"].numel() - len(rows)
    assert min(kept, dropped) > CASES, "the cases are about something"


def test_scores_are_the_packages(functions: Page) -> None:
    rng = torch.Generator().manual_seed(1)
    cases = [10 * torch.randn(integer(rng, 1, 9), integer(rng, 2, 30), generator=rng) for _ in range(CASES)]
    argument = [{"logits": to_text(logits), "classes": logits.shape[1]} for logits in cases]
    script = "cases => cases.map(({ logits, classes }) => [...softmax(floats(logits), classes)])"
    for logits, scores in zip(cases, compute(functions, script, argument), strict=True):
        torch.testing.assert_close(torch.tensor(scores).view_as(logits), logits.softmax(dim=1), atol=1e-6, rtol=1e-5)


def results(rng: torch.Generator) -> tuple[list[dict[str, Tensor]], list[dict[str, Tensor]]]:
    """A few pictures on so coarse a grid that scores and overlaps tie; any may be without objects or detections."""

    def boxes(count: int) -> Tensor:
        corner = torch.randint(0, 4, (count, 2), generator=rng)
        return torch.cat([corner, corner + torch.randint(1, 5, (count, 2), generator=rng)], dim=1).float()

    detections, targets = [], []
    for _ in range(integer(rng, 1, 4)):
        many, few = integer(rng, 0, 12), integer(rng, 0, 4)
        scores = torch.randint(0, 8, (many,), generator=rng) / 8
        labels = torch.randint(1, 3, (many,), generator=rng)
        detections.append({"boxes": boxes(many), "labels": labels, "scores": scores})
        labels = torch.randint(1, 3, (few,), generator=rng)
        difficult = torch.rand(few, generator=rng) < 0.25
        targets.append({"boxes": boxes(few), "labels": labels, "difficult": difficult})
    return detections, targets


def of_class(records: list[dict[str, Tensor]], field: str, label: int) -> list[dict[str, Any]]:
    return [
        {"image": image, "box": box, field: value}
        for image, record in enumerate(records)
        for box, value, own in zip(
            record["boxes"].tolist(), record[field].tolist(), record["labels"].tolist(), strict=True
        )
        if own == label
    ]


def test_average_precision_is_the_packages(functions: Page) -> None:
    """The whole curve and both areas, with difficult objects, equal scores and equal overlaps."""
    rng = torch.Generator().manual_seed(2)
    cases = [(*results(rng), integer(rng, 1, 20) / 20) for _ in range(CASES)]
    argument = [
        {
            "detections": of_class(detections, "scores", 1),
            "objects": of_class(targets, "difficult", 1),
            "threshold": threshold,
        }
        for detections, targets, threshold in cases
    ]
    script = """cases => cases.map(({ detections, objects, threshold }) => {
        const claimed = claims(detections.map(d => ({ ...d, score: d.scores })), objects);
        const list = verdicts(claimed, objects, threshold);
        const total = objects.filter(object => !object.difficult).length;
        const curve = precisionRecall(list, total);
        const areas = ["11point", "all-point"].map(m => averagePrecision(curve.precision, curve.recall, m));
        return { ...curve, areas, total, list, scores: curve.rank.map(rank => claimed[rank].score) };
    })"""
    seen = set()
    for (detections, targets, threshold), found in zip(cases, compute(functions, script, argument), strict=True):
        for method, area in zip(("11point", "all-point"), found["areas"], strict=True):
            expected = evaluate_voc(detections, targets, 3, threshold, method)  # type: ignore[arg-type]
            assert found["total"] == expected.num_objects[1]
            if found["total"]:
                assert area == pytest.approx(expected.ap[1], abs=1e-12)
        curve = expected.curves[1]
        assert found["precision"] == curve.precision.tolist()
        assert found["recall"] == curve.recall.tolist()
        assert found["scores"] == curve.scores.tolist()
        seen.update(found["list"])
    assert seen == {"true", "missed", "again", "difficult"}


# ---- what Python puts in, and reads out ----------------------------------------------------------------------------


def predictions(keep: int = 60, seed: int = 0) -> PredictionExplorer:
    image, target = Rectangles(2)[1]
    return PredictionExplorer.from_model(small_dsod(seed), image, target, ("red", "blue"), keep)


def test_the_kept_priors_give_the_models_own_detections() -> None:
    """As long as the threshold is not below what was left out."""
    model = small_dsod()
    model.train()
    explorer = predictions()
    image, _ = Rectangles(2)[1]
    assert len(explorer.prior_indices) == 60 < explorer.num_priors == len(model.priors)
    assert 0 < explorer.best_left_out < 1
    model.eval()
    for threshold in (explorer.best_left_out, 0.6):
        explorer.score_threshold = threshold
        with torch.no_grad():
            offsets, logits = model.network(model.normalize([image]))
        config = model.config
        expected = detect(offsets, logits, model.priors, threshold, config.nms_threshold)[0]
        found = explorer.detections()
        assert len(found["labels"]) > 3
        assert found["labels"].tolist() == expected["labels"].tolist()
        torch.testing.assert_close(found["boxes"], expected["boxes"] * 64)
        torch.testing.assert_close(found["scores"], expected["scores"])


def test_a_model_stays_in_its_mode() -> None:
    model = small_dsod().train()
    frozen = next(module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    PredictionExplorer.from_model(model, torch.rand(3, 40, 60))
    assert model.training
    assert not frozen.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_what_cannot_be_shown_is_refused() -> None:
    model = small_dsod()
    with pytest.raises(ValueError, match="classes: 1 names, but the model has 2 classes"):
        PredictionExplorer.from_model(model, torch.rand(3, 40, 60), classes=("red",))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(torch.nan)
    with pytest.raises(ValueError, match=r"logits: .* not finite"):
        PredictionExplorer.from_model(model, torch.rand(3, 40, 60))
    detections, targets = results(torch.Generator().manual_seed(3))
    with pytest.raises(ValueError, match="images: there are 0"):
        AveragePrecisionExplorer.from_results([], detections, targets, 1, ("red", "blue"))
    images = [torch.rand(3, 8, 8)] * len(targets)
    with pytest.raises(ValueError, match="label is 3; classes has the 2 names"):
        AveragePrecisionExplorer.from_results(images, detections, targets, 3, ("red", "blue"))
    del detections[0]["scores"]
    with pytest.raises(ValueError, match=r"detections\[0\]\['scores'\] is missing"):
        AveragePrecisionExplorer.from_results(images, detections, targets, 1, ("red", "blue"))


def test_numbers_survive_as_text() -> None:
    values = torch.tensor([[1e-30, -0.0], [torch.inf, 1 / 3]])
    assert torch.equal(from_text(to_text(values), 2), values)


def precisions(keep: int = 200) -> AveragePrecisionExplorer:
    """Forty pictures of random boxes near random objects, two classes."""
    rng = torch.Generator().manual_seed(4)
    detections, targets, images = [], [], []
    for _ in range(40):
        few = integer(rng, 0, 3)
        corner = 40 * torch.rand(few, 2, generator=rng)
        truth = torch.cat([corner, corner + 8 + 16 * torch.rand(few, 2, generator=rng)], dim=1)
        near = truth.repeat(2, 1) + 3 * torch.randn(2 * few, 4, generator=rng)
        labels = torch.randint(1, 3, (few,), generator=rng)
        scores = torch.rand(2 * few, generator=rng)
        targets.append({"boxes": truth, "labels": labels, "difficult": torch.rand(few, generator=rng) < 0.2})
        detections.append({"boxes": near, "labels": labels.repeat(2), "scores": scores})
        images.append(torch.rand(3, 48, 64, generator=rng))
    return AveragePrecisionExplorer.from_results(images, detections, targets, [2, 1], ("red", "blue"), keep)


def test_only_the_best_of_each_class_are_kept() -> None:
    whole, cut = precisions(), precisions(keep=10)
    assert cut.totals == whole.totals == [whole.box_labels.count(2), whole.box_labels.count(1)]
    assert [cut.box_labels.count(label) for label in (2, 1)] == [10, 10]
    for label in (1, 2):
        results = [evaluate_voc(*explorer.records(), 3).curves[label] for explorer in (whole, cut)]
        assert results[1].scores.tolist() == results[0].scores[: len(results[1].scores)].tolist()
        assert results[1].precision.tolist() == results[0].precision[: len(results[1].scores)].tolist()


def test_stills_show_what_the_state_says() -> None:
    explorer = predictions()
    explorer.score_threshold = explorer.best_left_out
    counts = {}
    for label, suppression in ((0, True), (0, False), (1, True)):
        explorer.label, explorer.suppression = label, suppression
        axes = explorer.still().axes[0]
        counts[label, suppression] = sum(isinstance(patch, Rectangle) for patch in axes.patches)
        assert counts[label, suppression] == len(explorer.detections()["labels"])
        assert len(axes.lines) == len(explorer.objects)
    assert counts[1, True] < counts[0, True] < counts[0, False]

    explorer = precisions()
    explorer.iou_threshold, explorer.label = 0.7, 1
    axes = explorer.still().axes[0]
    curve = evaluate_voc(*explorer.records(), 3, iou_threshold=0.7).curves[1]
    assert axes.lines[0].get_ydata()[1:].tolist() == curve.precision.tolist()
    plt.close("all")


# ---- the pages ------------------------------------------------------------------------------------------------------


def made_up_predictions() -> PredictionExplorer:
    """Four boxes in a picture of 100 pixels, two of them of one object; all can be worked out by hand."""
    priors = torch.tensor(
        [[0.25, 0.25, 0.3, 0.3], [0.28, 0.25, 0.3, 0.3], [0.75, 0.25, 0.3, 0.3], [0.75, 0.75, 0.3, 0.3]]
    )
    offsets = torch.zeros(4, 4)
    offsets[3] = torch.tensor([1.0, 0.0, 0.0, -1.0])
    scores = torch.tensor([[0.05, 0.9, 0.05], [0.1, 0.8, 0.1], [0.1, 0.2, 0.7], [0.15, 0.6, 0.25]])
    return PredictionExplorer(
        width=100,
        height=100,
        classes=["red", "blue"],
        objects=[[10.0, 10.0, 40.0, 40.0, 1]],
        priors=to_text(priors),
        offsets=to_text(offsets),
        logits=to_text(scores.log()),
        prior_indices=[0, 1, 2, 6],
        num_priors=8,
        best_left_out=0.01,
        map_sizes=[2],
        aspect_ratios=[[]],
        selected=[0, 1],
    )


def made_up_precisions() -> AveragePrecisionExplorer:
    """One class in three pictures: found, missed by a little, found again, found, and one that is difficult."""
    square = [0.0, 0.0, 10.0, 10.0]
    boxes = [[square, square], [[0.0, 0.0, 10.0, 4.0], square], [square]]
    scores = [[0.9, 0.7], [0.8, 0.6], [0.5]]
    detections = [
        {"boxes": torch.tensor(b), "scores": torch.tensor(s), "labels": torch.ones(len(s), dtype=torch.int64)}
        for b, s in zip(boxes, scores, strict=True)
    ]
    targets = [
        {"boxes": torch.tensor([square]), "labels": torch.tensor([1]), "difficult": torch.tensor([picture == 2])}
        for picture in range(3)
    ]
    images = [torch.full((3, 16, 20), 0.3 * picture) for picture in range(3)]
    return AveragePrecisionExplorer.from_results(images, detections, targets, 1, ("red",))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages with the made-up explorers, light.html and dark.html, and one with real numbers of boxes, full.html."""
    folder = tmp_path_factory.mktemp("pages")
    for theme in ("light", "dark"):
        text = explorers_page([made_up_predictions(), made_up_precisions()], theme)
        (folder / f"{theme}.html").write_text(text, encoding="utf-8")
    image = torch.rand(3, 375, 500, generator=torch.Generator().manual_seed(0))
    many = PredictionExplorer.from_model(small_dsod(num_classes=21, image_size=128), image)
    many.score_threshold = 0.01
    (folder / "full.html").write_text(explorers_page([many, precisions()]), encoding="utf-8")
    return folder


@pytest.fixture
def page(browser: Browser, folder: Path) -> Iterator[Page]:
    """The light page on a desktop's screen; whatever goes wrong in it fails the test."""
    with opened(browser, folder / "light.html", height=2400) as page:
        page.wait_for_function("document.querySelectorAll('.explorer').length === 2")
        yield page


def explorer(page: Page, name: str) -> Locator:
    """Once it has drawn what was asked of it."""
    page.evaluate("() => new Promise(requestAnimationFrame)")
    return page.get_by_role("group", name=f"Explorer of {name}", exact=True)


def facts(page: Page, name: str) -> dict[str, str]:
    rows = explorer(page, name).locator(".explorer-facts > div").all()
    return {row.locator("dt").inner_text(): row.locator("dd").inner_text() for row in rows}


def counts(page: Page) -> tuple[str, ...]:
    """Boxes above the threshold, boxes left, objects."""
    return tuple(facts(page, "predictions").values())


def look(page: Page) -> list[str]:
    """What is said about the box or the detection in every line."""
    words = page.locator(".explorer-words p, .explorer-shot p")
    page.evaluate("() => new Promise(requestAnimationFrame)")
    return words.all_inner_texts()


def at(page: Page, stage: str, x: float, y: float) -> tuple[float, float]:
    """Where on the screen a point of a stage is, given in the stage's own units."""
    place = "(svg, [x, y]) => new DOMPoint(x, y).matrixTransform(svg.getScreenCTM()).toJSON()"
    found = page.get_by_role("group", name=stage).evaluate(place, [x, y])
    return found["x"], found["y"]


PICTURE = "The picture with the boxes the detector answers"
STRIP = "The detections, best first: found ones up, false ones down"


@pytest.mark.parametrize(("theme", "width", "over_http"), [("light", 390, True), ("dark", 1280, False)])
def test_pages_are_sound(browser: Browser, folder: Path, theme: str, width: int, over_http: bool) -> None:
    with opened(browser, folder / f"{theme}.html", width, over_http=over_http) as page:
        assert page.locator(".explorer").count() == 2
        assert page.locator(".explorer-stage path[d^=M]").count() > 12, "boxes and curve are drawn"
        assert_sound(page)


def test_a_page_with_both_is_light(folder: Path) -> None:
    """Three hundred priors of 21 classes and their picture; forty pictures and up to 400 detections. Colours are there
    twice, for browsers without light-dark()."""
    assert (folder / "full.html").stat().st_size < 420_000


def test_the_thresholds_the_class_and_the_switch_change_the_counts(page: Page) -> None:
    parts = explorer(page, "predictions")
    assert counts(page) == ("4", "3", "1")
    parts.get_by_label("NMS: IoU above").fill("0.82")  # the first two overlap by 0.818
    assert counts(page) == ("4", "4", "1")
    parts.get_by_label("NMS: IoU above").fill("0.81")
    assert counts(page) == ("4", "3", "1")
    parts.get_by_label("Suppression (NMS)").uncheck()
    next_frame(page)
    assert parts.locator("output").nth(2).inner_text() == "1 of 4"
    parts.get_by_label("Score above").focus()
    for _ in range(35):
        press(page, "ArrowRight")  # 0.30 to 0.65
    assert counts(page) == ("3", "2", "1")
    parts.get_by_label("Class").select_option("blue")
    assert counts(page) == ("1", "1", "0")
    parts.get_by_label("Score above").fill("0.1")  # the last one's 0.25, the first ones' 0.05 and 0.1 (not above)
    assert counts(page) == ("2", "2", "0")
    parts.get_by_label("Ground truth").uncheck()
    parts.get_by_label("Class").select_option("all classes")
    explorer(page, "predictions")
    assert parts.locator(".explorer-truth").first.get_attribute("d") == ""


def test_the_mouse_looks_into_a_box_and_a_click_keeps_it(page: Page) -> None:
    first = look(page)[:4]
    assert first == [
        "red 0.90",
        "Kept; suppression drops 1 for it.",
        "IoU 1.00 with the nearest object, red.",
        "Prior 0: map of 2 × 2 cells, row 0, column 0, square, 30 × 30 px",
    ]
    page.mouse.move(*at(page, PICTURE, 61, 30))
    assert look(page)[:3] == ["blue 0.70", "Kept; suppression drops none for it.", "Touches no object."]
    page.mouse.move(1, 1)
    assert look(page)[:4] == first
    page.mouse.click(*at(page, PICTURE, 80, 80))
    page.mouse.move(1, 1)
    assert look(page)[0] == "red 0.60"
    rows = explorer(page, "predictions").locator(".explorer-bars tr").all()
    cells = [[cell.strip() for cell in row.locator("th, td").all_inner_texts() if cell.strip()] for row in rows]
    assert cells == [
        ["dx", "+1.00", "3.0 px right"],  # a tenth of the prior's 30
        ["dy", "+0.00", "0.0 px down"],
        ["dw", "+0.00", "1.00 × as wide"],
        ["dh", "−1.00", "0.82 × as high"],  # exp(-0.2)
        ["background", "0.150"],
        ["red", "0.600"],
        ["blue", "0.250"],
    ]


def test_the_keyboard_looks_into_every_box(page: Page) -> None:
    parts = explorer(page, "predictions")
    parts.get_by_label("Suppression (NMS)").focus()
    press(page, "Space")
    parts.get_by_label("Box, best first").focus()
    press(page, "ArrowRight")
    assert look(page)[:2] == ["red 0.80", "Suppression drops it: IoU 0.82 with red 0.90."]
    press(page, "End")
    assert look(page)[0] == "red 0.60"
    parts.get_by_label("Score above").fill("0.65")
    assert look(page)[1] == "Not above the score threshold."
    assert parts.locator("output").nth(2).inner_text() == "not shown"


def test_the_curve_and_its_areas(page: Page) -> None:
    """True, missed, again, true, difficult: precisions 1, 1/2, 1/3, 2/4 at recalls 1/2, 1/2, 1/2, 1."""
    parts = explorer(page, "average precision")
    assert facts(page, "average precision") == {
        "11-point AP so far": "0.773 of 0.773",  # (6 x 1 + 5 x 1/2) / 11
        "All-point AP so far": "0.750 of 0.750",
        "Precision": "0.500",
        "Recall": "1.000",
        "True positives": "2",
        "False positives": "2",
        "Objects not found": "0",
    }
    parts.get_by_label("Score at least").fill("0.75")
    found = facts(page, "average precision")
    assert found["11-point AP so far"] == "0.545 of 0.773"
    assert found["All-point AP so far"] == "0.500 of 0.750"
    assert (found["Precision"], found["Recall"], found["Objects not found"]) == ("0.500", "0.500", "1")
    assert look(page)[4] == "✗ False positive", "the last one let in"
    parts.get_by_label("IoU at least").fill("0.4")
    assert facts(page, "average precision")["All-point AP so far"] == "1.000 of 1.000"
    assert look(page)[4] == "✓ True positive"
    before = parts.locator(".explorer-area").get_attribute("d")
    parts.get_by_label("Shaded area").select_option("11 points (VOC 2007)")
    explorer(page, "average precision")
    assert parts.locator(".explorer-area").get_attribute("d") != before
    parts.get_by_label("Score at least").fill("0.95")
    found = facts(page, "average precision")
    assert (found["Precision"], found["Recall"], found["All-point AP so far"]) == ("–", "0.000", "0.000 of 1.000")


def test_a_point_of_the_curve_shows_the_box_that_made_it(page: Page) -> None:
    parts = explorer(page, "average precision")
    crosses = parts.locator(".explorer-false").get_attribute("d")
    assert crosses
    x, y = (float(v) + 3 for v in crosses[1:].split("l")[0].split())  # the middle of the first cross
    page.mouse.move(*at(page, "Precision against recall", x, y))
    missed = [
        "✗ False positive",
        "red 0.80",
        "IoU 0.40 with the nearest object; it needs 0.50.",
        "Precision 0.500, recall 0.500 as far as this.",
        "Picture 2 of 3",
    ]
    assert look(page)[4:] == missed
    page.mouse.move(1, 1)
    assert look(page)[4:] != missed
    page.mouse.click(*at(page, "Precision against recall", x, y))
    page.mouse.move(1, 1)
    assert look(page)[4:] == missed
    parts.get_by_label("Detection, best first").focus()
    press(page, "ArrowRight")
    assert look(page)[4:7] == [
        "✗ False positive, found before",
        "red 0.70",
        "IoU 1.00, but detection 1 has found the object.",
    ]
    press(page, "End")
    assert look(page)[4:8] == [
        "– Not counted",
        "red 0.50",
        "IoU 1.00 with a difficult object: it counts neither way.",
        "No point of the curve is its own.",
    ]


def test_fingers_pick_boxes_and_detections(browser: Browser, folder: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{folder.as_uri()}/light.html")
    page.wait_for_selector(".explorer-strip")
    page.touchscreen.tap(*at(page, PICTURE, 75, 25))
    assert look(page)[0] == "blue 0.70"
    strip = page.get_by_role("group", name=STRIP)
    strip.scroll_into_view_if_needed()
    place = strip.bounding_box()
    assert place
    page.touchscreen.tap(place["x"] + 0.3 * place["width"], place["y"] + 10)  # the second of five
    assert look(page)[4:6] == ["✗ False positive", "red 0.80"]
    context.close()


def test_sliders_redraw(browser: Browser, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That each does is asserted; how fast, with 6,000 scores and with forty pictures, is printed."""
    page = browser.new_page(viewport={"width": 1000, "height": 2400})
    page.goto(f"{folder.as_uri()}/full.html")
    page.wait_for_selector(".explorer-strip")
    with capsys.disabled():
        for name in ("predictions", "average precision"):
            for slider in explorer(page, name).locator("input[type=range]").all():
                explorer(page, name).get_by_label("Score").fill("0.01")
                explorer(page, name)
                label = slider.evaluate("input => input.labels[0].textContent")
                times = slider.evaluate(TIMED)
                print(f"\n{name}, {label}: redrawn in {', '.join(f'{t:.0f}' for t in times)} ms", end="")
    page.close()

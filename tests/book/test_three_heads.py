"""Heads without priors: cells and assignments by hand, losses against a formula written out, detections, the search."""

import math
from pathlib import Path

import pytest
import torch
from torchvision.ops import box_iou

from book.experiments.comparisons import heads, heads_rates
from book.experiments.machinery import table
from book.experiments.machinery.findings import HEADS
from book.experiments.parts import search
from book.experiments.parts.common import SIDE, shapes
from book.experiments.parts.heads import (
    CellDetector,
    boxes_of,
    cell_detections,
    cell_losses,
    inside,
    many_cells,
    map_cells,
    one_cell,
)
from dsod_lite import dsod_tiny
from dsod_lite.support.files import write_json

CONFIG = dsod_tiny(image_size=SIDE).config  # maps of 12, 6, 3, 2 and 1 cells a side: 194 cells
CELLS = map_cells(CONFIG)


def test_cells_by_hand() -> None:
    assert CELLS.shape == (12**2 + 6**2 + 3**2 + 2**2 + 1, 5)
    torch.testing.assert_close(CELLS[1, :3], torch.tensor([1.5 / 12, 0.5 / 12, 1 / 12]))
    assert CELLS[0, 3] == 0
    assert CELLS[-1].tolist() == [0.5, 0.5, 1.0, CELLS[-1, 3].item(), math.inf]
    assert CELLS[144 + 36, 3:].tolist() == pytest.approx([42.24 / 96, 61.44 / 96])


def test_a_cell_s_box_is_as_far_away_as_it_says() -> None:
    cell = torch.tensor([[0.5, 0.5, 0.1, 0.0, 1.0]])
    ways = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]]).log()
    torch.testing.assert_close(boxes_of(ways, cell), torch.tensor([[[0.4, 0.3, 0.8, 0.9]]]))


def test_many_cells_by_hand() -> None:
    # 16 pixels about (24, 24): cells of 8 with centres at 20 and 28, two by two. Then 36 pixels, for the map of cells
    # of 16: 56 ± 18, with centres at 40, 56 and 72, of which all three are nearer than 24.
    boxes = torch.tensor([[16.0, 16, 32, 32], [38.0, 38, 74, 74]]) / SIDE
    object_of = many_cells(CELLS, boxes, torch.tensor([1, 2]), boxes, boxes)
    first = (object_of == 0).nonzero().flatten()
    assert [divmod(i, 12) for i in first.tolist()] == [(2, 2), (2, 3), (3, 2), (3, 3)]
    second = (object_of == 1).nonzero().flatten() - 144
    assert [divmod(i, 6) for i in second.tolist()] == [(r, c) for r in (2, 3, 4) for c in (2, 3, 4)]
    assert (object_of >= 0).sum() == 13


def test_where_objects_share_a_cell_the_smaller_one_has_it() -> None:
    small, large = [40.0, 40, 54, 54], [38.0, 38, 60, 60]
    for boxes in ([small, large], [large, small]):
        object_of = many_cells(CELLS, torch.tensor(boxes) / SIDE, torch.ones(2), torch.empty(0), torch.empty(0))
        assert object_of[5 * 12 + 5] == boxes.index(small)


def test_one_cell_is_the_best_assignment_in_all() -> None:
    """Both objects are best answered by one cell; the sum is largest if the first takes its second best."""
    cells = torch.tensor([[0.3, 0.3, 0.1, 0, 1], [0.4, 0.4, 0.1, 0, 1], [0.9, 0.9, 0.1, 0, 1]])
    boxes = torch.tensor([[0.1, 0.1, 0.5, 0.5], [0.2, 0.2, 0.6, 0.6]])
    found = torch.tensor([[0.1, 0.1, 0.5, 0.5], [0.1, 0.1, 0.5, 0.45], [0.2, 0.2, 0.6, 0.6]])
    scores = torch.full((3, 2), 0.5)
    scores[0, 1], scores[1, 1] = 0.9, 0.1  # the second object's label is 2; cell 0 says so most
    assert one_cell(cells, boxes, torch.tensor([1, 2]), found, scores).tolist() == [1, 0, -1]  # cell 2 lies outside
    assert one_cell(cells, boxes[:1], torch.tensor([1]), found, scores).tolist() == [0, -1, -1]


@pytest.mark.parametrize("assign", [many_cells, one_cell])
def test_without_objects_all_is_background(assign) -> None:
    nothing = torch.empty(0, 4)
    labels = torch.empty(0, dtype=torch.int64)
    assert (assign(CELLS, nothing, labels, torch.rand(194, 4), torch.rand(194, 6)) == -1).all()


def test_an_object_in_which_no_cell_s_centre_lies_gets_none() -> None:
    between = torch.tensor([[21.0, 21, 27, 27]]) / SIDE  # between the centres at 20 and 28
    assert not inside(CELLS[:144], between).any()
    assert (many_cells(CELLS, between, torch.tensor([1]), between, between) == -1).all()


@pytest.mark.parametrize("assign", [many_cells, one_cell])
def test_losses_by_a_formula_written_out(assign) -> None:
    torch.manual_seed(0)
    logits = torch.randn(2, 194, 6) - 3
    boxes = boxes_of(torch.randn(2, 194, 4) / 4, CELLS)
    truth = torch.tensor([[[16.0, 16, 32, 32], [38.0, 38, 74, 74]], [[10.0, 40, 40, 70], [0, 0, 0, 0]]]) / SIDE
    labels = torch.tensor([[1, 2], [5, 0]])  # 0 fills up
    losses = cell_losses(assign, CELLS, boxes, logits, truth, labels)
    count, focal, giou = 0, 0.0, 0.0
    for i in range(2):
        real = int((labels[i] > 0).sum())
        matched = assign(CELLS, truth[i, :real], labels[i, :real], boxes[i], logits[i].sigmoid())
        for cell, item in enumerate(matched.tolist()):
            for c in range(6):
                p = float(logits[i, cell, c].sigmoid())
                own = item >= 0 and labels[i, item] == c + 1
                focal += -0.25 * (1 - p) ** 2 * math.log(p) if own else -0.75 * p**2 * math.log(1 - p)
            if item >= 0:
                a, b = boxes[i, cell], truth[i, item]
                hull = float((torch.max(a[2:], b[2:]) - torch.min(a[:2], b[:2])).prod())
                areas = float((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod())
                iou = float(box_iou(a[None], b[None]))
                union = areas / (1 + iou)
                giou += 1 - iou + (hull - union) / hull
                count += 1
    assert losses["classification"].item() == pytest.approx(focal / count, rel=1e-4)
    assert losses["bbox_regression"].item() == pytest.approx(giou / count, rel=1e-4)


@pytest.mark.parametrize("name", list(heads_rates.HEADS))
def test_each_head_learns_in_all_its_layers_and_detects(name: str) -> None:
    torch.manual_seed(0)
    model = heads_rates.HEADS[name]()
    images, targets = zip(*(shapes(4, image_size=SIDE)[i] for i in range(4)), strict=True)
    losses = model.train()(list(images), list(targets))
    torch.stack(list(losses.values())).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    found = model.eval()(list(images))
    for each in found:
        assert set(each) == {"boxes", "labels", "scores"}
        assert (each["scores"].diff() <= 0).all()
        assert each["boxes"].min() >= 0
        assert each["boxes"].max() <= SIDE
        assert set(each["labels"].tolist()) <= set(range(1, 7))


def test_before_training_the_new_heads_say_that_all_is_background() -> None:
    model = CellDetector(CONFIG, many_cells).eval()
    with torch.no_grad():
        for conv in model.network.head.logits:
            conv[0].weight.zero_()
        scores = model.network(torch.zeros(1, 3, SIDE, SIDE))[1].sigmoid()
    torch.testing.assert_close(scores, torch.full_like(scores, 0.01))


def test_a_threshold_of_one_suppresses_nothing() -> None:
    unsuppressed = heads_rates.HEADS["one_to_one"]().config
    image, boxes = torch.zeros(3, SIDE, SIDE), torch.tensor([[0.1, 0.1, 0.4, 0.4]]).expand(194, 4)
    scores = torch.full((194, 6), 0.001)
    scores[:3, 4] = torch.tensor([0.5, 0.7, 0.6])
    one = cell_detections(image, boxes, scores, CONFIG)
    assert (one["scores"].tolist(), one["labels"].tolist()) == ([pytest.approx(0.7)], [5])
    assert len(cell_detections(image, boxes, scores, unsuppressed)["scores"]) == 3


def test_a_head_has_the_rate_of_its_own_search(tmp_path: Path) -> None:
    def tried(head: str, rate: float, ap50: float) -> None:
        name = search.named(head, rate)
        record = {"experiment": "heads_rates", "variant": name, "seed": 100, "epochs": 2, "result": {"AP50": ap50}}
        write_json(tmp_path / "heads_rates" / f"{name}-100.json", record)

    with pytest.raises(ValueError, match=r"--variant centres_rate_0\.003 --variant centres_rate_0\.01"):
        search.chosen("heads_rates", "centres", tmp_path)
    for rate, ap50 in ((0.003, 0.6), (0.01, 0.5), (0.03, 0.4)):
        tried("centres", rate, ap50)
        tried("priors", rate, 1 - ap50)
    assert search.wanted("heads_rates", "centres", tmp_path) == ["centres_rate_0.001"]
    tried("centres", 0.001, 0.2)
    assert search.chosen("heads_rates", "centres", tmp_path) == 0.003
    assert search.wanted("heads_rates", "priors", tmp_path) == ["priors_rate_0.1"]


def test_the_whole_study_is_made_search_by_search(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, tuple[str, ...]]] = []
    tried: dict[str, float] = {}

    def run_all(name: str, variants: tuple[str, ...] = ()) -> None:
        asked.append((name, tuple(variants)))
        tried.update({variant: 1 / (1 + len(tried)) for variant in variants})  # so the lowest rate is the best so far

    def scores(experiment: str, head: str, folder: Path | None = None) -> dict[float, float]:
        names = {rate: search.named(head, rate) for rate in search.GRID}
        return {rate: tried[name] for rate, name in names.items() if name in tried}

    monkeypatch.setattr(heads, "run_all", run_all)
    monkeypatch.setattr(search, "run_all", run_all)
    monkeypatch.setattr(search, "scores", scores)
    heads.main()
    assert asked[-1] == ("heads", ())
    assert [name for name, _ in asked[:-1]] == ["heads_rates"] * 6
    assert asked[1] == ("heads_rates", ("priors_rate_0.001",))


def test_the_study_s_rows_are_corrected_among_themselves() -> None:
    found = [each for each in table.rows() if each["experiment"] == "heads"]
    assert [each["question"] for each in found] == [finding.sentence for finding in HEADS]
    assert {each["family"] for each in found} == {"heads"}
    plan = (Path(table.__file__).parents[1] / "PLAN.md").read_text(encoding="utf-8")
    assert all(f"`{arm}`" in plan for arm in heads.VARIANTS)

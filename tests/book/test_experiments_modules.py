"""What the experiments' modules build beside the package: other losses, mirrored answers, equal sizes, eight bits."""

from pathlib import Path

import pytest
import torch
from torch import nn
from torchvision import tv_tensors
from torchvision.ops import box_iou

from book.experiments.comparisons import (
    blood_cells,
    few_pictures,
    labels_judged,
    matching,
    pictures,
    proposal_free,
    speed,
)
from book.experiments.parts import chain, mirrored, pretraining, relabelled, rivals
from book.experiments.parts.common import SIDE, shapes
from dsod_lite import dsod_tiny
from dsod_lite.datasets import DataError
from dsod_lite.detector.loss import MultiBoxLoss

SHARED = Path(__file__).parents[3] / "shared/datasets"


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


# matching


def some_answers(model, pictures=6):
    torch.manual_seed(0)
    dataset = shapes(pictures)
    boxes = [dataset[i][1]["boxes"] / 64 for i in range(pictures)]
    labels = [dataset[i][1]["labels"] for i in range(pictures)]
    priors = len(model.priors)
    return torch.randn(pictures, priors, 4), torch.randn(pictures, priors, 7), model.priors, boxes, labels


@pytest.mark.parametrize(("threshold", "ratio"), [(0.4, 3.0), (0.6, 1.0)])
def test_the_forced_loss_is_the_package_s(threshold, ratio):
    model = matching.build(match_threshold=threshold, negatives_per_positive=ratio)
    answers = some_answers(model)
    theirs = MultiBoxLoss(threshold, negatives_per_positive=ratio)(*answers)
    torch.testing.assert_close(model.loss(*answers), theirs)


def test_without_force_an_object_may_get_no_prior():
    iou = torch.tensor([[[0.6, 0.3, 0.1], [0.2, 0.35, 0.0]]])  # the second object is below the threshold everywhere
    forced, unforced = (matching.OtherLoss(0.5, force, False, 3.0) for force in (True, False))
    assert forced.match(iou).tolist() == [[0, 1, -1]]
    assert unforced.match(iou).tolist() == [[0, -1, -1]]


def test_focal_loss_by_hand():
    # One prior that answers for an object, one for background. Scores of one half: each cross-entropy is log 2.
    loss = matching.OtherLoss(0.5, True, True, 3.0)
    priors = torch.tensor([[0.3, 0.3, 0.2, 0.2], [0.8, 0.8, 0.2, 0.2]])
    logits = torch.zeros(1, 2, 2)
    losses = loss(torch.zeros(1, 2, 4), logits, priors, [torch.tensor([[0.2, 0.2, 0.4, 0.4]])], [torch.tensor([1])])
    assert losses["bbox_regression"].item() == pytest.approx(0, abs=1e-6)
    by_hand = (0.25 + 0.75) * 0.5**2 * torch.log(torch.tensor(2.0))
    assert losses["classification"].item() == pytest.approx(by_hand.item())


def test_before_training_with_focal_loss_all_is_background():
    model = matching.build(focal=True).eval()
    with torch.no_grad():
        for conv in model.network.head.logits:
            conv[0].weight.zero_()  # what the biases alone say
        scores = model.network(torch.zeros(1, 3, SIDE, SIDE))[1].softmax(dim=2)
    assert scores[..., 0].mean().item() == pytest.approx(0.99)


def test_as_many_official_centres_outside_as_at_300():
    official, spaced = (matching.with_steps(**matching.VARIANTS[f"centres_{name}"]) for name in ("official", "map"))
    assert official.config.map_sizes == (19, 10, 5, 3, 2)
    assert (official.priors[:, :2] > 1).any(dim=1).sum() == 126
    assert (spaced.priors[:, :2] < 1).all()
    assert len(official.priors) == len(spaced.priors)


# few pictures


def test_strong_augmentation_changes_hues_and_keeps_boxes():
    picture = tv_tensors.Image(torch.stack([torch.full((40, 40), value, dtype=torch.uint8) for value in (200, 30, 30)]))
    boxes = tv_tensors.BoundingBoxes([[0.0, 0.0, 40.0, 40.0]], format="XYXY", canvas_size=(40, 40))
    torch.manual_seed(0)
    green_is_blue = []
    for _ in range(20):
        image, target = few_pictures.strong_augmentation(32)(picture, {"boxes": boxes, "labels": torch.tensor([1])})
        assert (image.shape, image.dtype) == ((3, 32, 32), torch.float32)
        assert target["boxes"].tolist() == [[0, 0, 32, 32]]
        green_is_blue.append(torch.equal(image[1], image[2]))
    assert not all(green_is_blue)


# pictures, pretraining


def test_chain_and_dense_blocks_are_of_one_size():
    torch.manual_seed(0)
    plain, dense = chain.chain(), dsod_tiny(image_size=SIDE)
    assert parameters(plain) == pytest.approx(parameters(dense), rel=0.001)
    batch = torch.rand(2, 3, SIDE, SIDE)
    for ours, theirs in zip(plain.network(batch), dense.network(batch), strict=True):
        assert ours.shape == theirs.shape
    losses = plain(*zip(*(shapes(2)[i] for i in range(2)), strict=True))
    torch.stack(list(losses.values())).sum().backward()
    assert all(p.grad is not None for p in plain.parameters()), "a layer that was replaced is not part of the network"


@pytest.mark.parametrize("share", [1, 0.5])
def test_as_many_steps_whatever_the_number_of_pictures(share):
    epochs = share * pictures.EPOCHS
    steps = [pictures.passes(epochs, number) * (number // 16) for number in pictures.PICTURES]
    assert max(steps) < 1.05 * min(steps)


def test_pretraining_moves_the_body_and_nothing_else(monkeypatch):
    cut_out = pretraining.cut_out(40)
    monkeypatch.setattr(pretraining, "cut_out", lambda pictures: cut_out)
    torch.manual_seed(0)
    model = dsod_tiny(image_size=64)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    said = pretraining.pretrain(model, steps=2, seed=0, held_out=20)
    assert 0 <= said["accuracy"] <= 1
    moved = {name.split(".")[1] for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {"stem", *(f"block{i}" for i in range(1, 5)), *(f"transition{i}" for i in range(1, 4))}


def test_a_gift_is_the_seeds_own_detector_with_a_classifiers_body(monkeypatch):
    cut_out = pretraining.cut_out(600)
    monkeypatch.setattr(pretraining, "cut_out", lambda pictures: cut_out)
    weights, said = pictures.gift(seed=3, steps=2)
    assert said["pretrain_steps"] == 2
    torch.manual_seed(3)
    own = dsod_tiny(image_size=SIDE).state_dict()
    assert torch.equal(weights["network.head.offsets.0.0.weight"], own["network.head.offsets.0.0.weight"])
    assert not torch.equal(weights["network.stem.0.0.weight"], own["network.stem.0.0.weight"])


def test_cut_out_shapes_fill_their_pictures():
    crops, labels = pretraining.cut_out(40)
    assert crops.shape[1:] == (3, SIDE, SIDE)
    assert crops.dtype == torch.uint8
    assert len(crops) == len(labels)
    assert labels.min() >= 0
    assert labels.max() <= 5


# rivals


@pytest.mark.parametrize("make", [rivals.small_ssd, rivals.small_faster_rcnn])
def test_without_normalisation_means_without(make):
    kinds = (nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm)
    bare, normalised = make(7, 64, normalised=False), make(7, 64, normalised=True)
    assert not [module for module in bare.modules() if isinstance(module, kinds) or "Norm2d" in type(module).__name__]
    assert [module for module in normalised.modules() if isinstance(module, kinds)]
    assert all(p.requires_grad for p in normalised.parameters())
    assert parameters(bare) == pytest.approx(parameters(normalised), rel=0.01)


@pytest.mark.parametrize("make", [rivals.small_ssd, rivals.small_faster_rcnn])
@pytest.mark.parametrize("normalised", [True, False])
def test_rivals_learn_in_all_their_layers(make, normalised):
    torch.manual_seed(0)
    model = make(7, 64, normalised).train()
    losses = model(*zip(*(shapes(8)[i] for i in range(8)), strict=True))
    loss = torch.stack(list(losses.values())).sum()
    assert loss.isfinite()
    loss.backward()
    assert all(p.grad is not None for p in model.parameters())


def test_the_small_ssd_has_dsod_s_priors():
    ssd, dsod = rivals.small_ssd(7, 64, normalised=True).eval(), dsod_tiny(image_size=64)
    maps = list(ssd.backbone(torch.rand(1, 3, 64, 64)).values())
    assert tuple(m.shape[-1] for m in maps) == dsod.config.map_sizes
    count = sum(m.shape[-1] ** 2 * n for m, n in zip(maps, dsod.config.priors.per_cell, strict=True))
    assert count == len(dsod.priors)


def test_every_model_of_proposal_free_has_a_rate():
    assert set(proposal_free.RATES) == set(proposal_free.MODELS)


# blood_cells


def test_mirrored_answers_by_a_network_that_knows_where_things_are():
    """Its answers follow the picture's brightness cell by cell, so they have to be turned back with the picture."""
    config = dsod_tiny(4, 64).config

    class Bright(nn.Module):
        def forward(self, batch):
            offsets, logits = [], []
            for side, priors in zip(config.map_sizes, config.priors.per_cell, strict=True):
                cells = nn.functional.adaptive_avg_pool2d(batch[:, :1], side).flatten(1)  # [B, side²]
                kinds = torch.arange(1, 1 + priors)  # each prior of a cell answers something else
                each = (cells[:, :, None] * kinds).flatten(1)
                logits.append(torch.stack([each, 2 * each, 3 * each, 4 * each], dim=2))
                offsets.append(torch.stack([0 * each, 0 * each, each, -each], dim=2))
            return torch.cat(offsets, dim=1), torch.cat(logits, dim=1)

    batch = torch.rand(2, 3, 64, 64)
    for ours, theirs in zip(mirrored.Mirrored(Bright(), config)(batch), Bright()(batch), strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize(("axes", "turned"), [([3], (-1, 1)), ([2], (1, -1)), ([2, 3], (-1, -1))])
def test_mirrored_shifts_change_their_direction(axes, turned):
    config = dsod_tiny(4, 64).config
    priors = len(dsod_tiny(4, 64).priors)
    network = nn.Module()
    network.forward = lambda batch: (torch.ones(1, priors, 4), torch.zeros(1, priors, 4))
    offsets, _ = mirrored.Mirrored(network, config).answer(torch.zeros(1, 3, 64, 64), axes)
    assert offsets[0].unique(dim=0).tolist() == [[*turned, 1, 1]]


def test_what_counts_as_unlabelled():
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 10], [9, 9, 19, 19], [50, 50, 60, 60]])
    found = {"boxes": boxes, "labels": torch.tensor([1, 2, 1, 1])}
    target = {"boxes": torch.tensor([[1.0, 1, 11, 11]]), "labels": torch.tensor([1])}
    assert box_iou(boxes[2:3], target["boxes"]).item() < blood_cells.BARELY
    assert blood_cells.is_unlabelled(found, target).tolist() == [False, True, True, True]
    empty = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)}
    assert blood_cells.is_unlabelled(found, empty).all()
    assert blood_cells.is_unlabelled({"boxes": empty["boxes"], "labels": empty["labels"]}, target).tolist() == []


def test_resampled_pictures_spread_as_a_coin_does():
    """One object a picture, found surely in half of the pictures and else not at all: AP50 is the share that is found.

    Of 100 throws of a coin 95 % lie within 1.96 · 5 of 50.
    """
    box, no = torch.tensor([[0.0, 0, 9, 9]]), torch.zeros(0, 4)
    one, none = torch.ones(1, dtype=torch.int64), torch.zeros(0, dtype=torch.int64)
    found = {"boxes": box, "labels": one, "scores": torch.ones(1)}
    missed = {"boxes": no, "labels": none, "scores": torch.zeros(0)}
    targets = [{"boxes": box, "labels": one}] * 100
    low, high = blood_cells.resampled([found, missed] * 50, targets, 2)
    assert low == pytest.approx(0.402, abs=0.025)
    assert high == pytest.approx(0.598, abs=0.025)
    assert blood_cells.resampled([found] * 100, targets, 2, times=10) == [1, 1]


def test_second_labels_by_hand(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("1 0.5 0.5 0.25 0.5\n0 0.9 0.5 0.4 0.2\n")
    target = relabelled.read_labels(path, (640, 480), ("Platelets", "RBC", "WBC"))
    assert target["boxes"].tolist() == [[240, 120, 400, 360], pytest.approx([448, 192, 640, 288])]  # cut at the edge
    assert target["labels"].tolist() == [2, 3]
    for line in ("3 0.5 0.5 0.1 0.1", "1 0.5 0.5 0.1", "RBC 1 1 2 2", "1 0.5 0.5 0.1 0.1 0.9"):
        path.write_text(f"0 0.5 0.5 0.2 0.2\n{line}\n")
        with pytest.raises(DataError, match=f"a.txt: line 2: '{line}'"):
            relabelled.read_labels(path, (640, 480), ("Platelets", "RBC", "WBC"))


def test_partners_by_hand():
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 10], [40, 40, 50, 50]])
    own = {"boxes": boxes, "labels": torch.tensor([1, 2, 1])}
    other = {"boxes": torch.tensor([[0.0, 0, 10, 20]]), "labels": torch.tensor([1])}  # IoU 0.5 with the first two
    assert labels_judged.partnered([own], [other], ("a", "b")) == {"a": 1, "b": 0}
    assert labels_judged.partnered([other], [own], ("a", "b")) == {"a": 1, "b": 0}
    assert labels_judged.partnered([own], [{key: value[:0] for key, value in other.items()}], ("a", "b")) == {
        "a": 0,
        "b": 0,
    }


@pytest.mark.skipif(not (SHARED / "bccd_relabelled").is_dir(), reason=f"the photographs are not at {SHARED}")
def test_the_photographs_that_were_labelled_twice(monkeypatch):
    monkeypatch.setenv("DSOD_LITE_BCCD", str(SHARED / "bccd"))
    monkeypatch.delenv("DSOD_LITE_BCCD_RELABELLED", raising=False)  # then it is looked for beside the first
    first, second = (relabelled.TwiceLabelled("test", labels) for labels in ("first", "second"))
    assert first.names == second.names
    assert len(first) == 40
    counts = [labels_judged.count([t["labels"] for t in each.targets], each.classes) for each in (first, second)]
    assert counts == [{"Platelets": 31, "RBC": 434, "WBC": 38}, {"Platelets": 37, "RBC": 926, "WBC": 43}]
    image, target = second[3]
    assert image.shape == (3, 480, 640)
    assert target["image_id"] == 3
    monkeypatch.setenv("DSOD_LITE_BCCD_RELABELLED", "nowhere")
    with pytest.raises(FileNotFoundError, match=r"nowhere.*download bccd_relabelled"):
        relabelled.TwiceLabelled("test", "second")


def test_without_photographs_the_error_says_how_to_get_them(monkeypatch, tmp_path):
    monkeypatch.setenv("DSOD_LITE_BCCD", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match=r"nowhere.*download bccd"):
        blood_cells.folder()


# speed


def test_multiply_adds_by_hand():
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 4, 1))
    assert speed.multiply_adds(network, torch.rand(1, 3, 10, 10)) == 100 * (3 * 8 * 9 + 8 * 4)


def test_eight_bits_answer_about_the_same(tmp_path):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    case = speed.ours(speed.shipped())
    batches = [case.prepare(shapes(4)[i][0]) for i in range(4)]
    files = [tmp_path / "float.onnx", tmp_path / "int8.onnx"]
    case.write(files[0])
    speed.quantize(files[0], files[1], batches)
    assert files[1].stat().st_size < files[0].stat().st_size / 2
    with torch.no_grad():
        expected = case.network(batches[0])
    for tolerance, file in ((1e-3, files[0]), (0.3, files[1])):
        for answer, values in zip(speed.engine(file)(batches[0]), expected, strict=True):
            assert (answer - values).square().mean().sqrt() < tolerance * values.std()

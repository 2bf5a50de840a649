"""The multibox loss: by hand, against torchvision's SSD, and in the cases where losses go wrong."""

import math
from random import Random
from types import SimpleNamespace

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.ssd import SSD
from torchvision.ops import box_convert, box_iou

from dsod_lite.detector.loss import MultiBoxLoss, mine_hard_negatives
from dsod_lite.detector.matching import match
from dsod_lite.detector.priors import PriorConfig, prior_boxes

Batch = tuple[Tensor, Tensor, Tensor, list[Tensor], list[Tensor]]

# ---- by hand ----------------------------------------------------------------------------------------------

# Four quarters of the picture and a small square in its middle.
PRIORS = torch.tensor(
    [
        [0.25, 0.25, 0.5, 0.5],
        [0.75, 0.25, 0.5, 0.5],
        [0.25, 0.75, 0.5, 0.5],
        [0.75, 0.75, 0.5, 0.5],
        [0.5, 0.5, 0.2, 0.2],
    ]
)
# One object, of class 2, is the first quarter: IoU 1, 0, 0, 0 and 0.01 / 0.28.
BOX, LABEL = torch.tensor([[0.0, 0.0, 0.5, 0.5]]), torch.tensor([2])
NOTHING = torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64)
# Smooth L1 of the first prior: 0.5 * 0.5² + (2 - 0.5) = 1.625. The others' offsets do not count.
OFFSETS = torch.tensor([[0.5, -2.0, 0.0, 0.0]] + [[7.0] * 4] * 4)
# Softmax, and the cross-entropy that counts:
LOGITS = torch.tensor(
    [
        [1, 1, 2],  # of 4: class 2 has 1/2, ln 2; as background it would be ln 4
        [2, 1, 1],  # of 4: background 1/2, ln 2
        [1, 6, 1],  # of 8: background 1/8, ln 8, the hardest
        [1, 1, 1],  # of 3: background 1/3, ln 3
        [8, 1, 1],  # of 10: background 8/10, ln 1.25, the easiest
    ]
).log()


def one(loss: MultiBoxLoss) -> tuple[float, float]:
    losses = loss(OFFSETS[None], LOGITS[None], PRIORS, [BOX], [LABEL])
    return losses["bbox_regression"].item(), losses["classification"].item()


def test_one_object_by_hand() -> None:
    # One positive, so the three hardest negatives: ln 2 + (ln 8 + ln 3 + ln 2).
    assert one(MultiBoxLoss()) == pytest.approx((1.625, math.log(96)))


@pytest.mark.parametrize(("ratio", "product"), [(0, 2), (1, 16), (2, 48), (3, 96), (4, 120), (100, 120)])
def test_the_ratio_of_negatives_by_hand(ratio: float, product: float) -> None:
    assert one(MultiBoxLoss(negatives_per_positive=ratio)) == pytest.approx((1.625, math.log(product)))


def test_two_objects_divide_by_two() -> None:
    boxes = torch.cat([BOX, torch.tensor([[0.5, 0.0, 1.0, 0.5]])])  # the second quarter, class 1: of 4, 1/4
    losses = MultiBoxLoss()(OFFSETS[None], LOGITS[None], PRIORS, [boxes], [torch.tensor([2, 1])])
    # Six negatives are wanted, three are there.
    assert losses["bbox_regression"].item() == pytest.approx((1.625 + 4 * 6.5) / 2)
    assert losses["classification"].item() == pytest.approx((math.log(2 * 4) + math.log(8 * 3 * 1.25)) / 2)


@pytest.mark.parametrize(("min_negatives", "product"), [(0, 1), (1, 8), (2, 32), (5, 240), (99, 240)])
def test_a_picture_without_objects_by_hand(min_negatives: int, product: float) -> None:
    # A second picture with the same answers and no object. Its hardest: ln 8, ln 4, ln 3, ln 2, ln 1.25.
    # The first picture has its three negatives anyway, or all four.
    first = 96 if min_negatives <= 3 else 120
    losses = MultiBoxLoss(min_negatives=min_negatives)(
        OFFSETS.expand(2, -1, -1), LOGITS.expand(2, -1, -1), PRIORS, [BOX, NOTHING[0]], [LABEL, NOTHING[1]]
    )
    assert losses["bbox_regression"].item() == pytest.approx(1.625)
    assert losses["classification"].item() == pytest.approx(math.log(first * product))


def test_what_the_gradient_reaches() -> None:
    offsets, logits = OFFSETS[None].clone().requires_grad_(), LOGITS[None].clone().requires_grad_()
    losses = MultiBoxLoss()(offsets, logits, PRIORS, [BOX], [LABEL])
    sum(losses.values()).backward()
    assert offsets.grad is not None
    assert logits.grad is not None
    # Smooth L1: 0.5 where it is a parabola, the sign where it is a line. Only the positive.
    assert offsets.grad[0].tolist() == [[0.5, -1, 0, 0]] + [[0] * 4] * 4
    # Softmax minus target, but nothing for the easiest negative.
    expected = torch.tensor([[1 / 4, 1 / 4, -1 / 2], [-1 / 2, 1 / 4, 1 / 4], [-7 / 8, 6 / 8, 1 / 8]])
    torch.testing.assert_close(logits.grad[0, :3], expected)
    torch.testing.assert_close(logits.grad[0, 3], torch.tensor([-2 / 3, 1 / 3, 1 / 3]))
    assert logits.grad[0, 4].tolist() == [0, 0, 0]


# ---- mining -----------------------------------------------------------------------------------------------


@given(
    st.integers(0, 10**6),
    st.integers(1, 4),
    st.integers(1, 30),
    st.integers(0, 5),
    st.integers(0, 6),
    st.booleans(),
)
def test_mining(seed: int, batch: int, priors: int, ratio: int, at_least: int, ties: bool) -> None:
    generator = torch.Generator().manual_seed(seed)
    losses = torch.rand(batch, priors, generator=generator)
    if ties:
        losses = (3 * losses).round()
    positive = torch.rand(batch, priors, generator=generator) < torch.rand(batch, 1, generator=generator)
    negative = mine_hard_negatives(losses, positive, ratio, at_least)
    assert negative.shape == positive.shape
    assert not (negative & positive).any()
    for loss, pos, neg in zip(losses, positive, negative, strict=True):
        available = int((~pos).sum())
        assert int(neg.sum()) == min(available, max(ratio * int(pos.sum()), at_least))
        left = ~pos & ~neg
        if neg.any() and left.any():
            assert loss[neg].min() >= loss[left].max()


def test_mining_by_hand() -> None:
    losses = torch.tensor([[5.0, 1, 4, 3, 2], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]])
    positive = torch.tensor([[True, False, False, False, False], [False] * 5, [True, True, False, False, False]])
    assert mine_hard_negatives(losses, positive, 2, 1).int().tolist() == [
        [0, 0, 1, 1, 0],  # one positive: two negatives, the hardest that are not positive
        [0, 0, 0, 0, 1],  # none, so the least
        [0, 0, 1, 1, 1],  # two positives want four, three are left
    ]


def test_mining_has_no_gradient_of_its_own() -> None:
    losses = torch.rand(1, 4, requires_grad=True)
    assert not mine_hard_negatives(losses, torch.zeros(1, 4, dtype=torch.bool), 3, 2).requires_grad


# ---- against torchvision ----------------------------------------------------------------------------------


def random_batch(seed: int, counts: list[int], num_classes: int = 4) -> Batch:
    """Offsets, logits, 160 priors, and for each picture as many objects as `counts` says."""
    generator = torch.Generator().manual_seed(seed)
    priors = prior_boxes(PriorConfig((20, 50), (35, 80), ((2,), (2,))), (6, 2), 100)
    boxes, labels = [], []
    for count in counts:
        cxcywh = torch.rand(count, 4, generator=generator)
        cxcywh[:, 2:] = 0.05 + 0.4 * cxcywh[:, 2:]
        boxes.append(box_convert(cxcywh, "cxcywh", "xyxy"))
        labels.append(torch.randint(1, num_classes, (count,), generator=generator))
    offsets = 2 * torch.randn(len(counts), len(priors), 4, generator=generator)
    logits = 2 * torch.randn(len(counts), len(priors), num_classes, generator=generator)
    return offsets, logits, priors, boxes, labels


counts_of_objects = st.lists(st.integers(1, 6), min_size=1, max_size=4)


def torchvision_loss(batch: Batch, matched: list[Tensor]) -> dict[str, Tensor]:
    offsets, logits, priors, boxes, labels = batch
    ssd = SimpleNamespace(box_coder=BoxCoder((10.0, 10.0, 5.0, 5.0)), neg_to_pos_ratio=3)
    return SSD.compute_loss(
        ssd,  # type: ignore[arg-type]
        [{"boxes": b, "labels": c} for b, c in zip(boxes, labels, strict=True)],
        {"bbox_regression": offsets, "cls_logits": logits},
        [box_convert(priors, "cxcywh", "xyxy")] * len(boxes),
        matched,
    )


@given(st.integers(0, 10**6), counts_of_objects)
def test_loss_equals_torchvision(seed: int, counts: list[int]) -> None:
    batch = random_batch(seed, counts)
    offsets, logits, priors, boxes, labels = batch
    corners = box_convert(priors, "cxcywh", "xyxy")
    matched = [match(box_iou(b, corners)[None], 0.5)[0] for b in boxes]
    # Where there are not three negatives for each positive, torchvision counts positives a second time.
    assume(all(4 * int((m >= 0).sum()) <= len(priors) for m in matched))
    losses = MultiBoxLoss(0.5)(offsets, logits, priors, boxes, labels)
    torch.testing.assert_close(losses, torchvision_loss(batch, matched), rtol=1e-4, atol=1e-4)


def test_where_torchvision_counts_positives_twice() -> None:
    objects = box_convert(PRIORS[:2], "cxcywh", "xyxy")
    batch = (OFFSETS[None], LOGITS[None], PRIORS, [objects], [torch.tensor([2, 1])])
    matched = [torch.tensor([0, 1, -1, -1, -1])]
    theirs = torchvision_loss(batch, matched)["classification"].item()
    ours = MultiBoxLoss()(*batch)["classification"].item()
    negatives = math.log(8 * 3 * 1.25)
    assert ours == pytest.approx((math.log(2 * 4) + negatives) / 2)
    assert theirs == pytest.approx(
        (2 * math.log(2 * 4) + negatives) / 2
    )  # six wanted, three there, two positives again


# ---- properties -------------------------------------------------------------------------------------------


@given(
    st.integers(0, 10**6),
    st.lists(st.integers(0, 6), min_size=1, max_size=4),
    st.randoms(use_true_random=False),
)
def test_the_order_of_pictures_and_objects_does_not_matter(seed: int, counts: list[int], random: Random) -> None:
    offsets, logits, priors, boxes, labels = random_batch(seed, counts)
    loss = MultiBoxLoss(min_negatives=3)
    order = random.sample(range(len(counts)), len(counts))
    turned = [torch.tensor(random.sample(range(n), n), dtype=torch.int64) for n in counts]
    torch.testing.assert_close(
        loss(
            offsets[order],
            logits[order],
            priors,
            [boxes[i][turned[i]] for i in order],
            [labels[i][turned[i]] for i in order],
        ),
        loss(offsets, logits, priors, boxes, labels),
    )


@given(st.integers(0, 10**6), counts_of_objects)
def test_a_batch_is_the_sum_of_its_pictures(seed: int, counts: list[int]) -> None:
    # (Σ losses) / (Σ positives): pictures do not see each other, in matching and mining alike.
    offsets, logits, priors, boxes, labels = random_batch(seed, counts)
    corners = box_convert(priors, "cxcywh", "xyxy")
    loss = MultiBoxLoss()
    positives, sums = 0, torch.zeros(2)
    for i in range(len(counts)):
        n = int((match(box_iou(boxes[i], corners)[None]) >= 0).sum())
        alone = loss(offsets[i : i + 1], logits[i : i + 1], priors, boxes[i : i + 1], labels[i : i + 1])
        positives += n
        sums += n * torch.stack(list(alone.values()))
    together = torch.stack(list(loss(offsets, logits, priors, boxes, labels).values()))
    torch.testing.assert_close(together, sums / positives, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("min_negatives", [0, 4])
@pytest.mark.parametrize("pictures", [1, 3])
def test_nothing_in_any_picture(min_negatives: int, pictures: int) -> None:
    offsets, logits, priors, boxes, labels = random_batch(0, [0] * pictures)
    offsets.requires_grad_()
    logits.requires_grad_()
    losses = MultiBoxLoss(min_negatives=min_negatives)(offsets, logits, priors, boxes, labels)
    sum(losses.values()).backward()
    assert losses["bbox_regression"] == 0
    assert losses["classification"].isfinite()
    assert offsets.grad is not None
    assert not offsets.grad.any()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert int(logits.grad.any(dim=2).sum()) == min_negatives * pictures


def test_an_object_that_touches_no_prior_is_no_positive() -> None:
    far = torch.tensor([[5.0, 5.0, 6.0, 6.0]])
    losses = MultiBoxLoss()(OFFSETS[None], LOGITS[None], PRIORS, [far], [LABEL])
    assert {k: v.item() for k, v in losses.items()} == {"bbox_regression": 0, "classification": 0}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(dtype: torch.dtype) -> None:
    offsets, logits, priors, boxes, labels = random_batch(0, [3, 0, 2])
    offsets, logits = offsets.to(dtype).requires_grad_(), logits.to(dtype).requires_grad_()
    losses = MultiBoxLoss()(offsets, logits, priors, boxes, labels)
    assert all(loss.dtype == torch.float32 for loss in losses.values())
    torch.testing.assert_close(losses, MultiBoxLoss()(offsets.float(), logits.float(), priors, boxes, labels))
    sum(losses.values()).backward()
    assert offsets.grad is not None
    assert logits.grad is not None
    assert offsets.grad.dtype == logits.grad.dtype == dtype
    assert offsets.grad.isfinite().all()
    assert logits.grad.isfinite().all()


def test_extreme_answers_and_tiny_boxes_stay_finite() -> None:
    offsets, logits, priors, boxes, labels = random_batch(0, [2])
    boxes[0][0] = torch.tensor([0.5, 0.5, 0.500001, 0.500001])
    offsets, logits = (1e6 * offsets).requires_grad_(), (1e6 * logits).requires_grad_()
    losses = MultiBoxLoss()(offsets, logits, priors, boxes, labels)
    sum(losses.values()).backward()
    assert all(loss.isfinite() for loss in losses.values())
    assert offsets.grad is not None
    assert offsets.grad.isfinite().all()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def regression(boxes: list[list[float]], threshold: float) -> float:
    """The regression loss of offsets 0 for these objects."""
    loss = MultiBoxLoss(threshold)
    labels = torch.ones(len(boxes), dtype=torch.int64)
    losses = loss(torch.zeros(1, 5, 4), LOGITS[None], PRIORS, [torch.tensor(boxes)], [labels])
    return losses["bbox_regression"].item()


def cost(centre: float, width: float, prior_centre: float) -> float:
    """Smooth L1 of a box against a quarter that is as high as the box; both its offsets are beyond 1."""
    shift, scale = (centre - prior_centre) / 0.5 / 0.1, math.log(width / 0.5) / 0.2
    return abs(shift) - 0.5 + abs(scale) - 0.5


def test_the_object_that_overlaps_more_has_the_prior() -> None:
    # Two objects in the first quarter, IoU 0.6 and 0.4, and nothing else that they touch.
    boxes = [[0.0, 0.0, 0.3, 0.5], [0.0, 0.0, 0.2, 0.5]]
    assert regression(boxes, 0.5) == pytest.approx(cost(0.15, 0.3, 0.25), rel=1e-5)
    assert regression(boxes[::-1], 0.5) == pytest.approx(cost(0.15, 0.3, 0.25), rel=1e-5)


def test_the_threshold_is_heard() -> None:
    # One object over the first quarter (IoU 0.5 / 0.7) and a part of the second (IoU 0.1 / 0.5).
    box = [[0.0, 0.0, 0.7, 0.5]]
    first, second = cost(0.35, 0.7, 0.25), cost(0.35, 0.7, 0.75)
    assert regression(box, 0.5) == pytest.approx(first, rel=1e-5)
    assert regression(box, 0.19) == pytest.approx((first + second) / 2, rel=1e-5)

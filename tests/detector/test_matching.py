"""Matching: by hand, against a greedy loop, and against torchvision's SSDMatcher where both agree."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.models.detection._utils import SSDMatcher
from torchvision.ops import box_convert, box_iou

from dsod_lite.detector.matching import NO_OVERLAP, match
from dsod_lite.detector.priors import PriorConfig, prior_boxes


def matched(iou: list[list[float]], threshold: float = 0.5) -> list[int]:
    """`match` for one picture."""
    answer = match(torch.tensor(iou)[None], threshold)
    assert answer.dtype == torch.int64
    return answer[0].tolist()


def greedy(iou: Tensor, threshold: float) -> list[int]:
    """Caffe's rule for one picture [M, P], a pair at a time: the oracle for "bipartite".

    Of equal overlaps the one with the first prior is served first, then the one with the first object.
    """
    objects, priors = iou.shape
    owner, served = [-1] * priors, set()
    while True:
        pairs = [
            (iou[m, p].item(), -p, -m)
            for m in range(objects)
            for p in range(priors)
            if m not in served and owner[p] < 0 and iou[m, p] > NO_OVERLAP
        ]
        if not pairs:
            break
        _, p, m = max(pairs)
        p, m = -p, -m
        owner[p] = m
        served.add(m)
    for p in range(priors):
        if owner[p] < 0 and objects:
            m = max(range(objects), key=lambda m: iou[m, p].item())
            if iou[m, p] >= threshold:
                owner[p] = m
    return owner


@st.composite
def distinct_ious(draw: st.DrawFn, max_objects: int = 7, max_priors: int = 12, overlap_all: bool = False) -> Tensor:
    """[M, P] between 0 and 1, no value above 0 twice, so that every rule has one answer."""
    objects, priors = draw(st.integers(1, max_objects)), draw(st.integers(1, max_priors))
    order = torch.tensor(draw(st.permutations(range(objects * priors)))).reshape(objects, priors)
    zeros = 0 if overlap_all else draw(st.integers(0, objects * priors))
    return ((order + 1 - zeros).clamp(min=0) / (objects * priors)).double()


# ---- by hand ----------------------------------------------------------------------------------------------


def test_two_objects_want_the_same_prior() -> None:
    iou = [
        [0.6, 0.3, 0.0],
        [0.7, 0.2, 0.1],
    ]
    # The second object overlaps prior 0 more and gets it; the first takes the best that is left, prior 1.
    assert matched(iou) == [1, 0, -1]


def test_the_larger_overlap_is_served_first_in_whichever_order_they_stand() -> None:
    iou = [
        [0.7, 0.2, 0.1],
        [0.6, 0.3, 0.0],
    ]
    assert matched(iou) == [0, 1, -1]


def test_the_largest_overlap_is_served_first_not_the_largest_sum() -> None:
    # 0.9 + 0.1 is less than 0.8 + 0.8, but 0.9 is the largest overlap.
    assert matched([[0.9, 0.8], [0.8, 0.1]]) == [0, 1]


def test_an_objects_own_prior_is_not_taken_from_it_by_the_threshold() -> None:
    # Object 1 gets prior 0. Prior 1 is left for object 0, though object 1 overlaps it more, and enough.
    assert matched([[0.6, 0.3], [0.7, 0.65]]) == [1, 0]


def test_losing_a_chain_of_priors() -> None:
    # Every object likes prior 0 best and prior 1 second; the last one served is left with its third choice.
    iou = [
        [0.50, 0.40, 0.30, 0.0],
        [0.70, 0.60, 0.10, 0.0],
        [0.90, 0.80, 0.20, 0.0],
    ]
    assert matched(iou) == [2, 1, 0, -1]


def test_the_threshold_itself_is_enough() -> None:
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    priors = torch.tensor([[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.5], [0.0, 0.0, 1.0, 0.499]])
    iou = box_iou(boxes, priors)
    assert iou[0, 1] == 0.5
    assert match(iou[None], 0.5)[0].tolist() == [0, 0, -1]


def test_an_object_that_touches_nothing_stays_alone() -> None:
    assert matched([[0.0, 0.0, 0.0]]) == [-1, -1, -1]
    assert matched([[0.0, 0.0, 0.0], [0.2, 0.1, 0.0]]) == [1, -1, -1]
    assert matched([[0.2, 0.1, 0.0], [0.0, 0.0, 0.0]]) == [0, -1, -1]
    assert matched([[NO_OVERLAP / 2, 0.0]]) == [-1, -1]
    assert matched([[0.0, NO_OVERLAP * 2]]) == [-1, 0]


def test_of_equal_overlaps_the_first_prior_is_taken() -> None:
    # A small object inside several priors of one size, beside a second object or not.
    small = [0.0] * 100 + [0.2] * 50 + [0.0] * 50
    for others in ([], [[0.1] * 10 + [0.0] * 190], [[0.0] * 150 + [0.3] * 50] * 7):
        assert matched([small, *others]).index(0) == 100


def test_equal_overlaps_are_shared_out_in_order() -> None:
    assert matched([[0.2, 0.2, 0.2, 0.2]] * 3) == [0, 1, 2, -1]


def test_more_objects_than_priors() -> None:
    assert matched([[0.3, 0.1], [0.4, 0.2], [0.35, 0.25]]) == [1, 2]


def test_no_objects() -> None:
    answer = match(torch.zeros(2, 0, 5), 0.5)
    assert answer.tolist() == [[-1] * 5] * 2
    assert answer.dtype == torch.int64


# ---- oracles ----------------------------------------------------------------------------------------------


@given(distinct_ious(), st.floats(0.01, 1))
def test_bipartite_equals_the_greedy_loop(iou: Tensor, threshold: float) -> None:
    assert match(iou[None], threshold)[0].tolist() == greedy(iou, threshold)


@given(st.integers(0, 10**6), st.integers(1, 12))
def test_bipartite_equals_the_greedy_loop_on_boxes(seed: int, objects: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    config = PriorConfig((20, 60), (40, 90), ((2,), (2,)))
    priors = box_convert(prior_boxes(config, (3, 1), 100), "cxcywh", "xyxy")
    cxcywh = torch.rand(objects, 4, generator=generator, dtype=torch.float64)
    cxcywh[:, 2:] = 0.02 + 0.5 * cxcywh[:, 2:].square()  # mostly small: many want the same prior
    iou = box_iou(box_convert(cxcywh, "cxcywh", "xyxy"), priors.double())
    assert match(iou[None])[0].tolist() == greedy(iou, 0.5)


@st.composite
def coarse_ious(draw: st.DrawFn) -> Tensor:
    """[M, P] of few different values: ties everywhere."""
    objects, priors = draw(st.integers(1, 6)), draw(st.integers(1, 8))
    values = st.sampled_from([0.0, 0.25, 0.5, 0.75])
    return torch.tensor(draw(st.lists(values, min_size=objects * priors, max_size=objects * priors))).reshape(
        objects, priors
    )


@given(coarse_ious(), st.sampled_from([0.25, 0.5, 0.6, 1.0]))
def test_bipartite_equals_the_greedy_loop_when_overlaps_are_equal(iou: Tensor, threshold: float) -> None:
    assert match(iou[None], threshold)[0].tolist() == greedy(iou, threshold)


@given(distinct_ious(overlap_all=True))
def test_every_object_has_a_prior_of_its_own(iou: Tensor) -> None:
    objects, priors = iou.shape
    partner = match(iou[None], 1.1)[0]  # nothing but the first step
    assert sorted(partner[partner >= 0].tolist()) == sorted(set(partner[partner >= 0].tolist()))
    assert int((partner >= 0).sum()) == min(objects, priors)


def test_where_torchvision_differs() -> None:
    # An object that overlaps nothing gets the first prior there, wherever that prior is; here it gets none.
    iou = torch.tensor([[0.0, 0.0, 0.0]])
    assert SSDMatcher(0.5)(iou).tolist() == [0, -1, -1]
    assert match(iou[None], 0.5)[0].tolist() == [-1, -1, -1]
    # Pictures without objects are an error of the matcher there (the model goes around it).
    with pytest.raises(ValueError, match="No ground-truth boxes"):
        SSDMatcher(0.5)(torch.zeros(0, 3))
    assert match(torch.zeros(1, 0, 3), 0.5)[0].tolist() == [-1, -1, -1]


# ---- batches ----------------------------------------------------------------------------------------------


@given(st.lists(distinct_ious() | coarse_ious(), min_size=1, max_size=4), st.floats(0.01, 1), st.integers(0, 3))
def test_padding_and_company_change_nothing(pictures: list[Tensor], threshold: float, more: int) -> None:
    priors = min(iou.shape[1] for iou in pictures)
    pictures = [iou[:, :priors] for iou in pictures]
    batch = torch.full((len(pictures) + 1, max(len(iou) for iou in pictures) + more, priors), -1.0).double()
    for row, iou in zip(batch, pictures, strict=False):  # the last picture has no objects at all
        row[: len(iou)] = iou
    before = batch.clone()
    together = match(batch, threshold)
    assert torch.equal(batch, before), "the input is left alone"
    for answer, iou in zip(together, pictures, strict=False):
        assert torch.equal(answer, match(iou[None], threshold)[0])
    assert together[-1].tolist() == [-1] * priors

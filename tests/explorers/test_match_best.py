"""The rule of many ports, which the matching explorer shows beside ours: by hand, and against torchvision's matcher."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.models.detection._utils import SSDMatcher

from dsod_lite.explorers.matching import match_best


def matched(iou: list[list[float]]) -> list[int]:
    return match_best(torch.tensor(iou), 0.5).tolist()


def test_the_later_object_overwrites_even_when_it_overlaps_less() -> None:
    assert matched([[0.6, 0.3, 0.0], [0.7, 0.2, 0.1]]) == [1, -1, -1]
    assert matched([[0.7, 0.2, 0.1], [0.6, 0.3, 0.0]]) == [1, -1, -1]


def test_an_overwritten_object_keeps_what_the_threshold_gives_it() -> None:
    assert matched([[0.7, 0.6], [0.4, 0.0]]) == [1, 0]


def test_who_touches_nothing_has_nothing() -> None:
    assert matched([[0.0, 0.0, 0.0], [0.2, 0.1, 0.0]]) == [1, -1, -1]
    assert match_best(torch.zeros(0, 3), 0.5).tolist() == [-1, -1, -1]


@st.composite
def distinct(draw: st.DrawFn) -> Tensor:
    """[M, P] above 0, no value twice, so that the rule has one answer."""
    objects, priors = draw(st.integers(1, 7)), draw(st.integers(1, 12))
    order = torch.tensor(draw(st.permutations(range(objects * priors)))).reshape(objects, priors)
    return (order + 1).double() / (objects * priors)


@given(distinct(), st.floats(0, 1))
def test_it_is_torchvisions_where_every_object_overlaps_something(iou: Tensor, threshold: float) -> None:
    assert match_best(iou, threshold).tolist() == SSDMatcher(threshold)(iou).tolist()


def test_where_torchvision_differs() -> None:
    assert SSDMatcher(0.5)(torch.zeros(1, 3)).tolist() == [0, -1, -1]  # an object that overlaps nothing has the first
    assert matched([[0.0, 0.0, 0.0]]) == [-1, -1, -1]
    with pytest.raises(ValueError, match="No ground-truth boxes"):
        SSDMatcher(0.5)(torch.zeros(0, 3))

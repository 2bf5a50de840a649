"""Offsets: by hand, against their inverse, and against torchvision's BoxCoder."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.models.detection._utils import BoxCoder
from torchvision.ops import box_convert

from dsod_lite.detector.boxes import decode, encode

# torchvision's weights are the reciprocals of the variances 0.1, 0.1, 0.2, 0.2.
TORCHVISION = BoxCoder(weights=(10.0, 10.0, 5.0, 5.0))

centre = st.floats(-0.5, 1.5, width=32)
size = st.floats(1 / 256, 2, width=32)
cxcywh = st.tuples(centre, centre, size, size)


def test_encode_by_hand() -> None:
    # The prior is 0.2 wide and 0.4 high around (0.5, 0.5). The box has its centre 0.1 further right, half
    # a prior's width, and 0.04 higher, a tenth of its height; it is twice as wide and half as high.
    prior = torch.tensor([0.5, 0.5, 0.2, 0.4])
    box = torch.tensor([0.4, 0.36, 0.8, 0.56])
    expected = torch.tensor([0.5 / 0.1, -0.1 / 0.1, math.log(2) / 0.2, -math.log(2) / 0.2])
    torch.testing.assert_close(encode(box, prior), expected)
    torch.testing.assert_close(decode(expected, prior), box)


def test_the_prior_itself_has_offsets_0() -> None:
    prior = torch.tensor([0.5, 0.25, 0.25, 0.5])
    corners = box_convert(prior, "cxcywh", "xyxy")
    assert encode(corners, prior).tolist() == [0, 0, 0, 0]
    assert torch.equal(decode(torch.zeros(4), prior), corners)


def test_decoded_boxes_are_not_clipped() -> None:
    prior = torch.tensor([0.0, 1.0, 0.5, 0.5])
    assert decode(torch.tensor([-10.0, 10.0, 0, 0]), prior).tolist() == [-0.75, 1.25, -0.25, 1.75]


@given(cxcywh, cxcywh)
def test_decode_inverts_encode(box: tuple[float, ...], prior: tuple[float, ...]) -> None:
    # In double precision, because only the algebra is in question.
    corners = box_convert(torch.tensor(box, dtype=torch.float64), "cxcywh", "xyxy")
    prior_box = torch.tensor(prior, dtype=torch.float64)
    torch.testing.assert_close(decode(encode(corners, prior_box), prior_box), corners, rtol=1e-9, atol=1e-9)


@given(st.tuples(*[st.floats(-20, 20, width=32)] * 4), cxcywh)
def test_encode_inverts_decode(offsets: tuple[float, ...], prior: tuple[float, ...]) -> None:
    expected, prior_box = torch.tensor(offsets, dtype=torch.float64), torch.tensor(prior, dtype=torch.float64)
    torch.testing.assert_close(encode(decode(expected, prior_box), prior_box), expected, rtol=1e-7, atol=1e-7)


@given(st.lists(st.tuples(cxcywh, cxcywh), min_size=1, max_size=5))
def test_encode_equals_torchvision(pairs: list[tuple[tuple[float, ...], tuple[float, ...]]]) -> None:
    boxes, priors = torch.tensor(pairs, dtype=torch.float64).unbind(dim=1)
    corners = box_convert(boxes, "cxcywh", "xyxy")
    expected = TORCHVISION.encode_single(corners, box_convert(priors, "cxcywh", "xyxy"))
    torch.testing.assert_close(encode(corners, priors), expected, rtol=1e-7, atol=1e-7)


# torchvision cuts the logarithm of a size ratio at log(1000 / 16), an offset of 20.7; up to there they agree.
@given(st.lists(st.tuples(st.tuples(*[st.floats(-20, 20, width=32)] * 4), cxcywh), min_size=1, max_size=5))
def test_decode_equals_torchvision_within_its_clamp(
    pairs: list[tuple[tuple[float, ...], tuple[float, ...]]],
) -> None:
    offsets, priors = torch.tensor(pairs, dtype=torch.float64).unbind(dim=1)
    expected = TORCHVISION.decode_single(offsets, box_convert(priors, "cxcywh", "xyxy"))
    torch.testing.assert_close(decode(offsets, priors), expected, rtol=1e-7, atol=1e-7)


def test_large_sizes_are_not_cut_as_in_torchvision() -> None:
    prior = torch.tensor([[0.5, 0.5, 0.1, 0.1]])
    offsets = torch.tensor([[0.0, 0.0, 25.0, 25.0]])
    width = decode(offsets, prior)[0, 2] - decode(offsets, prior)[0, 0]
    assert width.item() == pytest.approx(0.1 * math.exp(5))
    cut = TORCHVISION.decode_single(offsets, box_convert(prior, "cxcywh", "xyxy"))[0]
    assert (cut[2] - cut[0]).item() == pytest.approx(0.1 * 1000 / 16)


def test_boxes_and_priors_broadcast() -> None:
    generator = torch.Generator().manual_seed(0)
    boxes = box_convert(torch.rand(3, 1, 4, generator=generator) + 0.1, "cxcywh", "xyxy")  # 3 boxes, each against ...
    priors = torch.rand(5, 4, generator=generator) + 0.1  # ... 5 priors
    table = encode(boxes, priors)
    assert table.shape == (3, 5, 4)
    for i in range(3):
        for j in range(5):
            torch.testing.assert_close(table[i, j], encode(boxes[i, 0], priors[j]))
    torch.testing.assert_close(decode(table, priors), boxes.expand(3, 5, 4))


def test_no_boxes() -> None:
    assert encode(torch.zeros(0, 4), torch.zeros(0, 4)).shape == (0, 4)
    assert decode(torch.zeros(0, 4), torch.zeros(0, 4)).shape == (0, 4)

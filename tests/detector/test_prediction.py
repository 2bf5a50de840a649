"""From maps to offsets and logits: structure, L2 norm, and the order of the head's answers."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dsod_lite.detector.blocks import norm_relu_conv
from dsod_lite.detector.prediction import DensePrediction, L2Norm, MultiBoxHead, PlainPrediction
from dsod_lite.detector.priors import PriorConfig, prior_boxes

CHANNELS = (512, 512, 256, 256, 256)


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_dense_prediction_of_dsod300() -> None:
    with torch.device("meta"):
        prediction = DensePrediction(800, 1568, CHANNELS)
        maps = prediction(torch.empty(1, 800, 38, 38), torch.empty(1, 1568, 19, 19))
    assert [tuple(m.shape[1:]) for m in maps] == [
        (800, 38, 38),
        (512, 19, 19),
        (512, 10, 10),
        (256, 5, 5),
        (256, 3, 3),
        (256, 2, 2),
    ]
    assert prediction.out_channels == [800, 512, 512, 256, 256, 256]
    assert parameters(prediction.transition) == 404_544
    assert parameters(prediction.reuse[0]) == 206_400
    scales = zip(prediction.reuse[1:], prediction.learn, strict=True)
    assert [parameters(r) + parameters(n) for r, n in scales] == [854_528, 280_832, 214_272, 214_272]


def test_what_a_dense_map_is_made_of() -> None:
    prediction = DensePrediction(8, 12, (8, 6, 4)).eval()
    first, backbone = randn(1, 8, 9, 9), randn(1, 12, 5, 5, seed=1)
    maps = prediction(first, backbone)
    assert torch.equal(maps[0], first)
    # The second map: learned from the backbone, then taken over from the first map.
    torch.testing.assert_close(maps[1][:, :4], prediction.transition(backbone))
    torch.testing.assert_close(maps[1][:, 4:], prediction.reuse[0](first))
    # The others: taken over, then learned, both from the map before.
    for i in (2, 3):
        half = maps[i].shape[1] // 2
        torch.testing.assert_close(maps[i][:, :half], prediction.reuse[i - 1](maps[i - 1]))
        torch.testing.assert_close(maps[i][:, half:], prediction.learn[i - 2](maps[i - 1]))


def test_plain_prediction_is_a_chain_of_the_same_shapes() -> None:
    with torch.device("meta"):
        first, backbone = torch.empty(1, 800, 38, 38), torch.empty(1, 1568, 19, 19)
        dense, plain = (kind(800, 1568, CHANNELS) for kind in (DensePrediction, PlainPrediction))
        assert [m.shape for m in plain(first, backbone)] == [m.shape for m in dense(first, backbone)]
    assert plain.out_channels == dense.out_channels

    plain = PlainPrediction(8, 12, (8, 6)).eval()
    first, backbone = randn(1, 8, 9, 9), randn(1, 12, 5, 5, seed=1)
    after, elsewhere = plain(first, backbone), plain(2 * first, backbone)
    assert torch.equal(after[2], elsewhere[2]), "nothing of the first map is used in the others"


def test_l2norm_by_hand() -> None:
    norm = L2Norm(2)
    assert norm.scale.tolist() == [20, 20]
    with torch.no_grad():
        norm.scale.copy_(torch.tensor([10.0, 20.0]))
    # Two cells side by side. (3, 4) has length 5: (0.6 * 10, 0.8 * 20). (0, -2): (0, -1 * 20).
    x = torch.tensor([[[[3.0, 0.0]], [[4.0, -2.0]]]])
    torch.testing.assert_close(norm(x), torch.tensor([[[[6.0, 0.0]], [[16.0, -20.0]]]]))


def test_l2norm_of_a_dead_cell_is_0_and_differentiable() -> None:
    x = torch.zeros(1, 4, 1, 1, requires_grad=True)
    y = L2Norm(4)(x)
    y.sum().backward()
    assert y.abs().sum() == 0
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_l2norm_epsilon_stands_inside_the_root() -> None:
    # Length sqrt(1e-10 + 1e-10), not 1e-5 + 1e-10.
    y = L2Norm(1)(torch.full((1, 1, 1, 1), 1e-5, dtype=torch.float64))
    assert y.item() == pytest.approx(20 / math.sqrt(2), rel=1e-4)


@pytest.mark.parametrize(("num_classes", "logits"), [(21, 2_444_652), (81, 9_429_372)], ids=["VOC", "COCO"])
def test_head_of_dsod300(num_classes: int, logits: int) -> None:
    with torch.device("meta"):
        head = MultiBoxHead([800, *CHANNELS], (4, 6, 6, 6, 4, 4), num_classes)
    assert parameters(head.norm) == 2_592
    assert parameters(head.offsets) == 465_648
    assert parameters(head.logits) == logits


def test_head_is_made_of_normal_convolutions_with_their_own_epsilon() -> None:
    torch.manual_seed(0)
    head = MultiBoxHead([64, 32], (4, 6), num_classes=11)
    convolutions = [m for m in head.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 4
    assert all(conv.bias is None for conv in convolutions)
    assert [m.eps for m in head.modules() if isinstance(m, nn.BatchNorm2d)] == [1e-3] * 4

    weights = torch.cat([conv.weight.flatten() for conv in convolutions])  # 60 thousand
    assert weights.mean().item() == pytest.approx(0, abs=3e-4)
    assert weights.std().item() == pytest.approx(0.01, rel=0.02)
    # Normal: 4.6 % lie further out than two standard deviations (of a uniform distribution none would).
    assert (weights.abs() > 0.02).float().mean().item() == pytest.approx(0.0455, abs=0.005)


def small_head() -> tuple[MultiBoxHead, list[Tensor], Tensor]:
    """A head of two maps, 4x4 with 4 priors a cell and 2x2 with 6; the maps; the priors."""
    torch.manual_seed(0)
    config = PriorConfig((10, 20), (20, 40), ((2,), (2, 3)))
    head = MultiBoxHead([5, 7], config.per_cell, num_classes=3).eval()
    return head, [randn(2, 5, 4, 4), randn(2, 7, 2, 2, seed=1)], prior_boxes(config, (4, 2), 40)


def test_head_answers_once_for_every_prior() -> None:
    head, maps, priors = small_head()
    offsets, logits = head(maps)
    assert offsets.shape == (2, 4 * 16 + 6 * 4, 4)
    assert logits.shape == (2, 4 * 16 + 6 * 4, 3)
    assert len(priors) == offsets.shape[1]


@pytest.mark.parametrize(("index", "side"), [(0, 4), (1, 2)])
def test_a_cell_reaches_the_priors_around_it_and_no_others(index: int, side: int) -> None:
    head, maps, priors = small_head()
    owner = torch.tensor([0] * 64 + [1] * 24)  # which map a prior belongs to
    before = head(maps)
    for row in range(side):
        for column in range(side):
            changed_maps = [m.clone() for m in maps]
            changed_maps[index][0, :, row, column] += 1
            # A prior's cell, from where the prior is in the picture.
            cell = (priors[:, :2] * side).long()
            near = (owner == index) & ((cell - torch.tensor([column, row])).abs() <= 1).all(dim=1)
            for answer, old in zip(head(changed_maps), before, strict=True):
                changed = (answer != old).any(dim=2)
                assert torch.equal(changed[0], near)
                assert not changed[1].any(), "another picture of the batch"


@pytest.mark.parametrize(("index", "start", "stop", "per_cell"), [(0, 0, 64, 4), (1, 64, 88, 6)])
def test_the_values_of_a_prior_lie_side_by_side_in_the_head(index: int, start: int, stop: int, per_cell: int) -> None:
    # Channels [values * j, values * (j + 1)) belong to a cell's prior j: without them it alone answers 0.
    for shape in range(per_cell):
        head, maps, _ = small_head()
        with torch.no_grad():
            head.offsets[index][0].weight[4 * shape : 4 * (shape + 1)] = 0
            head.logits[index][0].weight[3 * shape : 3 * (shape + 1)] = 0
        silent = torch.zeros(88, dtype=torch.bool)
        silent[start + shape : stop : per_cell] = True
        for answer in head(maps):
            assert torch.equal((answer == 0).all(dim=2), silent.expand(2, -1))


def test_head_reads_normed_maps() -> None:
    head, maps, _ = small_head()
    for answer, old in zip(head([7 * m for m in maps]), head(maps), strict=True):
        torch.testing.assert_close(answer, old)  # L2 norm: the length of a cell's vector has no effect


def test_maps_and_channels_have_to_fit() -> None:
    head, maps, _ = small_head()
    with pytest.raises(ValueError, match="shorter"):
        head(maps[:1])


def test_prediction_units_are_pre_activation() -> None:
    prediction: Any = DensePrediction(8, 12, (8, 6))
    expected = [type(part) for part in norm_relu_conv(1, 1, 1)]
    assert [type(part) for part in prediction.transition[0]] == expected
    assert isinstance(prediction.reuse[0][0], nn.MaxPool2d), "pooled first, then 1x1"
    assert [type(part) for part in prediction.reuse[0][1]] == expected
    assert [[part[2].kernel_size, part[2].stride] for part in prediction.learn[0]] == [
        [(1, 1), (1, 1)],
        [(3, 3), (2, 2)],
    ]

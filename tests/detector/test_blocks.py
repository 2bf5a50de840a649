"""The backbone's parts: sizes, widths, parameters and the order of what they do."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from dsod_lite.detector.blocks import (
    STEMS,
    DenseBlock,
    DenseLayer,
    Stem,
    Transition,
    TransitionWithoutPooling,
    conv_norm_relu,
    max_pool,
    norm_relu_conv,
)

Shape = tuple[int, int, int]


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def shape_of(module: nn.Module, *shape: int) -> tuple[int, ...]:
    """What comes out for an input of this shape, on the meta device: nothing is computed."""
    return tuple(module.eval().to("meta")(torch.empty(shape, device="meta")).shape)


# The authors' DSOD300, stage by stage: input shape, output shape, learnable parameters.
STAGES: list[tuple[Callable[[], nn.Module], Shape, Shape, int]] = [
    (lambda: Stem(64), (3, 300, 300), (128, 75, 75), 112_832),
    (lambda: DenseBlock(128, 6, 192, 48), (128, 75, 75), (416, 75, 75), 788_640),
    (lambda: Transition(416, 416), (416, 75, 75), (416, 38, 38), 173_888),
    (lambda: DenseBlock(416, 8, 192, 48), (416, 38, 38), (800, 38, 38), 1_572_992),
    (lambda: TransitionWithoutPooling(800, 800), (800, 38, 38), (800, 38, 38), 641_600),
    (max_pool, (800, 38, 38), (800, 19, 19), 0),
    (lambda: DenseBlock(800, 8, 192, 48), (800, 19, 19), (1184, 19, 19), 2_168_960),
    (lambda: TransitionWithoutPooling(1184, 1184), (1184, 19, 19), (1184, 19, 19), 1_404_224),
    (lambda: DenseBlock(1184, 8, 192, 48), (1184, 19, 19), (1568, 19, 19), 2_764_928),
    (lambda: TransitionWithoutPooling(1568, 256), (1568, 19, 19), (256, 19, 19), 404_544),
]


@pytest.mark.parametrize(("build", "before", "after", "count"), STAGES)
def test_stages_of_dsod300(build: Callable[[], nn.Module], before: Shape, after: Shape, count: int) -> None:
    with torch.device("meta"):
        stage = build()
    assert parameters(stage) == count
    assert shape_of(stage, 2, *before) == (2, *after)
    assert getattr(stage, "out_channels", after[0]) == after[0]


def test_pooling_keeps_the_odd_last_row_and_column() -> None:
    # 0 1 2      the last row and column are pooled by themselves
    # 3 4 5  ->  4 5
    # 6 7 8      7 8
    x = torch.arange(9.0).reshape(1, 1, 3, 3)
    assert max_pool()(x).tolist() == [[[[4, 5], [7, 8]]]]
    assert max_pool()(torch.ones(1, 1, 1, 1)).shape == (1, 1, 1, 1)


@given(st.integers(1, 400))
def test_every_stem_quarters_the_side_rounded_up(side: int) -> None:
    for stem in (make(2) for make in STEMS.values()):
        assert stem.out_channels == 4
        assert shape_of(stem, 1, 3, side, side) == (1, 4, -(-side // 4), -(-side // 4))


def test_a_dense_layer_keeps_its_input_and_appends() -> None:
    layer = DenseLayer(6, bottleneck=5, growth_rate=4).eval()
    x = torch.randn(2, 6, 7, 7, generator=torch.Generator().manual_seed(0))
    before = x.clone()
    y = layer(x)
    assert y.shape == (2, 10, 7, 7)
    assert torch.equal(y[:, :6], before), "the old channels come first and unchanged"
    assert torch.equal(x, before), "the in-place ReLU must not reach the input"
    torch.testing.assert_close(y[:, 6:], layer.grow(layer.squeeze(x)))


def test_dense_layers_read_everything_before_them() -> None:
    block = DenseBlock(3, layers=3, bottleneck=4, growth_rate=2)
    assert [layer.squeeze[0].num_features for layer in block] == [3, 5, 7]
    assert block.out_channels == 9


def test_a_dense_layer_by_hand() -> None:
    # 1x1, 2 channels to 1: twice the first channel minus the second. 3x3, 1 to 1: the sum of the nine.
    # BatchNorm in evaluation mode, untrained and with epsilon 0, does nothing.
    layer = DenseLayer(2, bottleneck=1, growth_rate=1).eval()
    for module in layer.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 0.0
    with torch.no_grad():
        layer.squeeze[2].weight.copy_(torch.tensor([2.0, -1.0]).reshape(1, 2, 1, 1))
        layer.grow[2].weight.fill_(1)
    first = torch.tensor([[1.0, -5.0], [0.0, 2.0]])  # ReLU: 1 0 / 0 2
    second = torch.tensor([[1.0, 1.0], [1.0, 1.0]])
    # 1x1: 2 * 1 - 1 = 1, 0 - 1 = -1, -1, 2 * 2 - 1 = 3. ReLU: 1 0 / 0 3. Every 3x3 sees all four: 4.
    y = layer(torch.stack([first, second])[None])
    assert y[0, 2].tolist() == [[4, 4], [4, 4]]


@pytest.mark.parametrize(
    ("build", "order"),
    [
        (norm_relu_conv, (nn.BatchNorm2d, nn.ReLU, nn.Conv2d)),
        (conv_norm_relu, (nn.Conv2d, nn.BatchNorm2d, nn.ReLU)),
    ],
)
@pytest.mark.parametrize(("kernel_size", "stride"), [(1, 1), (3, 1), (3, 2), (7, 2)])
def test_convolutions(
    build: Callable[..., nn.Sequential], order: tuple[type[nn.Module], ...], kernel_size: int, stride: int
) -> None:
    unit = build(3, 5, kernel_size, stride)
    assert tuple(type(part) for part in unit) == order
    conv = next(part for part in unit if isinstance(part, nn.Conv2d))
    norm = next(part for part in unit if isinstance(part, nn.BatchNorm2d))
    assert conv.bias is None
    assert norm.eps == 1e-5
    for side in (6, 7):
        assert shape_of(unit, 1, 3, side, side) == (1, 5, -(-side // stride), -(-side // stride))


def test_gradients_reach_the_input_through_every_layer() -> None:
    block = DenseBlock(4, layers=3, bottleneck=4, growth_rate=3)
    x = torch.randn(2, 4, 5, 5, generator=torch.Generator().manual_seed(0), requires_grad=True)
    newest: Tensor = block(x)[:, -3:]  # only what the last layer adds
    newest.sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0
    assert all(layer.grow[2].weight.grad.abs().sum() > 0 for layer in block)

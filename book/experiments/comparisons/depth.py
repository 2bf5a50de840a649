"""Depth: how deep may the dense blocks be, and plain or residual chains in their place, before learning suffers?

The paper's second principle is deep supervision: through the skips of a dense block every layer hears the loss
directly, as if it had a judge of its own (section 3.1). It gives no table of that. Here `dsod_tiny`'s four blocks are
made of `plain`, `residual` or `dense` layers, 15, 30 or 60 of them. Each layer is a 1×1 and a 3×3, of nearly as many
parameters in each kind. All else is the same, and so are the maps that the head reads. Compared is AP50. As a plain
chain might only want a lower learning rate, `plain_30_slower` has it at a third.
"""

from typing import Any

from torch import Tensor, nn

from dsod_lite import DSOD, dsod_tiny
from dsod_lite.detector.blocks import DenseBlock, norm_relu_conv

from ..parts.blocks import replace_blocks, with_other_blocks
from ..parts.common import SIDE, learn_shapes

EPOCHS = 3
MEASURE = "AP50"

KINDS = ("plain", "residual", "dense")
DEPTHS = {15: (3, 4, 4, 4), 30: (6, 8, 8, 8), 60: (12, 16, 16, 16)}
"""Layers in all, and in each of the four blocks."""
RATE = 0.03
VARIANTS: dict[str, tuple[str, int, float]] = {
    **{f"{kind}_{depth}": (kind, depth, RATE) for kind in KINDS for depth in DEPTHS},
    "plain_30_slower": ("plain", 30, RATE / 3),
}

WIDTH = 32
"""Channels that a block begins with; chains keep them, dense blocks add to them."""


class Residual(nn.Sequential):
    """Layers around which the input goes as well: x + layers(x)."""

    def forward(self, x: Tensor) -> Tensor:
        return x + super().forward(x)


class Chain(nn.Sequential):
    """Layers in a row, each a 1×1 to half the channels and a 3×3 back: [B, C, H, W] -> [B, C, H, W]."""

    def __init__(self, channels: int, layers: int, layer: type[nn.Sequential]) -> None:
        half = channels // 2
        super().__init__(
            *(layer(norm_relu_conv(channels, half, 1), norm_relu_conv(half, channels, 3)) for _ in range(layers))
        )
        self.out_channels = channels


def make_block(kind: str, layers: int) -> DenseBlock | Chain:
    """A block that begins with WIDTH channels."""
    if kind == "dense":
        return DenseBlock(WIDTH, layers, bottleneck=32, growth_rate=8)
    return Chain(WIDTH, layers, Residual if kind == "residual" else nn.Sequential)


def make_detector(kind: str, depth: int, num_classes: int = 7, image_size: int = SIDE) -> DSOD:
    """`dsod_tiny` with other blocks. Between them transitions bring every kind back to the same WIDTH."""
    model = dsod_tiny(num_classes, image_size, stem_channels=WIDTH // 2)
    blocks = [make_block(kind, layers) for layers in DEPTHS[depth]]
    return replace_blocks(model, blocks, [WIDTH] * 3, prediction_channels=(64, 64, 32, 32))


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One kind of blocks at one depth, trained and judged."""
    kind, depth, rate = VARIANTS[variant]
    return with_other_blocks(learn_shapes(make_detector(kind, depth), seed, epochs, learning_rate=rate))

"""A plain chain of `dsod_tiny`'s size, in its dense blocks' places."""

from itertools import pairwise

from torch import nn

from dsod_lite import DSOD, dsod_tiny
from dsod_lite.detector.blocks import norm_relu_conv

from .blocks import replace_blocks
from .common import SIDE

CHAIN_WIDTHS = (32, 40, 48, 56)
"""Channels of the chain's four blocks: 608,756 parameters in all, where `dsod_tiny` has 608,764."""


class ChainBlock(nn.Sequential):
    """Convolutions in a row, each reading the one before it alone: [B, C, H, W] -> [B, out_channels, H, W]."""

    def __init__(self, in_channels: int, out_channels: int, layers: int) -> None:
        super().__init__(*(norm_relu_conv(c, d, 3) for c, d in pairwise((in_channels, *[out_channels] * layers))))
        self.out_channels = out_channels


def chain() -> DSOD:
    """`dsod_tiny` at 96×96 with chains in the place of its dense blocks, one 3×3 for each dense layer."""
    model = dsod_tiny(image_size=SIDE)
    widths = (model.network.stem.out_channels, *CHAIN_WIDTHS)
    blocks = [ChainBlock(c, d, n) for (c, d), n in zip(pairwise(widths), model.config.block_layers, strict=True)]
    return replace_blocks(model, blocks, CHAIN_WIDTHS[:3], model.config.prediction_channels)

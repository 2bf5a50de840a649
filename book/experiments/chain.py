"""A plain chain of `dsod_tiny`'s size, in its dense blocks' places."""

import math
from itertools import pairwise

from torch import nn

from dsod_lite import DSOD, dsod_tiny
from dsod_lite.blocks import Transition, TransitionWithoutPooling, norm_relu_conv
from dsod_lite.prediction import DensePrediction, MultiBoxHead

from .common import SIDE

CHAIN_WIDTHS = (32, 40, 48, 56)
"""Channels of the chain's four blocks: 608,756 parameters in all, where `dsod_tiny` has 608,764."""


class ChainBlock(nn.Sequential):
    """Convolutions in a row, each reading the one before it alone: [B, C, H, W] -> [B, out_channels, H, W]."""

    def __init__(self, in_channels: int, out_channels: int, layers: int) -> None:
        super().__init__(*(norm_relu_conv(c, d, 3) for c, d in pairwise((in_channels, *[out_channels] * layers))))


def chain() -> DSOD:
    """`dsod_tiny` at 96×96 with chains in the place of its dense blocks, one 3×3 for each dense layer."""
    model = dsod_tiny(image_size=SIDE)
    config, network = model.config, model.network
    widths, layers = CHAIN_WIDTHS, config.block_layers
    network.block1 = ChainBlock(network.stem.out_channels, widths[0], layers[0])  # type: ignore[assignment]
    network.transition1 = Transition(widths[0], widths[0])
    network.block2 = ChainBlock(widths[0], widths[1], layers[1])  # type: ignore[assignment]
    network.transition2 = TransitionWithoutPooling(widths[1], widths[1])
    network.block3 = ChainBlock(widths[1], widths[2], layers[2])  # type: ignore[assignment]
    network.transition3 = TransitionWithoutPooling(widths[2], widths[2])
    network.block4 = ChainBlock(widths[2], widths[3], layers[3])
    network.prediction = DensePrediction(widths[1], widths[3], config.prediction_channels)
    for conv in network.modules():
        if isinstance(conv, nn.Conv2d):  # as in `Network`
            bound = math.sqrt(3 / (conv.in_channels * conv.kernel_size[0] * conv.kernel_size[1]))
            nn.init.uniform_(conv.weight, -bound, bound)
    network.head = MultiBoxHead(network.prediction.out_channels, config.priors.per_cell, config.num_classes)
    return model

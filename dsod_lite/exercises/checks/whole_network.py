"""Checks of the chapter on the whole network."""

from functools import cache

import torch
from torch import nn

from ...detector.blocks import DenseBlock
from ...detector.config import DSODConfig
from ...detector.model import DSOD
from ..judging import Function, call, equal


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@cache
def counted(config: DSODConfig) -> int:
    """Learnable parameters of that network."""
    with torch.device("meta"):
        return parameters(DSOD(config).network)


def exercise_1(count_block: Function) -> None:
    for channels, layers, bottleneck, growth in ((8, 1, 4, 2), (128, 6, 64, 16), (128, 6, 192, 48)):
        right = parameters(DenseBlock(channels, layers, bottleneck, growth))
        tried = f"count_block({channels}, {layers}, {bottleneck}, {growth})"
        each = 2 * channels + channels * bottleneck + 2 * bottleneck + 9 * bottleneck * growth
        read = sum(channels + i * growth for i in range(layers))
        slips = [
            (layers * each, "Each layer reads more than the one before it: c grows by k."),
            (
                read * bottleneck + layers * 9 * bottleneck * growth,
                "The convolutions are right. The BatchNorms are missing.",
            ),
            (
                right - read - layers * bottleneck,
                "A BatchNorm has two parameters for each channel, a factor and a shift.",
            ),
        ]
        hint = "For a layer: 2c + cB + 2B + 9Bk. For the next, c is larger by k."
        equal(call(count_block, channels, layers, bottleneck, growth, tried=tried), right, tried, hint, slips)


def exercise_2(dsod300_parameters: Function) -> None:
    for classes in (21, 81, 2):
        right = counted(DSODConfig(num_classes=classes))
        hint = "14,715,804 for 21 classes, and per prior of a cell 9c + 2 for each further class, over all six maps."
        tried = f"dsod300_parameters({classes})"
        equal(call(dsod300_parameters, classes, tried=tried), right, tried, hint)


def exercise_4(count_from_name: Function) -> None:
    for a, b, k in ((64, 192, 48), (64, 64, 16), (32, 12, 16)):
        right = counted(DSODConfig.from_name(f"DS/{a}-{b}-{k}-1"))
        hint = "Stem, four blocks, three transitions, two first maps, four steps, head with its L2 norms: which is off?"
        tried = f"count_from_name({a}, {b}, {k})"
        equal(call(count_from_name, a, b, k, tried=tried), right, tried, hint)

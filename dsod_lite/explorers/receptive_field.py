"""Receptive fields: which pixels a cell of a map depends on."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..detector.config import DSODConfig
from ..detector.model import DSOD
from ..detector.network import Network
from .predictions import in_evaluation


class ReceptiveField(NamedTuple):
    """Cell i of a map depends on the pixels from `start + i * step` to `start + i * step + size`, on each axis.

    Pixels of the network's input; where this reaches over the picture's edge, the part inside counts.
    """

    start: int
    step: int
    size: int


class _Reach(nn.Module):
    """In place of a convolution: the largest value under its window, in any channel."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        assert isinstance(conv.padding, tuple)  # and not the word "same"
        self.window = nn.MaxPool2d(conv.kernel_size, conv.stride, conv.padding)

    def forward(self, x: Tensor) -> Tensor:
        return self.window(x.amax(dim=1, keepdim=True))


def receptive_fields(config: DSODConfig) -> list[ReceptiveField]:
    """The theoretical receptive field of each map that the head reads, finest first.

    That is all that a cell could depend on, whatever the weights. It is found by sending positions through the network
    in place of colours: every convolution hands on the largest position under its window, as every max pooling does.
    What arrives in a cell is the position of the last pixel that it depends on; the first is found the same way, with
    the signs turned.
    """
    with torch.device("meta"):  # no memory for weights that nobody reads
        network = Network(config).eval()
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Conv2d):
                setattr(module, name, _Reach(child))
            elif isinstance(child, nn.BatchNorm2d | nn.ReLU):
                setattr(module, name, nn.Identity())
    # One row of pixels, long enough that the cells in the middle are far from both ends on the coarsest map too.
    position = torch.arange(8 * 2 ** len(config.prediction_channels) * 64, dtype=torch.float32).reshape(1, 1, 1, -1)
    last = [x.amax(dim=1).flatten() for x in network.maps(position)]
    first = [-x.amax(dim=1).flatten() for x in network.maps(-position)]
    fields = []
    for low, high in zip(first, last, strict=True):
        i = len(low) // 2
        step = int(low[i + 1] - low[i])
        fields.append(ReceptiveField(int(low[i]) - i * step, step, int(high[i] - low[i]) + 1))
    return fields


class EffectiveField(NamedTuple):
    """How much the pixels around a prior's centre move the answer of its cell, over some pictures and all channels."""

    strength: Tensor
    """float32 [64, 64], the strongest 1: a square of twice the input's side, with the prior's centre in the middle."""
    width: float
    """95 % of the squared gradient lie within so many pixels, if it falls off as a bell curve does."""


def effective_fields(model: DSOD, pictures: Sequence[Tensor]) -> list[EffectiveField]:
    """The effective receptive field of each map that the head reads, finest first.

    It is the gradient of one cell, on pictures laid side by side, so that no edge cuts a field off (Luo and others,
    "Understanding the effective receptive field in deep convolutional neural networks", NeurIPS 2016).

    Args:
        model: left as it is. The side of its input is a multiple of 32 and of each map's cells.
        pictures: [3, H, W], float in [0, 1]; 16, or a multiple of it.
    """
    network, side = in_evaluation(model).network, model.config.image_size
    grid = model.normalize(pictures).unflatten(0, (-1, 4, 4))
    sheet = grid.permute(0, 3, 1, 4, 2, 5).reshape(-1, 3, 4 * side, 4 * side).requires_grad_()
    fields = []
    for level in network.maps(sheet):
        cell, step = level.shape[-1] // 2, sheet.shape[-1] // level.shape[-1]
        (heard,) = torch.autograd.grad(level[..., cell, cell].sum(), sheet, retain_graph=True)
        start = cell * step + step // 2 - side
        energy = heard.square().sum(dim=(0, 1))[start : start + 2 * side, start : start + 2 * side]
        columns, share = torch.arange(2 * side) + 0.5, energy.sum(dim=0) / energy.sum()
        spread = (share * (columns - (share * columns).sum()) ** 2).sum().sqrt()
        strength = F.avg_pool2d(energy[None], side // 32)[0].sqrt()
        fields.append(EffectiveField(strength / strength.max(), 2 * 1.96 * spread.item()))
    return fields

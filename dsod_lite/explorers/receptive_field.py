"""Receptive fields: which pixels a cell of a map depends on."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..detector.config import DSODConfig
from ..detector.network import Network


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

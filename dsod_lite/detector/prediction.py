"""From two feature maps to six, and from these to offsets and logits (DSOD, section 3.1; principle 4)."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .blocks import TransitionWithoutPooling, max_pool, norm_relu_conv


class Downsample(nn.Sequential):
    """The half that a coarser feature map learns anew: 1x1, then 3x3 with stride 2."""

    def __init__(self, in_channels: int, mid_channels: int, out_channels: int) -> None:
        super().__init__(
            norm_relu_conv(in_channels, mid_channels, 1), norm_relu_conv(mid_channels, out_channels, 3, stride=2)
        )


class Reuse(nn.Sequential):
    """The half that a coarser feature map takes over: its finer neighbour, pooled, through a 1x1."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(max_pool(), norm_relu_conv(in_channels, out_channels, 1))


class DensePrediction(nn.Module):
    """Every feature map after the first is half learned and half taken over from the map before it.

    Takes the finest map [B, C1, H, W] and the backbone's last [B, C, H/2, W/2]; gives a list of maps, finest first,
    with C1 and then `channels` channels.
    """

    def __init__(self, first_channels: int, backbone_channels: int, channels: Sequence[int]) -> None:
        super().__init__()
        self.out_channels = [first_channels, *channels]
        halves = [c // 2 for c in channels]
        self.transition = TransitionWithoutPooling(backbone_channels, halves[0])
        self.reuse = nn.ModuleList(Reuse(c, h) for c, h in zip(self.out_channels, halves, strict=False))
        self.learn = nn.ModuleList(Downsample(c, h, h) for c, h in zip(channels, halves[1:], strict=False))

    def forward(self, first: Tensor, backbone: Tensor) -> list[Tensor]:
        # The second map's learned half comes from the backbone and stands first; in the others what is reused does.
        maps = [first, torch.cat([self.transition(backbone), self.reuse[0](first)], dim=1)]
        for reuse, learn in zip(self.reuse[1:], self.learn, strict=True):
            maps.append(torch.cat([reuse(maps[-1]), learn(maps[-1])], dim=1))
        return maps


class PlainPrediction(nn.Module):
    """SSD's chain: each feature map is learned from the one before, nothing is reused. Shapes as `DensePrediction`.

    The paper shows this structure (Figure 1, left) and gives its size, 18.2M parameters with DS/64-192-48-1, but not
    its widths, and dozens of them fit. Ours keeps the dense structure's maps, and a 1x1 as wide as the 3x3 after it:
    18.08M.
    """

    def __init__(self, first_channels: int, backbone_channels: int, channels: Sequence[int]) -> None:
        super().__init__()
        self.out_channels = [first_channels, *channels]
        self.transition = TransitionWithoutPooling(backbone_channels, channels[0])
        self.learn = nn.ModuleList(Downsample(c, d, d) for c, d in itertools.pairwise(channels))

    def forward(self, first: Tensor, backbone: Tensor) -> list[Tensor]:
        maps = [first, self.transition(backbone)]
        for learn in self.learn:
            maps.append(learn(maps[-1]))
        return maps


class L2Norm(nn.Module):
    """Every cell's channels scaled to length `scale`, which is learned for each channel: [B, C, H, W] -> the same.

    Source: ParseNet; weiliu89/caffe normalize_layer.cpp, which adds its epsilon inside the root.
    """

    def __init__(self, channels: int, scale: float = 20.0, eps: float = 1e-10) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((channels,), scale))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        length = (x.square().sum(dim=1, keepdim=True) + self.eps).sqrt()
        return x / length * self.scale[:, None, None]


class MultiBoxHead(nn.Module):
    """Two 3x3 convolutions a feature map, each with BatchNorm: for the offsets and for the class logits of its priors.

    Takes the list of maps [B, C_i, H_i, W_i]; gives offsets [B, P, 4] and logits [B, P, num_classes], priors in the
    order of `prior_boxes`. The BatchNorm with its own epsilon, in the place of a bias, is the authors'; ports often
    leave it out.
    """

    def __init__(self, in_channels: Sequence[int], priors_per_cell: Sequence[int], num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.norm = nn.ModuleList(L2Norm(c) for c in in_channels)
        pairs = list(zip(in_channels, priors_per_cell, strict=True))
        self.offsets = nn.ModuleList(self._convolution(c, 4 * n) for c, n in pairs)
        self.logits = nn.ModuleList(self._convolution(c, num_classes * n) for c, n in pairs)

    @staticmethod
    def _convolution(in_channels: int, out_channels: int) -> nn.Sequential:
        conv = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
        nn.init.normal_(conv.weight, std=0.01)
        return nn.Sequential(conv, nn.BatchNorm2d(out_channels, eps=1e-3))

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        normed = [norm(x) for norm, x in zip(self.norm, maps, strict=True)]
        offsets = [conv(x) for conv, x in zip(self.offsets, normed, strict=True)]
        logits = [conv(x) for conv, x in zip(self.logits, normed, strict=True)]
        return self._by_prior(offsets, 4), self._by_prior(logits, self.num_classes)

    @staticmethod
    def _by_prior(answers: list[Tensor], values: int) -> Tensor:
        """[B, n * values, H, W] for each map -> [B, P, values]: the values of a prior side by side."""
        return torch.cat([a.permute(0, 2, 3, 1).reshape(a.shape[0], -1, values) for a in answers], dim=1)

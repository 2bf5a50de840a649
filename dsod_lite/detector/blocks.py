"""The backbone's parts: the stem block, dense blocks and their transitions (DSOD, section 3.2; principles 2 and 3)."""

import torch
from torch import Tensor, nn


def norm_relu_conv(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> nn.Sequential:
    """BatchNorm, ReLU, convolution: the pre-activation order of DenseNet, in which all but DSOD's stem is built."""
    return nn.Sequential(
        nn.BatchNorm2d(in_channels),
        nn.ReLU(inplace=True),
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, bias=False),
    )


def conv_norm_relu(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> nn.Sequential:
    """Convolution, BatchNorm, ReLU: the order of the stem, which has nothing before it to normalise."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


def max_pool() -> nn.MaxPool2d:
    """2x2 max pooling that keeps the odd last row and column, as Caffe does: 75 -> 38, not 37."""
    return nn.MaxPool2d(2, stride=2, ceil_mode=True)


class Stem(nn.Sequential):
    """Three 3x3 convolutions and a pooling: [B, 3, S, S] -> [B, 2A, S/4, S/4] (Table 1; principle 3)."""

    def __init__(self, channels: int) -> None:
        super().__init__(
            conv_norm_relu(3, channels, 3, stride=2),
            conv_norm_relu(channels, channels, 3),
            conv_norm_relu(channels, 2 * channels, 3),
            max_pool(),
        )
        self.out_channels = 2 * channels


class DenseNetStem(nn.Sequential):
    """What DenseNet has in the stem's place: 7x7/2 and 3x3/2 pooling, [B, 3, S, S] -> [B, 2A, S/4, S/4]."""

    def __init__(self, channels: int) -> None:
        super().__init__(conv_norm_relu(3, 2 * channels, 7, stride=2), nn.MaxPool2d(3, stride=2, padding=1))
        self.out_channels = 2 * channels


STEMS: dict[str, type[Stem] | type[DenseNetStem]] = {"stem": Stem, "densenet": DenseNetStem}


class DenseLayer(nn.Module):
    """k new channels beside the old, by a skip connection: [B, C, H, W] -> [B, C + k, H, W], the input first."""

    def __init__(self, in_channels: int, bottleneck: int, growth_rate: int) -> None:
        super().__init__()
        self.squeeze = norm_relu_conv(in_channels, bottleneck, 1)
        self.grow = norm_relu_conv(bottleneck, growth_rate, 3)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.grow(self.squeeze(x))], dim=1)


class DenseBlock(nn.Sequential):
    """Dense layers in a row, each reading all that came before it: C -> C + layers * k channels (principle 2)."""

    def __init__(self, in_channels: int, layers: int, bottleneck: int, growth_rate: int) -> None:
        super().__init__(*(DenseLayer(in_channels + i * growth_rate, bottleneck, growth_rate) for i in range(layers)))
        self.out_channels = in_channels + layers * growth_rate


class TransitionWithoutPooling(nn.Sequential):
    """A 1x1 convolution between dense blocks that keeps the feature map's size: so more blocks can follow it."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(norm_relu_conv(in_channels, out_channels, 1))
        self.out_channels = out_channels


class Transition(nn.Sequential):
    """A 1x1 convolution, then pooling that halves the feature map: [B, C, H, W] -> [B, C', H/2, W/2], rounded up."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(norm_relu_conv(in_channels, out_channels, 1), max_pool())
        self.out_channels = out_channels

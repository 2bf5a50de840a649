"""The network: stem, dense blocks, prediction and head in a row, from a batch of pictures to offsets and logits."""

import math

from torch import Tensor, nn

from .blocks import STEMS, DenseBlock, Transition, TransitionWithoutPooling, max_pool
from .config import DSODConfig
from .prediction import DensePrediction, MultiBoxHead, PlainPrediction


class Network(nn.Module):
    """The convolutions: a normalised batch [B, 3, S, S] -> offsets [B, P, 4] and logits [B, P, num_classes].

    Nothing in here depends on the data, so it compiles and exports as it is.
    """

    def __init__(self, config: DSODConfig) -> None:
        super().__init__()

        def block(channels: int, index: int) -> DenseBlock:
            return DenseBlock(channels, config.block_layers[index], config.bottleneck, config.growth_rate)

        def keep(channels: int) -> int:
            return int(channels * config.compression)

        self.stem = STEMS[config.stem](config.stem_channels)
        self.block1 = block(self.stem.out_channels, 0)
        self.transition1 = Transition(self.block1.out_channels, keep(self.block1.out_channels))
        self.block2 = block(self.transition1.out_channels, 1)
        # Table 1's second transition, in two parts: the map before its pooling is the first that the head reads.
        self.transition2 = TransitionWithoutPooling(self.block2.out_channels, keep(self.block2.out_channels))
        first = self.transition2.out_channels
        self.pool = max_pool()
        self.block3 = block(first, 2)
        channels = self.block3.out_channels
        self.transition3: nn.Module = nn.Identity()
        self.block4: nn.Module = nn.Identity()
        if config.transition_without_pooling:
            self.transition3 = TransitionWithoutPooling(channels, keep(channels))
            last = block(keep(channels), 3)
            self.block4, channels = last, last.out_channels

        structure = DensePrediction if config.prediction == "dense" else PlainPrediction
        self.prediction = structure(first, channels, config.prediction_channels)
        initialize_weights(self)
        self.head = MultiBoxHead(self.prediction.out_channels, config.priors.per_cell, config.num_classes)

    def maps(self, batch: Tensor) -> list[Tensor]:
        """The feature maps that the head reads, finest first."""
        x = self.transition1(self.block1(self.stem(batch)))
        first = self.transition2(self.block2(x))
        last = self.block4(self.transition3(self.block3(self.pool(first))))
        return self.prediction(first, last)

    def forward(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        return self.head(self.maps(batch))


def initialize_weights(module: nn.Module) -> None:
    """Samples the weights that convolutions begin with, by Caffe's "xavier": uniform, with variance 1 / fan-in.

    That is not Glorot's: the fan-out has no part in it.
    """
    for conv in module.modules():
        if isinstance(conv, nn.Conv2d):
            bound = math.sqrt(3 / (conv.in_channels * conv.kernel_size[0] * conv.kernel_size[1]))
            nn.init.uniform_(conv.weight, -bound, bound)

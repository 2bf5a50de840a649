"""The network: stem, dense blocks, prediction and head in a row, from a batch of pictures to offsets and logits."""

import math

from torch import Tensor, nn

from .blocks import DenseBlock, DenseNetStem, Stem, Transition, TransitionWithoutPooling, max_pool
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

        def without_pooling(channels: int) -> nn.Module:
            if not config.transition_without_pooling:
                return nn.Identity()
            return TransitionWithoutPooling(channels, keep(channels))

        def width_after(transition: nn.Module, channels: int) -> int:
            return channels if isinstance(transition, nn.Identity) else keep(channels)

        self.stem = (Stem if config.stem == "stem" else DenseNetStem)(config.stem_channels)
        self.block1 = block(self.stem.out_channels, 0)
        self.transition1 = Transition(self.block1.out_channels, keep(self.block1.out_channels))
        self.block2 = block(self.transition1.out_channels, 1)
        self.transition2 = without_pooling(self.block2.out_channels)
        first = width_after(self.transition2, self.block2.out_channels)
        self.pool = max_pool()
        self.block3 = block(first, 2)
        self.transition3 = without_pooling(self.block3.out_channels)
        self.block4 = block(width_after(self.transition3, self.block3.out_channels), 3)

        structure = DensePrediction if config.prediction == "dense" else PlainPrediction
        self.prediction = structure(first, self.block4.out_channels, config.prediction_channels)
        for conv in self.modules():
            if isinstance(conv, nn.Conv2d):  # Caffe's "xavier", not Glorot's: the fan-out has no part in it
                bound = math.sqrt(3 / (conv.in_channels * conv.kernel_size[0] * conv.kernel_size[1]))
                nn.init.uniform_(conv.weight, -bound, bound)
        self.head = MultiBoxHead(self.prediction.out_channels, config.priors.per_cell, config.num_classes)

    def maps(self, batch: Tensor) -> list[Tensor]:
        """The maps that the head reads, finest first."""
        x = self.transition1(self.block1(self.stem(batch)))
        first = self.transition2(self.block2(x))
        last = self.block4(self.transition3(self.block3(self.pool(first))))
        return self.prediction(first, last)

    def forward(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        return self.head(self.maps(batch))

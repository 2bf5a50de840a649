"""A detector that looks at a picture's four mirror images and averages what it says of them."""

import torch
from torch import Tensor, nn

from dsod_lite import DSODConfig


class Mirrored(nn.Module):
    """A DSOD's network that answers for the four mirror images of each picture, turns the answers back, and averages.

    Arguments and results are those of `Network`. The priors have to be centred in their cells.
    """

    def __init__(self, network: nn.Module, config: DSODConfig) -> None:
        super().__init__()
        self.network = network
        self.maps = list(zip(config.map_sizes, config.priors.per_cell, strict=True))

    def forward(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        answers = [self.answer(batch, axes) for axes in ([], [2], [3], [2, 3])]
        offsets, logits = zip(*answers, strict=True)
        return torch.stack(offsets).mean(dim=0), torch.stack(logits).mean(dim=0)

    def answer(self, batch: Tensor, axes: list[int]) -> tuple[Tensor, Tensor]:
        """The picture's answers, from its mirror image along `axes`: 2 is upside down, 3 left to right."""
        offsets, logits = self.network(batch.flip(axes))
        direction = torch.tensor([-1.0 if 3 in axes else 1.0, -1.0 if 2 in axes else 1.0, 1.0, 1.0])  # dx, dy, dw, dh
        return self.turned_back(offsets * direction, axes), self.turned_back(logits, axes)

    def turned_back(self, answers: Tensor, axes: list[int]) -> Tensor:
        """[B, P, values] with every map mirrored along the batch's `axes`."""
        parts = answers.split([side * side * priors for side, priors in self.maps], dim=1)
        maps = [part.unflatten(1, (side, side, priors)) for part, (side, priors) in zip(parts, self.maps, strict=True)]
        return torch.cat([each.flip([axis - 1 for axis in axes]).flatten(1, 3) for each in maps], dim=1)

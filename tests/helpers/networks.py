"""Networks that look as if they had been trained, and how far their answers lie apart."""

from typing import Any

import torch
from torch import nn

from dsod_lite import DSOD


def lived_in(model: DSOD) -> DSOD:
    """A model whose BatchNorms have statistics and weights of their own, so that folding them wrongly shows."""
    generator = torch.Generator().manual_seed(0)
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d):
            around_0, around_1 = (norm.running_mean, norm.bias), (norm.running_var, norm.weight)
            values: Any
            for values, low in [*((v, -0.5) for v in around_0), *((v, 0.5) for v in around_1)]:
                values.data.uniform_(low, low + 1, generator=generator)
    return model.eval()


def difference(ours: tuple[torch.Tensor, ...], theirs: tuple[torch.Tensor, ...]) -> float:
    """The largest difference, as a share of the largest value."""
    return max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(ours, theirs, strict=True))

"""A batch of several portions in one pass: BatchNorm and the loss see each portion as if it were alone.

With gradient accumulation the portions pass one after the other, and a step of 128 pictures by fours is 32 passes, most
of whose time a GPU waits for its host. Here they pass together, and the numbers are the same.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..detector.loss import MultiBoxLoss


class Groups:
    """Which pictures of a pass belong together, and what BatchNorm's running statistics make of them.

    Of `count` portions, picture i belongs to portion i % count; see `interleaved`. One object serves all passes of as
    many portions, so that compiled code finds the same tensors in each.
    """

    def __init__(self, count: int, device: torch.device) -> None:
        self.count = count
        self.share = torch.zeros(count, device=device)
        """[count]: what each portion's statistics weigh in the running ones after the pass."""
        self.kept = torch.ones((), device=device)
        """What the running statistics from before the pass weigh."""

    def follow(self, momenta: list[float]) -> None:
        """Sets both as if the portions passed one after the other, each with its momentum."""
        shares, kept = [], 1.0
        for momentum in reversed(momenta):
            shares.append(momentum * kept)
            kept *= 1 - momentum
        self.share.copy_(torch.tensor(shares[::-1]), non_blocking=True)
        self.kept.fill_(kept)


def interleaved(items: Sequence[Any] | Tensor, count: int) -> Any:
    """The first pictures of `count` equally long portions, then their second ones, and so on.

    In this order, and where a picture's channels lie one after the other in memory, [n * count, C, H, W] is
    [n, count * C, H, W] without a copy, and BatchNorm takes each portion's channel for one of its own.
    """
    if isinstance(items, Tensor):
        return items.unflatten(0, (count, -1)).transpose(0, 1).flatten(0, 1)
    size = len(items) // count
    return [items[portion * size + i] for i in range(size) for portion in range(count)]


def grouped(model: nn.Module, groups: Groups) -> dict[nn.Module, Callable[..., Any]]:
    """Forward passes of the model's BatchNorms and DSOD's loss for portions (see `forwards.replaced`).

    The losses are [count], one for each portion.
    """
    forwards: dict[nn.Module, Callable[..., Any]] = {}
    for module in model.modules():
        if type(module) is nn.BatchNorm2d:
            forwards[module] = partial(norm_by_groups, module, module.forward, groups)
        elif isinstance(module, MultiBoxLoss):
            forwards[module] = partial(loss_by_groups, module, groups)
    return forwards


def norm_by_groups(norm: nn.BatchNorm2d, alone: Callable[[Tensor], Tensor], groups: Groups, x: Tensor) -> Tensor:
    """BatchNorm of each portion by itself: [B, C, H, W] -> the same. A frozen one does what it does `alone`."""
    if not norm.training:
        return alone(x)
    batch, channels, height, width = x.shape
    count = groups.count
    x = x.reshape(batch // count, count * channels, height, width)
    mean, variance = norm.weight.new_zeros(2, count * channels)
    y = F.batch_norm(x, mean, variance, norm.weight.repeat(count), norm.bias.repeat(count), True, 1.0, norm.eps)
    if norm.momentum:  # it is 0 where the pass is a second one, see `forwards.statistics_left_alone`
        share = groups.share.to(mean.dtype)
        for running, own in ((norm.running_mean, mean), (norm.running_var, variance)):
            running.mul_(groups.kept).add_(share @ own.view(count, channels))  # type: ignore[union-attr]
        norm.num_batches_tracked.add_(count)  # type: ignore[union-attr]
    return y.view(batch, channels, height, width)


def loss_by_groups(loss: MultiBoxLoss, groups: Groups, *batch: Any) -> dict[str, Tensor]:
    """`MultiBoxLoss` of each portion by itself, [count]."""
    sums, positives = loss.sums(*batch)
    positives = positives.view(-1, groups.count).sum(dim=0).clamp(min=1)
    return {name: value.view(-1, groups.count).sum(dim=0) / positives for name, value in sums.items()}

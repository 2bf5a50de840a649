"""Layers that compute in another way for the length of a block: wrapped from outside, so the model stays as it is."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..detector.blocks import DenseLayer

Forwards = Mapping[nn.Module, Callable[..., Any]]
"""For each of some modules, what is computed in the place of its `forward`."""


@contextlib.contextmanager
def replaced(forwards: Forwards) -> Iterator[None]:
    """Inside of the block a call of one of the modules is a call of its function. The backward pass belongs into it."""
    try:
        for module, forward in forwards.items():
            module.forward = forward
        yield
    finally:
        for module in forwards:
            vars(module).pop("forward", None)


@contextlib.contextmanager
def tuned(fixed: bool) -> Iterator[None]:
    """Inside of the block cuDNN tries its algorithms for each size of convolution, and keeps to the quickest.

    That pays where sizes are `fixed`, as a DSOD's are: its network's input is warped to one size.
    """
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = before or fixed
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


def recomputed(network: nn.Module) -> dict[nn.Module, Callable[[Tensor], Tensor]]:
    """Gradient checkpointing, time for memory: dense layers keep their input only, and compute the rest once more.

    A dense block keeps, for every layer, a normalised copy of all channels so far. That is most of what training DSOD
    keeps in memory, and most of it is quickly computed again. The numbers stay the same.
    """
    return {layer: _recomputed(layer) for layer in network.modules() if isinstance(layer, DenseLayer)}


def _recomputed(layer: nn.Module) -> Callable[[Tensor], Tensor]:
    forward = layer.forward

    def contexts() -> tuple[contextlib.AbstractContextManager[None], contextlib.AbstractContextManager[None]]:
        return contextlib.nullcontext(), statistics_left_alone(layer)

    def recomputing(x: Tensor) -> Tensor:
        return checkpoint(forward, x, use_reentrant=False, context_fn=contexts)  # type: ignore[return-value]

    return recomputing


@contextlib.contextmanager
def statistics_left_alone(layer: nn.Module) -> Iterator[None]:
    """The second pass normalises by the batch as the first did, but must not count the batch a second time."""
    norms = [m for m in layer.modules() if isinstance(m, nn.BatchNorm2d) and m.training]
    before = [(norm.momentum, norm.num_batches_tracked.clone()) for norm in norms]  # type: ignore[union-attr]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, (momentum, batches) in zip(norms, before, strict=True):
            norm.momentum = momentum
            norm.num_batches_tracked.copy_(batches)  # type: ignore[union-attr]

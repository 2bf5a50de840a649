"""Memory for time: a dense layer whose inner results are computed again when the gradients need them.

A dense block keeps, for every layer, a normalised copy of all channels so far. That is most of what training DSOD
keeps in memory, and most of it is quickly computed again.
"""

import contextlib
from collections.abc import Callable, Iterator

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


def recompute(layer: nn.Module, function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """`function(x)` with the same gradients, though nothing in between is kept. `layer` has what the function uses."""

    def contexts() -> tuple[contextlib.AbstractContextManager[None], contextlib.AbstractContextManager[None]]:
        return contextlib.nullcontext(), statistics_left_alone(layer)

    return checkpoint(function, x, use_reentrant=False, context_fn=contexts)  # type: ignore[return-value]


@contextlib.contextmanager
def statistics_left_alone(layer: nn.Module) -> Iterator[None]:
    """The second pass normalises by the batch as the first did, but must not count the batch a second time."""
    norms = [m for m in layer.modules() if isinstance(m, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            if norm.num_batches_tracked is not None:
                norm.num_batches_tracked -= 1

"""Network and loss as one graph: no shape depends on what matches, and nothing waits for an answer of the device."""

import pytest
import torch
from tiny import Rectangles, small_dsod
from torch.utils._python_dispatch import TorchDispatchMode


def batch(pictures: int) -> tuple[list[torch.Tensor], list[torch.Tensor], list[torch.Tensor]]:
    items = [Rectangles(pictures)[i] for i in range(pictures)]
    images = [image for image, _ in items]
    return images, [target["boxes"] / 64 for _, target in items], [target["labels"] for _, target in items]


def test_forward_and_backward_compile_as_one_graph() -> None:
    model = small_dsod().train()
    images, boxes, labels = batch(4)

    def losses(pictures: torch.Tensor) -> torch.Tensor:
        offsets, logits = model.network(pictures)
        return torch.stack(list(model.loss(offsets, logits, model.priors, boxes, labels).values()))

    pictures = model.normalize(images)
    found = {}
    for name, function in (("eager", losses), ("compiled", torch.compile(losses, backend="aot_eager", fullgraph=True))):
        value = function(pictures)
        gradients = torch.autograd.grad(value.sum(), list(model.network.parameters()))
        found[name] = [value.detach(), *gradients]
    torch.testing.assert_close(found["compiled"], found["eager"], rtol=1e-4, atol=1e-5)


class Waits(TorchDispatchMode):
    """Counts what a GPU's host would have to wait for: numbers that are read, and shapes that depend on values."""

    WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "item", "equal", "is_nonzero")

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func._schema.name.removeprefix("aten::")
        indices = args[1] if name in ("index", "index_put", "index_put_") else []
        masked = any(index is not None and index.dtype == torch.bool for index in indices)
        if name in self.WAITING or masked:
            self.seen.append(name)
        return func(*args, **(kwargs or {}))


def test_a_step_waits_once_for_the_device() -> None:
    """For the check of all targets, before anything is computed."""
    model = small_dsod().train()
    items = [Rectangles(4)[i] for i in range(4)]
    with Waits() as waits:
        losses = model([image for image, _ in items], [target for _, target in items])
        torch.stack(list(losses.values())).sum().backward()
    assert waits.seen == ["_local_scalar_dense"]


def test_the_counter_counts() -> None:
    x = torch.arange(4.0)
    with Waits() as waits:
        assert float(x.sum()) == 6
        assert len(x[x > 1]) == 2
    assert len(waits.seen) >= 2
    with pytest.raises(AssertionError):
        assert waits.seen == ["_local_scalar_dense"]

"""A step of training as one graph: no shape depends on what matches, and nothing waits for an answer of the device."""

from typing import Any

import pytest
import torch
from tiny import Rectangles, small_dsod
from torch import Tensor
from torch.optim.sgd import sgd

from dsod_lite import DSOD
from dsod_lite.detector.inputs import pad_targets
from dsod_lite.support.batches import as_floats


def stepping(model: DSOD) -> Any:
    """A whole step, from bytes to weights: pictures, losses, gradients, and SGD with momentum."""
    weights = list(model.parameters())
    momenta: list[Tensor | None] = [torch.zeros_like(p) for p in weights]

    def step(images: Tensor, targets: dict[str, Tensor]) -> Tensor:
        losses = torch.stack(list(model(as_floats(images), targets).values()))
        gradients = list(torch.autograd.grad(losses.sum(), weights))
        with torch.no_grad():
            sgd(weights, gradients, momenta, foreach=True, weight_decay=0.0, momentum=0.9, lr=0.01, dampening=0.0,
                nesterov=False, maximize=False)  # fmt: skip
        return losses.detach()

    return step


def test_a_step_of_training_compiles_as_one_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it but the C++ compiler, which takes minutes."""
    if not hasattr(torch._dynamo.config, "trace_autograd_ops"):
        pytest.skip("this torch has no gradients in a graph")
    monkeypatch.setattr(torch._dynamo.config, "trace_autograd_ops", True)
    items = [Rectangles(4)[i] for i in range(4)]
    images = (torch.stack([image for image, _ in items]) * 255).to(torch.uint8)
    found = {}
    for name in ("eager", "compiled"):
        model = small_dsod().train()
        targets = pad_targets(images, [target for _, target in items], 3)
        step = stepping(model)
        if name == "compiled":
            step = torch.compile(step, backend="aot_eager", fullgraph=True)
        losses = [step(images, targets) for _ in range(2)]
        found[name] = [*losses, *model.parameters(), *model.buffers()]
    torch.testing.assert_close(found["compiled"], found["eager"], rtol=1e-3, atol=1e-4)

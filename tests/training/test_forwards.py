"""Dense layers that compute their inner results twice: the same numbers, in less memory."""

import copy

import pytest
import torch
from tiny import Rectangles, quick, same_weights, without_seconds
from torch import nn
from torchvision.models.detection import ssd300_vgg16

from dsod_lite import DSOD, dsod300_smallest, dsod_tiny, train
from dsod_lite.detector.network import Network
from dsod_lite.training.forwards import recomputed, replaced


def step(network: Network, batch: torch.Tensor, save_memory: bool) -> int:
    """Gradients of one training step; returns the bytes that were kept for them, weights aside."""
    weights = {p.untyped_storage().data_ptr() for p in network.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with replaced(recomputed(network) if save_memory else {}):
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            offsets, logits = network.train()(batch)
            loss = offsets.square().mean() + logits.square().mean()
        loss.backward()
    return sum(kept.values())


def test_a_third_less_memory_for_the_same_gradients_and_statistics() -> None:
    network = dsod300_smallest(4, image_size=96).network
    other = copy.deepcopy(network)
    batch = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    as_usual, less = step(network, batch, False), step(other, batch, True)
    assert less < as_usual * 2 / 3
    for (name, a), b in zip(network.named_parameters(), other.parameters(), strict=True):
        assert a.grad is not None
        assert b.grad is not None
        torch.testing.assert_close(a.grad, b.grad, msg=name)
    # A batch counts once in BatchNorm's running statistics, though it passed twice.
    for name, value in network.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
    norms = [m for m in other.modules() if isinstance(m, nn.BatchNorm2d)]
    assert {int(n.num_batches_tracked) for n in norms if n.num_batches_tracked is not None} == {1}
    assert {n.momentum for n in norms} == {0.1}


def test_a_run_has_the_same_numbers() -> None:
    def run(save_memory: bool) -> tuple[list[dict[str, float]], DSOD]:
        torch.manual_seed(0)
        model = dsod_tiny(3, 64)
        history = train(model, Rectangles(8), None, quick(epochs=2, save_memory=save_memory))
        return without_seconds(history), model

    (history, model), (other_history, other) = run(False), run(True)
    assert history == other_history
    assert same_weights(model, other)


def test_frozen_statistics_are_not_counted_down() -> None:
    network = dsod_tiny(3, 64).network.train()
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.eval()
    with replaced(recomputed(network)):
        network(torch.rand(2, 3, 64, 64))[0].sum().backward()
    counts = {int(n.num_batches_tracked) for n in network.modules() if isinstance(n, nn.BatchNorm2d)}  # type: ignore[arg-type]
    assert counts == {0}


def test_nothing_of_it_stays_in_the_model() -> None:
    network = dsod_tiny(3, 64).network
    forwards = recomputed(network)
    with pytest.raises(RuntimeError, match="in between"), replaced(forwards):
        raise RuntimeError("in between")
    assert not any("forward" in vars(module) for module in network.modules())


def test_other_detectors_have_no_dense_layers() -> None:
    model = ssd300_vgg16(weights=None, weights_backbone=None, num_classes=3)
    with pytest.raises(ValueError, match="save_memory"):
        train(model, Rectangles(8), None, quick(epochs=1, save_memory=True))

"""Portions of a batch that pass together, against portions that pass one after the other."""

import copy
from dataclasses import replace
from typing import Any

import pytest
import torch
from networks import lived_in
from tiny import Rectangles, quick, small_dsod, without_seconds
from torch import nn

from dsod_lite import DSOD, dsod300, dsod300_smallest, train
from dsod_lite.training.checks import check_finite
from dsod_lite.training.forwards import replaced
from dsod_lite.training.groups import Groups, grouped, interleaved
from dsod_lite.training.memory import kept_bytes
from dsod_lite.training.step import Learner

CPU = torch.device("cpu")


def double(model: DSOD) -> DSOD:
    model.network.double()
    model.mean = model.mean.double()
    return model


def trained(**fields: Any) -> tuple[list[dict[str, float]], dict[str, torch.Tensor]]:
    """Twenty steps of sgd, in double precision and with all negatives, so that no rounding decides what is mined.

    Portions are not much smaller: the last map has one cell, and BatchNorm over four numbers that happen to be alike
    makes anything of a rounding error.
    """
    model = double(small_dsod(negatives_per_positive=1000.0))
    config = quick(epochs=20, batch_size=24, optimizer="sgd", learning_rate=0.01, **fields)
    history = train(model, Rectangles(24, augment=True), None, config)
    return without_seconds(history), model.state_dict()


@pytest.mark.parametrize(
    "fields",
    [
        {"norm_batch_size": 8},
        {"norm_batch_size": 8, "norm_average": 0.9, "save_memory": True},
        {"norm_batch_size": 9},  # 9 + 9 + 6
    ],
    ids=str,
)
def test_twenty_steps_are_those_of_gradient_accumulation(fields: dict[str, Any]) -> None:
    accumulated, weights = trained(pass_size=1, **fields)
    together, others = trained(pass_size=24, **fields)
    for ours, theirs in zip(together, accumulated, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5)
    for name, value in weights.items():
        torch.testing.assert_close(others[name], value, atol=1e-5, rtol=1e-5, msg=name)


def test_a_portion_s_losses_are_its_own() -> None:
    pictures = Rectangles(8)
    images, targets = map(list, zip(*(pictures[i] for i in range(8)), strict=True))
    config = quick(batch_size=8, norm_batch_size=2)
    alone, together = (
        Learner(lived_in(small_dsod()).train(), replace(config, pass_size=size), CPU).backpropagate(images, targets)
        for size in (2, 8)
    )
    assert len(alone) == len(together) == 4
    assert len({losses["loss"] for losses in alone}) == 4
    for ours, theirs in zip(together, alone, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4)


def test_interleaving_by_hand() -> None:
    assert interleaved(list("aaabbb"), 2) == list("ababab")
    assert interleaved(list("abcd"), 1) == list("abcd")
    assert interleaved(torch.tensor([[1], [2], [3], [4], [5], [6]]), 2).tolist() == [[1], [4], [2], [5], [3], [6]]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_each_group_is_normalised_by_itself_in_either_layout(layout: torch.memory_format) -> None:
    x = torch.randn(6, 3, 4, 5, generator=torch.Generator().manual_seed(0)).to(memory_format=layout)
    norm, groups = nn.BatchNorm2d(3), Groups(2, CPU)
    norm.weight.data.uniform_(generator=torch.Generator().manual_seed(1))
    expected = copy.deepcopy(norm)
    apart = [expected(x[i::2]) for i in range(2)]
    groups.follow([0.1, 0.1])
    with replaced(grouped(norm, groups)):
        y = norm(x)
    for i in range(2):
        torch.testing.assert_close(y[i::2], apart[i])
    for name, value in expected.state_dict().items():
        torch.testing.assert_close(norm.state_dict()[name], value)


def test_running_statistics_weigh_as_if_one_came_after_the_other() -> None:
    groups = Groups(3, CPU)
    groups.follow([1.0, 0.5, 0.1])
    assert groups.share.tolist() == pytest.approx([0.45, 0.45, 0.1])
    assert float(groups.kept) == 0.0


def test_frozen_statistics_stay_frozen() -> None:
    model = small_dsod().train()
    frozen = model.network.stem[0][1]
    frozen.eval()
    before = copy.deepcopy(frozen.state_dict())
    pictures = Rectangles(8)
    images, targets = map(list, zip(*(pictures[i] for i in range(8)), strict=True))
    Learner(model, quick(batch_size=8, norm_batch_size=2), CPU).backpropagate(images, targets)
    assert all(torch.equal(value, before[name]) for name, value in frozen.state_dict().items())
    check_finite(model, 0)


def test_bytes_are_counted_as_autograd_keeps_them() -> None:
    """Against what is really kept, weights aside; and twice the pictures need twice the room."""
    model = dsod300_smallest(4, image_size=96)
    weights = {p.untyped_storage().data_ptr() for p in model.network.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.untyped_storage().data_ptr() not in weights:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        answers = model.network.train()(torch.rand(2, 3, 96, 96))
    assert len(answers) == 2
    assert kept_bytes(model, 2) == pytest.approx(sum(kept.values()), rel=0.05)
    assert kept_bytes(model, 4) == pytest.approx(2 * kept_bytes(model, 2), rel=0.05)
    assert kept_bytes(model, 2, save_memory=True) < 0.7 * kept_bytes(model, 2)


def test_the_authors_portion_of_four_needs_a_gigabyte_and_a_half() -> None:
    assert 1.3e9 < kept_bytes(dsod300(), 4) < 1.7e9

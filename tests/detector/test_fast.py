"""The network made for answering gives the network's answers."""

import pytest
import torch
from networks import difference, lived_in
from torch import nn

from dsod_lite import dsod300, dsod_tiny
from dsod_lite.detector.blocks import STEMS
from dsod_lite.detector.fast import fold_batchnorm


@pytest.mark.parametrize("fields", [*({"stem": name} for name in STEMS), {"prediction": "plain"}], ids=str)
def test_folding_keeps_the_numbers(fields: dict) -> None:
    model = lived_in(dsod_tiny(4, 96, **fields))
    batch = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert difference(fold_batchnorm(model.network)(batch), model.network(batch)) < 1e-5


def test_folding_leaves_the_network_itself_alone() -> None:
    model = lived_in(dsod_tiny(4, 96))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    fold_batchnorm(model.network)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_in_dsod300_only_the_norms_that_read_a_concatenation_or_a_fork_stay() -> None:
    folded = fold_batchnorm(dsod300().network)
    # Of 92, one stays in each of the 30 dense layers, in each of the 4 transitions, and where the 5 reused and the 4
    # learned halves of the prediction begin.
    left = sum(isinstance(m, nn.BatchNorm2d) for m in folded.modules())
    assert left == 30 + 4 + 5 + 4


def test_fast_network_answers_as_the_network_does() -> None:
    model = lived_in(dsod_tiny(4, 64))
    batch = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert difference(model.fast_network()(batch), model.network(batch)) < 1e-4

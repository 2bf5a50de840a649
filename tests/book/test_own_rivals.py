"""The rivals of `learn`: divided, judged and recorded as it is, on a folder made up for it."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from folders import make_folder
from torch import nn

from book.experiments import own_photographs, own_rivals
from book.experiments.parts.rivals import small_ssd

CAT, DOG = [("cat", 5, 6, 40, 40)], [("dog", 20, 20, 60, 45)]


def test_a_rival_learns_from_train_is_chosen_by_val_and_judged_on_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = {f"t{i}": CAT if i % 2 else DOG for i in range(16)}
    make_folder(tmp_path / "downloads" / "pets", train=train, val={"v0": CAT}, test={"x0": DOG, "x1": CAT})

    def make(weights: None, weights_backbone: None, num_classes: int) -> nn.Module:
        return small_ssd(num_classes, 64, normalised=True)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(own_rivals, "ROOT", tmp_path)
    monkeypatch.setattr(own_rivals, "RECORDS", tmp_path)
    monkeypatch.setattr(own_rivals, "SIDE", 64)
    monkeypatch.setitem(own_photographs.PROCESSOR_MINUTES, "pets", 0.03 * torch.get_num_threads())
    monkeypatch.setattr(own_rivals, "RIVALS", {"small": (make, {"learning_rate": 0.01, "weight_decay": 1e-4})})
    own_rivals.main(["pets"])
    record: dict[str, Any] = json.loads((tmp_path / "own_rivals-pets-small.json").read_text())
    assert (record["pictures"], record["test"]["pictures"]) == (16, 2)
    assert 0 <= record["test"]["AP50"] <= 1
    assert len(record["test"]["interval"]) == 2
    assert record["epochs"] >= 1
    assert {"device", "threads", "commit", "processor_seconds", "parameters", "val_ap50"} <= set(record)
    assert {"experiment", "seconds", "train"} <= set(record)  # by these it is counted among the planned runs
    assert not (tmp_path / "runs" / "own_rivals-pets-small").exists()
    before = (tmp_path / "own_rivals-pets-small.json").stat().st_mtime_ns
    own_rivals.main(["pets"])  # what is recorded is not made again
    assert (tmp_path / "own_rivals-pets-small.json").stat().st_mtime_ns == before


def test_the_rivals_are_torchvisions_and_begin_at_random() -> None:
    for make, _ in own_rivals.RIVALS.values():
        model = make(weights=None, weights_backbone=None, num_classes=3)
        norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
        assert norms  # not frozen, as torchvision has them beside pre-trained weights
        assert all(p.requires_grad for p in model.parameters())

"""Checkpoints of other times: older ones load and detect what they did, and a later field has its default."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from tiny import Rectangles, numbers, quick, same, small_dsod

from dsod_lite import DSODConfig, load_model, train
from dsod_lite.datasets import read_image
from dsod_lite.training import run as runs
from dsod_lite.weights import checkpoint
from dsod_lite.weights.start import SHAPES

DATA = Path(__file__).parents[2] / "data"
PICTURE = DATA / "shapes/JPEGImages/001013.jpg"
# What the package of the first edition (commit 1ed2b04) finds there: the five best, as box, label and score.
FOUND = {
    "shapes_tiny": [
        ([91.178, 94.121, 123.067, 120.972], 6, 0.9967),
        ([52.056, 85.63, 74.227, 112.23], 2, 0.9884),
        ([23.838, 57.789, 46.624, 76.584], 5, 0.9857),
        ([0.0, 34.136, 101.375, 78.172], 3, 0.979),
        ([4.96, 38.709, 55.296, 78.027], 3, 0.2438),
    ],
    "bccd_tiny": [
        ([0.0, 0.0, 70.977, 83.749], 3, 0.7238),
        ([31.078, 31.456, 128.0, 126.524], 3, 0.5763),
        ([0.0, 54.066, 76.169, 128.0], 3, 0.5008),
        ([55.662, 0.0, 128.0, 85.706], 3, 0.4419),
        ([1.182, 72.717, 56.975, 105.83], 2, 0.2025),
    ],
}


@pytest.mark.parametrize("name", FOUND)
def test_a_shipped_checkpoint_detects_what_it_did(name: str) -> None:
    model, _ = load_model({"shapes_tiny": SHAPES, "bccd_tiny": DATA / "runs/bccd_tiny.pt"}[name])
    with torch.no_grad():
        found = model([read_image(PICTURE).float() / 255])[0]
    for i, (box, label, score) in enumerate(FOUND[name]):
        assert found["boxes"][i].tolist() == pytest.approx(box, abs=0.01)
        assert (int(found["labels"][i]), float(found["scores"][i])) == (label, pytest.approx(score, abs=1e-3))


@dataclass(frozen=True)
class LaterConfig(DSODConfig):
    """A config of a later version."""

    fourier_features: int = 3


def test_a_field_that_a_config_gets_later_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "DSODConfig", LaterConfig)
    model, _ = load_model(SHAPES)
    assert isinstance(model.config, LaterConfig)
    assert model.config.fourier_features == 3


def test_a_run_begun_before_a_field_was_there_goes_on(tmp_path: Path) -> None:
    """Its checkpoint lacks a field of the model's config and two of the training's, and has one that is gone."""
    pictures = Rectangles(8, augment=True)
    train(small_dsod(), pictures, None, quick(epochs=3), tmp_path / "whole")

    def stop(history: list[dict[str, float]]) -> None:
        if len(history) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(small_dsod(), pictures, None, quick(epochs=3), tmp_path / "old", after_epoch=stop)
    path = tmp_path / "old/checkpoint.pt"
    state = torch.load(path, weights_only=True)
    state["config"]["matching"] = "bipartite"
    del state["config"]["candidates_per_class"], state["train"]["weight_average"], state["train"]["skip_at_most"]
    torch.save(state, path)
    train(small_dsod(), pictures, None, quick(epochs=3), tmp_path / "old", resume=True)
    assert same(numbers(tmp_path / "old")["history"], numbers(tmp_path / "whole")["history"])


def test_a_run_begun_before_its_state_had_a_field_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass
    class LaterState(runs.RunState):
        best_epoch: int = 7

    train(small_dsod(), Rectangles(8), None, quick(epochs=1), tmp_path)
    monkeypatch.setattr(runs, "RunState", LaterState)
    history = train(small_dsod(), Rectangles(8), None, quick(epochs=1), tmp_path, resume=True)
    assert [entry["epoch"] for entry in history] == [1]


def test_a_field_that_is_gone_is_refused_where_it_meant_something_else() -> None:
    values = checkpoint.describe(small_dsod())["config"]
    assert checkpoint.config_from_dict(values | {"matching": "bipartite"}) == small_dsod().config
    with pytest.raises(ValueError, match="matching is unknown"):
        checkpoint.config_from_dict(values | {"matching": "best"})

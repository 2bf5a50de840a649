"""What each named model is, written down once more: another number here is another detector."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from dsod_lite import DSODConfig, dsod_tiny, load_model
from dsod_lite.detector.presets import MODELS

RUNS = Path(__file__).parents[2] / "data" / "runs"
PRIORS_512 = {
    "min_sizes": (35.84, 76.8, 153.6, 230.4, 307.2, 384.0, 460.8),
    "max_sizes": (76.8, 153.6, 230.4, 307.2, 384.0, 460.8, 537.6),
    "aspect_ratios": ((2,), (2, 3), (2, 3), (2, 3), (2, 3), (2,), (2,)),
    "steps": (8, 16, 32, 64, 128, 256, 512),
}
TINY: dict[str, Any] = {
    "num_classes": 7,
    "image_size": 128,
    "stem_channels": 16,
    "bottleneck": 32,
    "growth_rate": 16,
    "block_layers": (3, 4, 4, 4),
    "prediction_channels": (128, 128, 64, 64),
    "channel_order": "RGB",
    "mean": (123.0, 117.0, 104.0),
    "std": 58.0,
    "antialias": True,
    "match_threshold": 0.4,
    "min_negatives": 10,
    "clip_boxes": True,
}
DIFFERENCES: dict[str, dict[str, Any]] = {
    "dsod300": {},
    "dsod300_plain": {"prediction": "plain"},
    "dsod300_lite": {"bottleneck": 256, "growth_rate": 64, "block_layers": (3, 4, 4, 4)},
    "dsod300_smallest": {"bottleneck": 64, "growth_rate": 16},
    "dsod512": {"image_size": 512, "prediction_channels": (512, 512, 256, 256, 256, 256), "priors": PRIORS_512},
    "dsod_tiny": TINY,
}


def differences(config: DSODConfig) -> dict[str, Any]:
    """The fields in which a config is not the authors' DSOD300."""
    usual = asdict(DSODConfig())
    return {name: value for name, value in asdict(config).items() if value != usual[name]}


@pytest.mark.parametrize("name", MODELS)
def test_a_preset_differs_from_dsod300_as_written_here_and_nowhere_else(name: str) -> None:
    found = differences(MODELS[name]().config)
    if name == "dsod_tiny":
        assert found.pop("priors")["aspect_ratios"] == ((2,), (2, 3), (2, 3), (2, 3), (2,))
    assert found == DIFFERENCES[name]


@pytest.mark.parametrize(
    ("size", "fractions", "threshold"),
    [
        (128, (0.1, 0.24, 0.44, 0.64, 0.84, 1.04), 0.4),
        (191, (0.1, 0.24, 0.44, 0.64, 0.84, 1.04), 0.4),
        (192, (0.07, 0.15, 0.3, 0.45, 0.65, 0.9), 0.5),
    ],
)
def test_dsod_tinys_priors_are_shares_of_its_input(size: int, fractions: tuple[float, ...], threshold: float) -> None:
    config = dsod_tiny(image_size=size).config
    assert config.priors.min_sizes == pytest.approx([size * share for share in fractions[:-1]])
    assert config.priors.max_sizes == pytest.approx([size * share for share in fractions[1:]])
    assert config.priors.steps is None
    assert config.match_threshold == threshold


@pytest.mark.parametrize(("run", "size"), [("shapes_tiny", 128), ("bccd_tiny", 256)])
def test_the_shipped_detectors_are_the_preset_of_today(run: str, size: int) -> None:
    model, classes = load_model(RUNS / f"{run}.pt")
    assert model.config == dsod_tiny(len(classes) + 1, size).config

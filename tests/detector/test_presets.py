"""What each named model is, written down once more: another number here is another detector."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from dsod_lite import DSODConfig, PriorConfig, dsod_tiny, load_model
from dsod_lite.detector import presets
from dsod_lite.detector.presets import MODELS
from dsod_lite.detector.priors import prior_boxes
from dsod_lite.evaluation.prior_recall import reached
from dsod_lite.weights.start import SHAPES

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
        (192, (0.07, 0.16, 0.34, 0.55, 0.75, 0.9, 1.04), 0.5),
    ],
)
def test_dsod_tinys_priors_are_shares_of_its_input(size: int, fractions: tuple[float, ...], threshold: float) -> None:
    config = dsod_tiny(image_size=size).config
    assert config.priors.min_sizes == pytest.approx([size * share for share in fractions[:-1]])
    assert config.priors.max_sizes == pytest.approx([size * share for share in fractions[1:]])
    assert config.priors.steps is None
    assert config.match_threshold == threshold


def test_the_shipped_shapes_detector_is_the_preset_of_today() -> None:
    model, classes = load_model(SHAPES)
    assert model.config == dsod_tiny(len(classes) + 1, 128).config


def test_the_shipped_cells_detector_is_the_preset_of_its_day() -> None:
    """Five maps, and so no large prior in the middle: cells are small."""
    model, classes = load_model(RUNS / "bccd_tiny.pt")
    sizes = tuple(256 * share for share in (0.07, 0.15, 0.3, 0.45, 0.65, 0.9))
    priors = PriorConfig(sizes[:-1], sizes[1:], ((2,), (2, 3), (2, 3), (2, 3), (2,)))
    then = dsod_tiny(len(classes) + 1, 256, priors=priors, prediction_channels=(128, 128, 64, 64))
    assert model.config == then.config


def test_dsod_tinys_priors_reach_large_objects_at_every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third of a side or more, anywhere in the picture, twice as wide as high to twice as high as wide."""
    monkeypatch.setattr(presets, "DSOD", lambda config: config)  # the networks would take most of the time
    generator = torch.Generator().manual_seed(0)
    side, aspect, x, y = torch.rand(4, 60, generator=generator)
    side, aspect = 0.3 * (1 / 0.3) ** side, 2 ** (2 * aspect - 1)
    width, height = (side * aspect.sqrt()).clamp(max=1), (side / aspect.sqrt()).clamp(max=1)
    x, y = x * (1 - width), y * (1 - height)
    boxes = torch.stack([x, y, x + width, y + height], dim=1)
    middle = torch.tensor([[0.5 - r, 0.5 - r, 0.5 + r, 0.5 + r] for r in (0.25, 0.3, 0.35, 0.4, 0.45, 0.5)])
    for size in range(64, 513):
        config: Any = presets.dsod_tiny(image_size=size)
        priors = prior_boxes(config.priors, config.map_sizes, size)
        assert reached(middle, priors, config.match_threshold).all(), size
        if size % 8 == 0:
            share = reached(boxes, priors, config.match_threshold).float().mean()
            assert share >= (0.95 if size > 64 else 0.85), (size, share)

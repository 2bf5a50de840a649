"""DSODConfig: the paper's names, the sizes of the maps, and values that no network can be built from."""

import dataclasses
from typing import Any, get_args, get_type_hints

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from dsod_lite.detector.blocks import STEMS
from dsod_lite.detector.config import DSODConfig
from dsod_lite.detector.network import Network
from dsod_lite.detector.priors import COCO300_PRIORS, VOC300_PRIORS, PriorConfig, prior_boxes

small = st.integers(1, 512)


def test_the_defaults_are_the_authors_dsod300() -> None:
    config = DSODConfig()
    assert config.name == "DS/64-192-48-1"
    assert (config.num_classes, config.image_size, config.block_layers) == (21, 300, (6, 8, 8, 8))
    assert config.map_sizes == (38, 19, 10, 5, 3, 2)
    assert config.priors is VOC300_PRIORS
    assert (config.channel_order, config.mean, config.std) == ("BGR", (104, 117, 123), 1)
    assert config.match_threshold == 0.5
    assert (config.negatives_per_positive, config.min_negatives) == (3, 0)
    assert (config.score_threshold, config.nms_threshold, config.clip_boxes) == (0.01, 0.45, False)
    assert (config.candidates_per_class, config.detections_per_image) == (400, 200)


def test_a_name_says_four_fields() -> None:
    config = DSODConfig.from_name("DS/32-12-16-0.5", prediction="plain", num_classes=81, priors=COCO300_PRIORS)
    assert config == DSODConfig(
        num_classes=81,
        stem_channels=32,
        bottleneck=12,
        growth_rate=16,
        compression=0.5,
        prediction="plain",
        priors=COCO300_PRIORS,
    )


@given(small, small, small, st.integers(1, 100))
def test_names_round_trip(a: int, b: int, k: int, percent: int) -> None:
    assume(min(2 * a + 6 * k, 8 * k) * percent >= 100)  # with less a transition may be left without a channel
    config = DSODConfig(stem_channels=a, bottleneck=b, growth_rate=k, compression=percent / 100)
    assert DSODConfig.from_name(config.name) == config
    assert DSODConfig.from_name(f"  {config.name}\n") == config


@pytest.mark.parametrize(
    "name",
    [
        "",
        "DSOD300",
        "64-192-48-1",
        "DS/64-192-48",
        "DS/64-192-48-1-1",
        "DS/64-192-48-",
        "DS/64-192--48-1",
        "DS/64-192-4.8-1",
        "ds/64-192-48-1",
        "DS/64-192-48-1 plain",
        "DS/64-192-48-1.",
    ],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="does not read as DS/A-B-k-θ"):
        DSODConfig.from_name(name)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_classes", 1),
        ("image_size", 0),
        ("stem_channels", 0),
        ("bottleneck", -1),
        ("growth_rate", 0),
        ("compression", 0.0),
        ("compression", 1.5),
        ("compression", 0.0001),  # no channel would be left
        ("compression", float("nan")),
        ("block_layers", (6, 8, 8)),
        ("block_layers", (6, 8, 8, 0)),
        ("stem", "vgg"),
        ("prediction", "Dense"),
        ("prediction_channels", (512, 512)),
        ("prediction_channels", (512, 512, 256, 255, 256)),
        ("prediction_channels", (512, 512, 256, 0, 256)),
        ("channel_order", "bgr"),
        ("mean", (104.0, 117.0)),
        ("mean", (104.0, (117.0,), 123.0)),
        ("std", 0.0),
        ("match_threshold", 50.0),
        ("score_threshold", -0.1),
        ("nms_threshold", 45.0),
        ("negatives_per_positive", -1.0),
        ("min_negatives", -1),
        ("candidates_per_class", 0),
        ("detections_per_image", 0),
    ],
)
def test_a_bad_value_names_its_field(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{field} "):
        DSODConfig(**{field: value})


def test_odd_channels_are_no_trouble_to_plain_prediction() -> None:
    channels = (15, 13, 11, 9, 7)
    assert DSODConfig(prediction="plain", prediction_channels=channels).prediction_channels == channels


def test_a_bad_name_is_as_bad_as_a_bad_value() -> None:
    with pytest.raises(ValueError, match=r"^compression is 2"):
        DSODConfig.from_name("DS/64-192-48-2")
    with pytest.raises(ValueError, match=r"^growth_rate is 0"):
        DSODConfig.from_name("DS/64-192-0-1")


def test_a_config_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        DSODConfig().num_classes = 3  # type: ignore[misc]


def test_the_stems_that_a_config_may_name_are_those_that_there_are() -> None:
    assert get_args(get_type_hints(DSODConfig)["stem"]) == tuple(STEMS)


SIX_MAPS = PriorConfig((1, 2, 3, 4, 5, 6), (2, 3, 4, 5, 6, 7), ((), (2,), (2, 3), (2,), (), (2,)))
THREE_MAPS = PriorConfig((1, 2, 3), (2, 3, 4), ((2,), (), (2, 3)))


@pytest.mark.parametrize("prediction", ["dense", "plain"])
@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize(("channels", "priors"), [((8, 8, 8, 8, 8), SIX_MAPS), ((8, 6), THREE_MAPS)])
def test_map_sizes_are_those_of_the_network(
    stem: Any, prediction: Any, channels: tuple[int, ...], priors: PriorConfig
) -> None:
    config = DSODConfig(
        stem_channels=4,
        bottleneck=4,
        growth_rate=4,
        block_layers=(1, 1, 1, 1),
        stem=stem,
        prediction=prediction,
        prediction_channels=channels,
        priors=priors,
    )
    with torch.device("meta"):  # shapes alone
        network = Network(config).eval()
    for image_size in [*range(1, 34, 3), 63, 64, 65, 300, 301, 512, 513]:
        sized = dataclasses.replace(config, image_size=image_size)
        maps = network.maps(torch.empty(1, 3, image_size, image_size, device="meta"))
        sides = sized.map_sizes
        assert tuple(m.shape[2] for m in maps) == tuple(m.shape[3] for m in maps) == sides, image_size
        offsets, logits = network.head(maps)
        assert offsets.shape == (1, len(prior_boxes(priors, sides, image_size)), 4)
        assert logits.shape == (*offsets.shape[:2], config.num_classes)

"""A DSOD with other blocks in its dense blocks' places."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import nn

from dsod_lite import DSOD
from dsod_lite.detector.blocks import Transition, TransitionWithoutPooling
from dsod_lite.detector.network import initialize_weights
from dsod_lite.detector.prediction import DensePrediction, MultiBoxHead


def replace_blocks(
    model: DSOD, blocks: Sequence[nn.Module], widths: Sequence[int], prediction_channels: Sequence[int]
) -> DSOD:
    """Puts in four blocks and what follows from them, draws all weights anew as `Network` does, and returns the model.

    Args:
        model: changed in place.
        blocks: [B, C, H, W] -> [B, out_channels, H, W], C being the stem's width and then those of the transitions.
        widths: channels that the three transitions give.
        prediction_channels: as in `DSODConfig`.
    """
    network, config = model.network, model.config
    outputs: list[int] = [block.out_channels for block in blocks]  # type: ignore[misc]
    for number, block in enumerate(blocks, start=1):
        setattr(network, f"block{number}", block)
    network.transition1 = Transition(outputs[0], widths[0])
    network.transition2 = TransitionWithoutPooling(outputs[1], widths[1])
    network.transition3 = TransitionWithoutPooling(outputs[2], widths[2])
    network.prediction = DensePrediction(widths[1], outputs[3], prediction_channels)
    initialize_weights(network)
    network.head = MultiBoxHead(network.prediction.out_channels, config.priors.per_cell, config.num_classes)
    model.config = replace(config, prediction_channels=tuple(prediction_channels))
    return model


def with_other_blocks(result: Mapping[str, Any]) -> dict[str, Any]:
    """A result, its "setup" without what the model's config says of the blocks that were replaced."""
    said = ("block_layers", "bottleneck", "growth_rate", "compression")
    config = {field: value for field, value in result["setup"]["config"].items() if field not in said}
    return {**result, "setup": {**result["setup"], "config": config}}

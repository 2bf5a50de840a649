"""What a network's channels answer to one picture, small enough to travel with a page."""

from typing import Any

import torch
from torch import Tensor

from ..detector.model import DSOD
from .floats import to_bytes
from .predictions import in_evaluation

CHANNELS = 8  # of each map


@torch.no_grad()
def busiest_channels(model: DSOD, image: Tensor) -> list[dict[str, Any]]:
    """The channels that vary most over a picture, of the stem, the first dense block, and each map that the head reads.

    Args:
        model: left as it is.
        image: [3, H, W], float in [0, 1].

    Returns:
        {"name", "cells", "channels", "numbers", "values"} each: cells of a side, how many channels there are, which of
        them are here, and these as text, [len(numbers), cells, cells] bytes, each divided by its own largest magnitude.
    """
    network = in_evaluation(model).network
    batch = model.normalize([image])
    stem = network.stem(batch)
    found = {"stem": stem, "dense block 1": network.block1(stem)}
    found |= {f"feature map {i}": level for i, level in enumerate(network.maps(batch), start=1)}
    return [_busiest(name, level[0].float().cpu().abs()) for name, level in found.items()]


def _busiest(name: str, level: Tensor) -> dict[str, Any]:
    varies = level.flatten(1).var(dim=1, correction=0)
    chosen = (varies if level.shape[-1] > 1 else level.flatten()).topk(CHANNELS).indices.sort().values
    values = level[chosen] / level[chosen].amax(dim=(1, 2), keepdim=True).clamp(min=1e-12)
    return {
        "name": name,
        "cells": level.shape[-1],
        "channels": len(level),
        "numbers": chosen.tolist(),
        "values": to_bytes(values),
    }

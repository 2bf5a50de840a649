"""Plain or dense prediction: what the second half of the network costs, and what it finds.

In the paper dense prediction brings 0.4 points of mAP, from 77.3 to 77.7, with 14.8M parameters in the place of 18.2M,
and takes a little more time: 17.4 pictures a second in the place of 20.6 (Tables 2 and 4). Here are `dsod_tiny` with
`plain` prediction, with `dense`, and `plain_narrow`: plain with maps so narrow that it has as many parameters as dense.
"""

import statistics
import time
from typing import Any

import torch
from torch import nn

from dsod_lite import dsod_tiny
from dsod_lite.support.stopwatch import Timer

from ..parts.common import SIDE, learn_shapes

EPOCHS = 3
SEEDS = 5
MEASURE = "AP50"

VARIANTS: dict[str, dict[str, Any]] = {  # parameters
    "plain": {"prediction": "plain"},  # 782,172
    "plain_narrow": {"prediction": "plain", "prediction_channels": (96, 96, 48, 48)},  # 609,916
    "dense": {},  # 608,764
}


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One structure, trained, judged and timed."""
    model = dsod_tiny(image_size=SIDE, **VARIANTS[variant])
    result = learn_shapes(model, seed, epochs)
    return {**result, "seconds_a_picture": seconds_a_picture(model.network)}


@torch.no_grad()
def seconds_a_picture(network: nn.Module, times: int = 50) -> float:
    """How long the network takes for one picture on one thread, the median of some times.

    The processor's time is taken and not the clock's, so other processes on the machine disturb it less.
    """
    network.eval()
    picture = torch.zeros(1, 3, SIDE, SIDE).to(memory_format=torch.channels_last)
    timer = Timer("network(picture)", globals={"network": network, "picture": picture}, timer=time.process_time)
    return statistics.median(timer.timeit(1).median for _ in range(times))

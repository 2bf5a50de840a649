"""What a run takes: operations counted, steps timed, hours for its epochs."""

import copy
import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils.data import Dataset
from torch.utils.flop_counter import FlopCounterMode

from ..detector.model import DSOD
from ..detector.network import Network
from ..support.errors import SettingError
from ..support.processes import join
from .loading import Loader
from .recipe import TrainConfig
from .step import Learner

FIRST = 2
"""Steps that wait for the loading processes to start, and for the GPU to choose its kernels."""


def hours_to_expect(model: nn.Module, train_set: Dataset[Any], config: TrainConfig, steps: int = 10) -> float:
    """Hours that a run of `config.epochs` trains on this machine, by timing some steps on a copy of the model.

    Loading the pictures is part of them. What comes on top is judging: every `evaluate_every` epochs, and at the end.

    Raises SettingError if the config has minutes in the place of epochs, or the pictures do not fill a batch.
    """
    if config.epochs is None:
        raise SettingError("epochs: has to be given; a run by minutes takes those minutes")
    device = join(config.device)
    loader = Loader(train_set, config, device)
    times = step_times(model, config, loader, device, lambda times: len(times) == FIRST + steps)
    # The mean, for where the processor cannot feed the GPU some steps wait long and most do not.
    return statistics.mean(times[FIRST:]) * loader.steps * config.epochs / 3600


def step_times(
    model: nn.Module, config: TrainConfig, loader: Loader, device: torch.device, enough: Callable[[list[float]], bool]
) -> list[float]:
    """Seconds of each of the first steps, with the wait for their pictures, until there are enough of them."""
    learner = Learner(copy.deepcopy(model).train(), config, device)
    times: list[float] = []
    before = time.perf_counter()
    for images, targets, _ in itertools.chain.from_iterable(map(loader.epoch, itertools.count())):  # one may be a step
        learner.step(images, targets, len(times), config.learning_rate)
        times.append(time.perf_counter() - before)
        before = time.perf_counter()
        if enough(times):
            break
    return times


def training_flops(model: DSOD) -> int:
    """Floating-point operations that a picture costs in training: its convolutions, there and back.

    Counted without memory or arithmetic. An addition and a multiplication are two.
    """
    size = model.config.image_size
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        offsets, logits = Network(model.config)(torch.zeros(2, 3, size, size))  # two: BatchNorm in the map of one cell
        (offsets.sum() + logits.sum()).backward()
    return counter.get_total_flops() // 2

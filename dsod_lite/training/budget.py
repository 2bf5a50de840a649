"""How many epochs fit into some minutes."""

import copy
import itertools
import statistics
import time
from typing import Any

import torch
from torch import nn
from torch.utils.data import Dataset

from ..support.errors import SettingError
from ..support.processes import world_size
from .loading import Loader
from .recipe import TrainConfig
from .step import Learner

SLACK = 0.92
"""Of the time that is left, so much is planned for: starting, saving and a busy moment take the rest."""


def epochs_in(
    config: TrainConfig, model: nn.Module, loader: Loader, val_set: Dataset[Any] | None, device: torch.device
) -> int:
    """How many epochs fit into `config.minutes`, by timing some steps on a copy of the model, which is thrown away."""
    assert config.minutes is not None
    if world_size() > 1:
        raise SettingError("minutes: several processes would measure different speeds; give epochs")
    learner = Learner(copy.deepcopy(model).train(), config, device)
    times: list[float] = []
    before = time.perf_counter()
    for images, targets, _ in itertools.chain.from_iterable(map(loader.epoch, itertools.count())):  # one may be a step
        learner.step(images, targets, len(times), loader.steps)
        times.append(time.perf_counter() - before)
        before = time.perf_counter()
        spent = sum(times) / (60 * config.minutes)
        if spent > 0.02 and (len(times) > 8 or spent > 0.2):
            break
    step = statistics.median(times[1:] or times)  # the first waits until the loading processes have started
    # Detecting costs about a third of a training step's work, and every `evaluate_every`th epoch does it.
    validation = len(val_set) / config.batch_size / 3 if val_set is not None else 0.0  # type: ignore[arg-type]
    epoch = step * (loader.steps + validation / config.evaluate_every)
    return max(1, int(SLACK * (60 * config.minutes - sum(times)) / epoch))

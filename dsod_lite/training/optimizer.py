"""The optimizer, the learning-rate schedule, and the moving averages of weights (EMA) and statistics."""

import copy
import math
from typing import Any

import torch
from torch import nn

from ..detector.model import DSOD
from .recipe import TrainConfig


def learning_rate_at(step: float, total_steps: int, config: TrainConfig) -> float:
    """The learning-rate schedule: linear warm-up from step 0 on, then half a cosine, or `config.drops`."""
    warmup = min(config.warmup_steps, total_steps // 2)
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    if config.drops:
        return config.learning_rate * 0.1 ** sum(step >= round(share * total_steps) for share in config.drops)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total_steps - warmup)))


def norm_momentum_at(passes: int, average: float) -> float:
    """BatchNorm's momentum, so that its running statistics are Caffe's after `passes` (from 0) earlier batches.

    Caffe adds statistics up while the sum decays by `average`, and divides by a count that decays as well. So the first
    batch counts fully, the second half, and in the end each 1 - `average`.

    Source: BVLC/caffe, batch_norm_layer.cpp.
    """
    return (1 - average) / (1 - average ** (passes + 1)) if average > 0 else 1.0


def make_optimizer(model: nn.Module, config: TrainConfig, fused: bool = False) -> torch.optim.Optimizer:
    """The optimizer that `config` names, over `parameter_groups`; `fused`: in one kernel, for GPUs."""
    groups = parameter_groups(model, config.weight_decay)
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=config.learning_rate, momentum=config.momentum, fused=fused or None)
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=fused or None)


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """The parameters to train. As the authors have it, weight decay spares the BatchNorm of DSOD's head."""
    spared: set[nn.Parameter] = set()
    if isinstance(model, DSOD):
        norms = [m for m in model.network.head.modules() if isinstance(m, nn.BatchNorm2d)]
        spared = {p for m in norms for p in m.parameters()}
    trained = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p not in spared], "weight_decay": weight_decay},
        {"params": [p for p in trained if p in spared], "weight_decay": 0.0},
    ]


class MovingAverage:
    """An exponential moving average (EMA) of a model's weights and statistics, which forgets faster during early steps.

    Torch's `AveragedModel` asks a GPU for the number of steps in each of them, and waits for the answer.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.module = copy.deepcopy(model)
        self.decay = decay
        self.steps = 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Takes in the weights after a step; the first step's are the start."""
        now = min(self.decay, (1 + self.steps) / (10 + self.steps)) if self.steps else 0.0
        averages, weights = ([*m.parameters(), *m.buffers()] for m in (self.module, model))
        pairs = list(zip(averages, weights, strict=True))
        floats = [pair for pair in pairs if pair[0].is_floating_point()]
        counts = [pair for pair in pairs if not pair[0].is_floating_point()]  # of batches
        torch._foreach_lerp_([a for a, _ in floats], [w for _, w in floats], 1 - now)
        if counts:
            torch._foreach_copy_([a for a, _ in counts], [w for _, w in counts])
        self.steps += 1

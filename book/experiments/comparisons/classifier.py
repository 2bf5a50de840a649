"""A classifier of cut-out shapes that knows its classes, for the pre-trained arms: its rate, by the rule of `rates`.

Measured is the share of 500 held-out shapes that it names, after 1,125 steps. The arms begin with a classifier of the
best rate that had 3,750 steps; PLAN.md asks it for nine in ten.
"""

import functools
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dsod_lite import DSOD, dsod_tiny

from ..machinery.records import RECORDS, load
from ..parts.common import SIDE, setup
from ..parts.pretraining import pretrain
from ..parts.search import GRID, asked_for, best

EPOCHS = 9
SEEDS = 1
FIRST_SEED = 100
MEASURE = "accuracy"
STEPS_A_PASS = 125
STEPS = 30 * STEPS_A_PASS
"""Of the classifier that the arms begin with."""
BODY = ("network.stem.", "network.block", "network.transition")
"""What the names of a classifier's own weights begin with; the rest is the detector's."""
VARIANTS: dict[str, float] = {f"rate_{rate}": rate for rate in GRID}


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One rate."""
    model = dsod_tiny(image_size=SIDE)
    said = pretrain(model, epochs * STEPS_A_PASS, seed, VARIANTS[variant])
    return {**said, "setup": setup(model)}


def scores(folder: Path = RECORDS) -> dict[float, float]:
    """What the rates that were tried came to."""
    runs = load("classifier", folder)
    return {rate: float(runs[name][0]["result"][MEASURE]) for name, rate in VARIANTS.items() if name in runs}


def wanted(folder: Path = RECORDS) -> list[str]:
    """The trials that the rule asks for next."""
    return [f"rate_{rate}" for rate in asked_for(scores(folder))]


@functools.cache
def trained(seed: int, steps: int, rate: float) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The weights of a detector whose body was trained as a classifier, and what `pretrain` says of that."""
    state = torch.random.get_rng_state()
    torch.manual_seed(seed)
    model = dsod_tiny(image_size=SIDE)
    said = pretrain(model, steps, seed, rate)
    torch.random.set_rng_state(state)
    return model.state_dict(), said


def start_from_classifier(model: nn.Module, seed: int, steps: int = STEPS) -> dict[str, Any]:
    """Gives a `dsod_tiny` of any size and classes a classifier's body, and returns what `pretrain` says of that.

    Raises:
        ValueError: if the classifier's rate is not chosen yet.
    """
    assert isinstance(model, DSOD)
    if trials := wanted():
        variants = " ".join(f"--variant {trial}" for trial in trials)
        raise ValueError(f"the classifier has no learning rate yet: python -m book.experiments classifier {variants}")
    rate = best(scores())
    weights, said = trained(seed, steps, rate)
    body = {name: weight for name, weight in weights.items() if name.startswith(BODY)}
    model.load_state_dict(body, strict=False)
    return {**said, "pretrain_learning_rate": rate}

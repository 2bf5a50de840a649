"""The size of the network's input and of a batch, where the user leaves them to the data and the machine."""

import itertools
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Subset

from ..datasets.in_memory import InMemory
from ..detector.presets import dsod_tiny
from ..detector.priors import prior_boxes
from ..evaluation.prior_recall import SIZES, fitting_size
from ..support.processes import pick_device
from .loading import Loader
from .recipe import TrainConfig
from .step import Learner

TRIED = 128
"""Pixels of the input by which the machine is timed."""
USUAL = 128
"""Pixels of the smallest input that is chosen, for pictures that have as many."""
VIEWS = (4_000, 40_000)
"""How often a run should see a picture, at least: with less time the input shrinks. And with time for more than the
second it grows, as long as the pictures are larger."""


def fitting_batch(pictures: int, usual: int = TrainConfig(epochs=1).batch_size) -> int:
    """Pictures of a step: as usual, or all where there are not so many (two at least, for BatchNorm)."""
    return max(2, min(usual, pictures))


@cache
def tiny_priors(size: int) -> Tensor:
    """The priors [P, 4] of `dsod_tiny` at an input of so many pixels."""
    with torch.device("meta"):  # no weights, and no random numbers for them
        config = dsod_tiny(image_size=size).config
    return prior_boxes(config.priors, config.map_sizes, size)


def chosen_size(
    boxes: Tensor,
    labels: Tensor,
    sizes: Sequence[tuple[int, int]],
    picture: float | None = None,
    seconds: float | None = None,
) -> int:
    """The input of `dsod_tiny` for these pictures: as large as their objects ask for, and as there is time for.

    The smallest size whose priors reach the objects, at least 128 pixels, and no larger than the pictures. With a
    forecast it is smaller if the run would see fewer than 4,000 pictures, and larger if it would see more than 40,000.

    Args:
        boxes: [M, 4] of all objects, xyxy, fractions of their pictures.
        labels: [M].
        sizes: (width, height) of each picture in pixels.
        picture: seconds that one takes at 128 pixels, see `seconds_for_a_picture`; the time grows with the area.
        seconds: that the run has. Both or none.
    """
    areas = sorted(width * height for width, height in sizes)
    own = areas[len(areas) // 2] ** 0.5
    largest = max([size for size in SIZES if size <= max(own, SIZES[0]) * 1.1])
    size = min(largest, fitting_size(boxes, labels, tiny_priors, min(USUAL, largest)))
    if picture is None or seconds is None:
        return size

    def seen(size: int) -> float:
        return seconds / (picture * (size / TRIED) ** 2)

    allowed = [s for s in SIZES if min(USUAL, largest) <= s <= largest]
    while size > allowed[0] and seen(size) < VIEWS[0]:
        size = max(s for s in allowed if s < size)
    while size < allowed[-1] and seen(min(s for s in allowed if s > size)) > VIEWS[1]:
        size = min(s for s in allowed if s > size)
    return size


def seconds_for_a_picture(dataset: Any, config: TrainConfig) -> float:
    """What a picture costs in training at an input of 128 pixels on this machine now, loading and augmenting included.

    Of copy-paste and mosaic nothing is in it; with half of the pictures of each a run takes a third longer. The median
    of a few steps on a model that is thrown away; the first does not count. Pictures that are kept in memory
    are few, so that they are there from the second step on.
    """
    device = pick_device(config.device)
    few = replace(config, epochs=1, minutes=None, batch_size=max(2, min(8, config.batch_size)), norm_batch_size=None)
    with torch.random.fork_rng():
        model = dsod_tiny(len(dataset.classes) + 1, TRIED).train()
        learner = Learner(model, few, device)
        times: list[float] = []
        if isinstance(dataset, InMemory):
            dataset = Subset(dataset, range(few.batch_size))
        loader = Loader(dataset, replace(few, workers=0), device)
        before = time.perf_counter()
        for images, targets, _ in itertools.islice(
            itertools.chain.from_iterable(map(loader.epoch, itertools.count())), 6
        ):
            learner.step(images, targets, len(times), config.learning_rate)
            times.append(time.perf_counter() - before)
            before = time.perf_counter()
    return statistics.median(times[1:]) / few.batch_size

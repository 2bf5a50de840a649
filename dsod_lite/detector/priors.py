"""Priors (anchors): the fixed set of boxes, in every cell of every feature map, that the detector answers for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class PriorConfig:
    """The priors of a detector, one entry for each feature map, finest first. Sizes and steps: in pixels of the input.

    A cell of map i has a square of `min_sizes[i]`, a square of sqrt(min_sizes[i] * max_sizes[i]), and for each ratio
    r in `aspect_ratios[i]` a box r times as wide as high and one r times as high as wide, both of the first square's
    area.
    """

    min_sizes: tuple[float, ...]
    max_sizes: tuple[float, ...]
    aspect_ratios: tuple[tuple[float, ...], ...]
    steps: tuple[float, ...] | None = None
    """Pixels from centre to centre. None: the input divided by the map's size, which keeps every centre inside."""

    def __post_init__(self) -> None:
        check_priors(self)

    @property
    def per_cell(self) -> tuple[int, ...]:
        """How many priors a cell of each map has."""
        return tuple(2 + 2 * len(ratios) for ratios in self.aspect_ratios)


def check_priors(config: PriorConfig) -> None:
    """Raises ValueError if the fields do not describe the same number of maps, or a size is not positive."""
    lengths = {name: len(values) for name, values in vars(config).items() if values is not None}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"PriorConfig: every field needs one entry for each map, but the lengths are {lengths}")
    for i, (small, large) in enumerate(zip(config.min_sizes, config.max_sizes, strict=True)):
        if not 0 < small < large:
            raise ValueError(f"PriorConfig: map {i} needs 0 < min_sizes < max_sizes, but has {small} and {large}")
        if any(not ratio > 0 or ratio == 1 for ratio in config.aspect_ratios[i]):
            raise ValueError(
                f"PriorConfig: aspect_ratios of map {i} are {config.aspect_ratios[i]}; each is above 0 and not 1 "
                "(the squares are there anyway)"
            )
        if config.steps is not None and not config.steps[i] > 0:
            raise ValueError(f"PriorConfig: steps of map {i} is {config.steps[i]}; it is above 0")


# SSD's and DSOD's priors at 300x300 (their released scripts). The first four steps are the maps' strides, so a prior
# keeps its distance to what its cell looks at. Maps that were rounded up are wider than the picture, and so 126 centres
# lie outside it (step 32 in ten cells, 300 in two). They are the authors', so they stay.
VOC300_PRIORS = PriorConfig(
    min_sizes=(30, 60, 111, 162, 213, 264),
    max_sizes=(60, 111, 162, 213, 264, 315),
    aspect_ratios=((2,), (2, 3), (2, 3), (2, 3), (2,), (2,)),
    steps=(8, 16, 32, 64, 100, 300),
)
COCO300_PRIORS = PriorConfig(
    min_sizes=(21, 45, 99, 153, 207, 261),
    max_sizes=(45, 99, 153, 207, 261, 315),
    aspect_ratios=VOC300_PRIORS.aspect_ratios,
    steps=VOC300_PRIORS.steps,
)


def cell_shapes(min_size: float, max_size: float, aspect_ratios: Sequence[float]) -> list[tuple[float, float]]:
    """(width, height) of one cell's priors, in pixels, in the authors' order: min, sqrt(min * max), r, 1/r, ..."""
    geometric_mean = math.sqrt(min_size * max_size)
    shapes = [(min_size, min_size), (geometric_mean, geometric_mean)]
    for ratio in aspect_ratios:
        stretch = math.sqrt(ratio)
        shapes += [(min_size * stretch, min_size / stretch), (min_size / stretch, min_size * stretch)]
    return shapes


def prior_boxes(config: PriorConfig, map_sizes: Sequence[int], image_size: int) -> Tensor:
    """All priors (anchors) of a square input, in the order of the network's answers: map, row, column, shape.

    Args:
        config: what a cell holds.
        map_sizes: side of each feature map in cells, finest first.
        image_size: side of the network's input in pixels.

    Returns:
        [P, 4] cxcywh, fractions of the input, float32. Not clipped: a prior may reach over the edge.

    Source: SSD, section 2.2; weiliu89/caffe prior_box_layer.cpp.
    """
    if len(map_sizes) != len(config.min_sizes):
        raise ValueError(f"{len(map_sizes)} maps, but the priors are configured for {len(config.min_sizes)}")
    boxes = []
    for i, size in enumerate(map_sizes):
        step = config.steps[i] if config.steps else image_size / size
        centres = (torch.arange(size) + 0.5) * step
        y, x = torch.meshgrid(centres, centres, indexing="ij")
        shapes = torch.tensor(cell_shapes(config.min_sizes[i], config.max_sizes[i], config.aspect_ratios[i]))
        centre = torch.stack([x, y], dim=-1).reshape(-1, 1, 2).expand(-1, len(shapes), -1)  # [cells, shapes, 2]
        boxes.append(torch.cat([centre, shapes.expand_as(centre)], dim=-1).reshape(-1, 4))
    return torch.cat(boxes) / image_size

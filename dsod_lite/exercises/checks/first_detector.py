"""Checks of the chapter on a first detector."""

from functools import cache

import torch
from torch import Tensor
from torchvision.ops import box_convert

from ...detector.presets import dsod_tiny
from ..judging import Function, NotYet, as_tensor, call, equal


@cache
def counted(size: int) -> int:
    """Priors of `dsod_tiny` for pictures of that size."""
    return len(dsod_tiny(image_size=size).priors)


def exercise_1(count_priors: Function) -> None:
    for size in (128, 160, 100, 180):
        right = counted(size)
        hint = "The first map has ceil(size / 8) cells a side, each further one half as many, rounded up again."
        if size == 128:
            hint = "Maps of 16, 8, 4, 2 and 1 cells a side, with 4, 6, 6, 6 and 4 priors a cell."
        tried = f"count_priors({size})"
        equal(call(count_priors, size, tried=tried), right, tried, hint)


def exercise_2(blind: Function) -> None:
    two = torch.tensor([[0.5, 0.5, 0.2, 0.4], [0.25, 0.75, 0.5, 0.5]])
    three = torch.tensor([[0.5, 0.5, 0.3, 0.3], [0.25, 0.25, 0.2, 0.2], [0.5, 0.75, 0.4, 0.1]])
    for priors, size, classes in ((two, 128, 4), (three, 200, 3)):
        places_of(blind, priors, size, classes)


def places_of(blind: Function, priors: Tensor, size: int, classes: int) -> None:
    """Whether each prior comes once with each class but the background's."""
    count = len(priors) * (classes - 1)
    tried = (
        f"blind(priors, {size}, {classes}) with {len(priors)} priors, and {classes - 1} classes beside the background"
    )
    found = call(blind, priors, size, classes, tried=tried)
    if not isinstance(found, dict) or not {"boxes", "labels", "scores"} <= set(found):
        raise NotYet(got=found, expected='a dictionary with "boxes", "labels" and "scores"', tried=tried)
    boxes, labels, scores = (as_tensor(found[name], tried) for name in ("boxes", "labels", "scores"))
    hint = f"Each prior once for every class: {len(priors)} · {classes - 1} detections. 0 is no class."
    equal(list(labels.shape), [count], tried, hint)
    equal(list(boxes.shape), [count, 4], tried, "A box for each label.")
    equal(list(scores.shape), [count], tried, "A score for each label.")
    if len(set(scores.tolist())) > 1:
        raise NotYet(got=found["scores"], expected="one and the same score for all", tried=tried)
    corners = box_convert(priors, "cxcywh", "xyxy") * size
    if not any(torch.allclose(boxes[:1], box, atol=1e-3) for box in corners[:, None]):
        hint = "Priors are centres and sizes, in fractions of the picture. Detections are corners, in pixels."
        raise NotYet(got=boxes[0], expected=f"one of {corners.tolist()}", tried=tried, hint=hint)
    pairs = {(int(label), *box) for label, box in zip(labels, boxes.round().tolist(), strict=True)}
    right = {(label, *box) for label in range(1, classes) for box in corners.round().tolist()}
    if pairs != right:
        hint = "Labels go from 1 to num_classes - 1, and each comes once with each prior."
        raise NotYet(got=f"{len(pairs & right)} of the {len(right)} pairs of a label and a box", tried=tried, hint=hint)

"""Checks of the chapter on a first detector."""

import torch
from torchvision.ops import box_convert

from ...detector.presets import dsod_tiny
from ..judging import Function, NotYet, call, equal


def exercise_1(count_priors: Function) -> None:
    for size in (128, 224, 100, 300):
        right = len(dsod_tiny(image_size=size).priors)
        hint = "The first map has ceil(size / 8) cells a side, each further one half as many, rounded up again."
        if size == 128:
            hint = "Maps of 16, 8, 4, 2 and 1 cells a side, with 4, 6, 6, 6 and 4 priors a cell."
        tried = f"count_priors({size})"
        equal(call(count_priors, size, tried=tried), right, tried, hint)


def exercise_2(blind: Function) -> None:
    priors = torch.tensor([[0.5, 0.5, 0.2, 0.4], [0.25, 0.75, 0.5, 0.5]])
    tried = "blind(priors, 128, 4) with two priors and three classes beside the background"
    found = call(blind, priors, 128, 4, tried=tried)
    if not isinstance(found, dict) or not {"boxes", "labels", "scores"} <= set(found):
        raise NotYet(got=found, expected='a dictionary with "boxes", "labels" and "scores"', tried=tried)
    equal(list(found["labels"].shape), [6], tried, "Each prior once for every class: 2 · 3 detections. 0 is no class.")
    equal(list(found["boxes"].shape), [6, 4], tried, "A box for each label.")
    equal(list(found["scores"].shape), [6], tried, "A score for each label.")
    if len(set(found["scores"].tolist())) > 1:
        raise NotYet(got=found["scores"], expected="one and the same score for all", tried=tried)
    corners = box_convert(priors, "cxcywh", "xyxy") * 128
    if not any(torch.allclose(found["boxes"][:1], box, atol=1e-3) for box in corners[:, None]):
        hint = "Priors are centres and sizes, in fractions of the picture. Detections are corners, in pixels."
        raise NotYet(got=found["boxes"][0], expected=f"one of {corners.tolist()}", tried=tried, hint=hint)
    pairs = {(int(label), *box) for label, box in zip(found["labels"], found["boxes"].round().tolist(), strict=True)}
    right = {(label, *box) for label in (1, 2, 3) for box in corners.round().tolist()}
    if pairs != right:
        hint = "Labels go from 1 to num_classes - 1, and each comes once with each prior."
        raise NotYet(got=f"{len(pairs & right)} of the {len(right)} pairs of a label and a box", tried=tried, hint=hint)

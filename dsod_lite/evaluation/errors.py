"""Which kinds of mistakes a detector makes, and what mending each kind would be worth."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.ops import box_iou

from .voc import evaluate_voc

KINDS = ("right", "duplicate", "class", "place", "both", "background")
RIGHT, DUPLICATE, CLASS, PLACE, BOTH, BACKGROUND = range(6)
TIDE = ("class", "place", "both", "duplicate", "background", "missed")
"""The kinds of mistakes in the order of TIDE, which calls them Cls, Loc, Both, Dupe, Bkg and Miss."""

Record = Mapping[str, Any]
SortedOut = tuple[Tensor, Tensor]
"""Of each detection of a picture the kind [N], and the object [N] that it is about."""


def overlaps(found: Record, truth: Record) -> tuple[Tensor, Tensor]:
    """IoU [N, M] of detections with objects, and whether they are of one class, bool [N, M]."""
    iou = box_iou(found["boxes"], truth["boxes"])
    return iou, found["labels"][:, None] == truth["labels"]


def best(values: Tensor) -> Any:
    """The maximum of each row [N, M] and where it is; 0 where there is no object."""
    return F.pad(values, (0, 1)).max(dim=1)


def counting(found: Record, truth: Record) -> tuple[Record, Record]:
    """A picture's detections and objects as far as they count: without difficult ones, and what claims one of these.

    That is VOC's rule, see `evaluate_voc`: neither a hit nor a miss.
    """
    easy = torch.as_tensor(truth.get("difficult", torch.zeros(len(truth["labels"])))) == 0
    iou, same = overlaps(found, truth)
    overlap, item = best(iou * same)
    kept = (overlap < 0.5) | F.pad(easy, (0, 1))[item]
    return (
        {key: value[kept] for key, value in found.items()},
        {key: truth[key][easy] for key in ("boxes", "labels")},
    )


def sort_out(found: Record, truth: Record) -> SortedOut:
    """What kind of mistake each detection of a picture is, if it is one.

    Args:
        found: "boxes" [N, 4] xyxy, "labels" and "scores" [N], best first.
        truth: "boxes" [M, 4] and "labels" [M].

    Returns:
        The kind [N], a place in `KINDS`; and the object [N] that the detection is about.

    Source: Bolya et al., "TIDE", ECCV 2020. Here class is tested before place.
    """
    iou, same = overlaps(found, truth)
    own, own_item = best(iou * same)
    other, other_item = best(iou * ~same)
    kind = torch.full((len(iou),), BACKGROUND)
    kind[other >= 0.1] = BOTH
    kind[own >= 0.1] = PLACE
    kind[other >= 0.5] = CLASS
    kind[own >= 0.5] = DUPLICATE
    claims = kind == DUPLICATE
    for item in own_item[claims].unique():
        kind[(claims & (own_item == item)).nonzero()[0]] = RIGHT
    about_other = (kind == CLASS) | (kind == BOTH)
    item = own_item.where(~about_other, other_item)
    return kind, item  # [N] the kind, [N] the object it is about


def mend(found: Record, truth: Record, kind: Tensor, item: Tensor, which: int) -> Record:
    """The detections with one kind of mistake mended, as by an oracle that knows the ground truth."""
    chosen = kind == which
    mended = {key: value.clone() for key, value in found.items()}
    if which == CLASS:
        mended["labels"][chosen] = truth["labels"][item[chosen]]
    elif which == PLACE:
        mended["boxes"][chosen] = truth["boxes"][item[chosen]]
    else:
        return {key: value[~chosen] for key, value in found.items()}
    again, _ = sort_out(mended, truth)
    keep = (again != DUPLICATE) | (kind == DUPLICATE)
    return {key: value[keep] for key, value in mended.items()}


def without_missed(truth: Record, kind: Tensor, item: Tensor) -> Record:
    """The objects that a detection has found."""
    found = item[kind == RIGHT]
    return {key: truth[key][found] for key in ("boxes", "labels")}


def worst(count: int, sorted_out: Sequence[SortedOut], detections: Sequence[Record]) -> list[tuple[float, int, int]]:
    """The mistakes with the highest scores: score, picture, and the detection's place in it."""
    rows = [
        (found["scores"][i].item(), number, i)
        for number, (found, (kind, _)) in enumerate(zip(detections, sorted_out, strict=True))
        for i in (kind != RIGHT).nonzero()[:, 0].tolist()
    ]
    return sorted(rows, reverse=True)[:count]


def costs(detections: Sequence[Record], targets: Sequence[Record], num_classes: int) -> dict[str, float]:
    """What AP50 would gain if one kind of mistake were mended, and no other: kind -> gain, in TIDE's order.

    They are prices, not shares: they do not add up to what is missing. Difficult objects cost nothing, see `counting`.
    """

    def ap50(found: Sequence[Record], truth: Sequence[Record]) -> float:
        return evaluate_voc(found, truth, num_classes, method="all-point").mean_ap

    pairs = list(map(counting, detections, targets))
    detections, targets = [found for found, _ in pairs], [truth for _, truth in pairs]
    together = list(zip(detections, targets, map(sort_out, detections, targets), strict=True))
    before = ap50(detections, targets)
    worth = {
        KINDS[which]: ap50([mend(d, t, *s, which) for d, t, s in together], targets) - before for which in range(1, 6)
    }
    found = [without_missed(t, *s) for _, t, s in together]
    worth["missed"] = (ap50(detections, found) if any(len(t["labels"]) for t in found) else 1.0) - before
    return {kind: worth[kind] for kind in TIDE}

"""Do the priors reach the objects? It takes seconds to ask, and hours of training to find out."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torchvision.ops import box_convert, box_iou

SIZES = (64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512)
"""Inputs that are tried, in pixels a side."""
ENOUGH = 0.85
"""Of a class's objects, for the priors to be called fitting."""
FEW = 10
"""Of a class with fewer objects nothing is concluded, where another has more."""
PARTS = {"small": (0.0, 0.15), "medium": (0.15, 0.4), "large": (0.4, 9.0)}
"""By the root of the area, as a share of the picture's."""
AT_MOST = 5000
"""So many objects tell what more of them would."""
PAIRS = 2**18
"""Objects times priors that are compared together: a megabyte, which the processor's cache holds."""


def reached(boxes: Tensor, priors: Tensor, iou_threshold: float = 0.5) -> Tensor:
    """Whether each object has a prior that overlaps it by `iou_threshold` or more: bool [M].

    Args:
        boxes: [M, 4] xyxy, fractions of the picture.
        priors: [P, 4] cxcywh, likewise.
    """
    corners = box_convert(priors, "cxcywh", "xyxy")
    best = [box_iou(few, corners).amax(dim=1) for few in boxes.split(max(1, PAIRS // len(priors)))]
    return torch.cat([boxes.new_zeros(0), *best]) >= iou_threshold


def recall_lines(boxes: Tensor, labels: Tensor, classes: Sequence[str], found: Tensor) -> list[str]:
    """The priors' recall as a table: the share of each class's objects, of each size, that a prior reaches.

    Args:
        boxes: [M, 4] xyxy, fractions of the picture.
        labels: [M], 1 to C.
        classes: their C names.
        found: bool [M], see `reached`.
    """
    side = sides(boxes)
    width = max(map(len, ("class", *classes)))
    lines = [f"{'class':{width}}  objects      all" + "".join(f"{part:>9}" for part in PARTS)]
    for label, name in enumerate(classes, start=1):
        ours = labels == label
        shares = [share(found[ours & (side >= low) & (side < high)]) for low, high in PARTS.values()]
        lines.append(f"{name:{width}}  {int(ours.sum()):7}{share(found[ours]):>9}" + "".join(f"{s:>9}" for s in shares))
    return lines


def share(found: Tensor) -> str:
    """A share of objects in print; "–" if there are none."""
    return f"{found.float().mean():.2f}" if len(found) else "–"


def sides(boxes: Tensor) -> Tensor:
    """[M]: the root of each box's area."""
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(dim=1).sqrt()


def worst_recall(labels: Tensor, found: Tensor) -> tuple[float, int]:
    """The recall of the class that the priors reach least, and its label; classes with few objects are passed over.

    Args:
        labels: [M], 1 to C.
        found: bool [M], see `reached`.
    """
    counts = labels.bincount()
    least = min(FEW, int(counts.max())) if len(counts) else 0
    shares = {
        label: found[labels == label].float().mean().item()
        for label, count in enumerate(counts.tolist())
        if count and count >= least
    }
    worst = min(shares, key=shares.__getitem__, default=0)
    return shares.get(worst, 1.0), worst


def fitting_size(boxes: Tensor, labels: Tensor, priors_at: Callable[[int], Tensor], least: int = SIZES[0]) -> int:
    """The smallest input whose priors reach nearly all objects of each class; the best one where none does.

    Args:
        boxes: [M, 4] xyxy, fractions of the picture.
        labels: [M].
        priors_at: the priors [P, 4] cxcywh of an input of so many pixels.
        least: no smaller input than this.
    """
    boxes, labels = sample(boxes), sample(labels)
    best, size_of_best = -1.0, least
    for size in (size for size in SIZES if size >= least):
        recall, _ = worst_recall(labels, reached(boxes, priors_at(size)))
        if recall >= ENOUGH:
            return size
        if recall > best + 0.02:  # a larger input costs time; it has to be worth it
            best, size_of_best = recall, size
    return size_of_best


def sample(objects: Tensor) -> Tensor:
    """Every so many-th row, about `AT_MOST` of them."""
    return objects[:: max(1, len(objects) // AT_MOST)]

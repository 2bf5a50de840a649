"""What `check` and `train` say of the priors: do they reach the objects, and if not, what would mend it?"""

from collections.abc import Sequence

from torch import Tensor

from ..datasets.labels import Upright
from ..datasets.objects import objects_of_labels
from ..evaluation.prior_recall import ENOUGH, PARTS, fitting_size, reached, recall_lines, sample, sides, worst_recall
from ..training.choice import tiny_priors


def report(boxes: Tensor, labels: Tensor, classes: Sequence[str], priors: Tensor, size: int, tiny: bool) -> list[str]:
    """The table of the priors' recall, and advice where a class is not reached.

    Args:
        boxes: [M, 4] xyxy, fractions of the picture.
        labels: [M].
        classes: the names of the labels 1 to C.
        priors: [P, 4] cxcywh, fractions, of an input of `size` pixels.
        size: of the input.
        tiny: whether they are `dsod_tiny`'s, which takes inputs of other sizes.
    """
    low, high = PARTS["medium"]
    lines = [f"priors at {size}×{size}: of the objects, the share that one of them overlaps by half (IoU 0.5)"]
    found = reached(boxes, priors)
    lines += recall_lines(boxes, labels, classes, found)
    lines.append(f"(small: the root of the area is below {low:g} of the picture's, large: {high:g} or more)")
    recall, worst = worst_recall(labels, found)
    if recall >= ENOUGH or not len(boxes):
        return lines
    name = classes[worst - 1]
    missed = sides(boxes)[(labels == worst) & ~found]
    side = missed.median().item() * size
    mend = f"priors with sides of about {side:.0f} pixels (PriorConfig) would reach most"
    if side < 1:
        mend = f"at this size they are {side:.1f} pixels wide and high, which no prior reaches"
    if tiny and (other := fitting_size(boxes, labels, tiny_priors)) != size:
        better, _ = worst_recall(sample(labels), reached(sample(boxes), tiny_priors(other)))
        if better > recall:
            mend = f"with --image-size {other} no class has less than {better:.2f}"
    return [*lines, f"many of {name} have no prior to speak of: {mend}"]


def report_on_pictures(pictures: Sequence[Upright], size: int) -> list[str]:
    """The report on labelled pictures, for `dsod_tiny` at an input of `size` pixels; nothing if there is no object."""
    boxes, labels, classes = objects_of_labels(pictures)
    return report(boxes, labels, classes, tiny_priors(size), size, tiny=True) if len(boxes) else []

"""Labels that are probably wrong: a detector that is sure, and "wrong", may know something."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from torch import Tensor

from .errors import BACKGROUND, CLASS, Record, best, overlaps, sort_out

NEAR = 0.3
"""IoU from which on a detection has something to do with an object."""
HARDLY = 0.05
"""A score below which a detector as good as says that nothing is there."""


class Suspect(NamedTuple):
    """One label to look at.

    "unlabelled": a sure detection with no object near; `label` and `box` are the detection's. "mislabelled": a sure
    detection right on an object of another class; likewise. "doubtful": an object near which nothing is found at
    any score worth the name; its own.
    """

    kind: Literal["unlabelled", "mislabelled", "doubtful"]
    picture: int
    box: Tensor
    """[4] xyxy in pixels."""
    label: int
    score: float
    """Of the detection; of a doubtful object the highest near it."""


def suspects(detections: Sequence[Record], targets: Sequence[Record], min_score: float = 0.5) -> list[Suspect]:
    """The labels that a detector doubts: where it is surest first, and the doubtful objects last.

    Best on pictures that it was not trained on: of the others it knows the labels by heart, the wrong ones too.

    Args:
        detections: dicts with "boxes" [N, 4] xyxy in pixels, "labels" and "scores" [N], best first.
        targets: dicts with "boxes" [M, 4] and "labels" [M].
        min_score: from which on a detection is sure.
    """
    sure: list[Suspect] = []
    doubtful: list[Suspect] = []
    for picture, (found, truth) in enumerate(zip(detections, targets, strict=True)):
        kinds, _ = sort_out(found, truth)
        for i in (((kinds == BACKGROUND) | (kinds == CLASS)) & (found["scores"] >= min_score)).nonzero()[:, 0].tolist():
            kind = "unlabelled" if kinds[i] == BACKGROUND else "mislabelled"
            score = found["scores"][i].item()
            sure.append(Suspect(kind, picture, found["boxes"][i], int(found["labels"][i]), score))  # type: ignore[arg-type]
        near = (overlaps(found, truth)[0] >= NEAR).T  # [M, N]
        highest, _ = best(near * found["scores"])
        for i in (highest < HARDLY).nonzero()[:, 0].tolist():
            label, score = int(truth["labels"][i]), highest[i].item()
            doubtful.append(Suspect("doubtful", picture, truth["boxes"][i], label, score))
    return sorted(sure, key=lambda s: -s.score) + sorted(doubtful, key=lambda s: s.score)

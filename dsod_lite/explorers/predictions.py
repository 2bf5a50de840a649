"""PredictionExplorer: what a detector answers about one picture, before anything is thrown away."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Self

import torch
import traitlets
from matplotlib.figure import Figure
from torch import Tensor

from .. import plots
from ..detector.detect import detect
from ..detector.inputs import corner_scale
from ..detector.model import DSOD
from .explorer import Explorer, decode_picture
from .floats import from_text, to_text
from .thumbnail import thumbnail

LONGEST_SIDE = 480  # pixels of the shipped picture


class Answers(traitlets.HasTraits):
    """The raw answers for K of a model's priors, as js/answers.js reads them, and what becomes of them."""

    width = traitlets.Int(1).tag(sync=True)
    height = traitlets.Int(1).tag(sync=True)
    """Of the picture that was given, in pixels."""
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The names of the labels 1, 2, ..."""
    offsets = traitlets.Unicode().tag(sync=True)
    """[K, 4]; this and `logits` as text, see `floats.to_text`."""
    logits = traitlets.Unicode().tag(sync=True)
    """[K, C], background first."""
    prior_indices = traitlets.List(traitlets.Int()).tag(sync=True)
    """Which of the model's priors the K are, in its order."""
    num_priors = traitlets.Int().tag(sync=True)
    """How many the model has."""
    best_left_out = traitlets.Float().tag(sync=True)
    """No other prior gives a class a score above this."""
    candidates_per_class = traitlets.Int(400).tag(sync=True)
    detections_per_image = traitlets.Int(200).tag(sync=True)
    score_threshold = traitlets.Float(0.3).tag(sync=True)
    nms_threshold = traitlets.Float(0.45).tag(sync=True)


class PredictionExplorer(Answers, Explorer):
    """Move the thresholds, take suppression away, and look into any box: its prior, its offsets, its scores.

    It holds the raw answers for K of the model's priors, those that give some class the highest scores.
    """

    _modules = ("boxes", "priors", "floats", "nms", "marks", "answers", "box_look", "prediction_explorer")

    picture = traitlets.Unicode().tag(sync=True)
    """A JPEG in a data URL, or empty for a blank sheet."""
    objects = traitlets.List(traitlets.List(traitlets.Float(), minlen=5, maxlen=5)).tag(sync=True)
    """The ground truth: x1, y1, x2, y2 in pixels, and the label."""
    priors = traitlets.Unicode().tag(sync=True)
    """[K, 4] cxcywh, fractions, as text."""
    map_sizes = traitlets.List(traitlets.Int()).tag(sync=True)
    aspect_ratios = traitlets.List(traitlets.List(traitlets.Float())).tag(sync=True)

    suppression = traitlets.Bool(True).tag(sync=True)
    """False: all boxes above the score threshold, as they are before suppression."""
    label = traitlets.Int(0).tag(sync=True)
    """The one class that is shown; 0: all of them."""
    truth = traitlets.Bool(True).tag(sync=True)
    """Whether the ground truth is drawn."""
    selected = traitlets.List(traitlets.Int()).tag(sync=True)
    """The box that is looked into: the prior's index in the model, and the label."""

    @classmethod
    def from_model(
        cls,
        model: DSOD,
        image: Tensor,
        target: Mapping[str, Any] | None = None,
        classes: Sequence[str] = (),
        keep: int = 300,
    ) -> Self:
        """The answers of a model on a picture.

        Args:
            model: left in the mode it is in.
            image: [3, H, W], float in [0, 1].
            target: "boxes" [M, 4] xyxy in pixels and "labels" [M]; None: no ground truth is known.
            classes: the names of the labels 1, 2, ...; without them the numbers are shown.
            keep: K.

        Raises:
            ValueError: a logit is not finite, or `classes` has not one name for each label.
        """
        config = model.config
        names = list(classes) or [str(label) for label in range(1, config.num_classes)]
        if len(names) != config.num_classes - 1:
            raise ValueError(f"classes: {len(names)} names, but the model has {config.num_classes - 1} classes")
        answers = best_answers(model, image, keep)
        logits = from_text(answers["logits"], config.num_classes)
        first = int(logits.softmax(dim=1)[:, 1:].amax(dim=1).argmax())
        return cls(
            picture=thumbnail(image, LONGEST_SIDE),
            width=image.shape[-1],
            height=image.shape[-2],
            classes=names,
            priors=to_text(model.priors[answers["prior_indices"]]),
            objects=[] if target is None else object_rows(target),
            map_sizes=list(config.map_sizes),
            aspect_ratios=[list(ratios) for ratios in config.priors.aspect_ratios],
            selected=[answers["prior_indices"][first], int(logits[first, 1:].argmax()) + 1],
            **answers,
        )

    def detections(self) -> dict[str, Tensor]:
        """What is shown at the thresholds as they stand: "boxes" [N, 4] xyxy in pixels, "labels", "scores"."""
        found = detect(
            from_text(self.offsets, 4)[None],
            from_text(self.logits, len(self.classes) + 1)[None],
            from_text(self.priors, 4),
            self.score_threshold,
            self.nms_threshold if self.suppression else 1.0,
            self.candidates_per_class,
            self.detections_per_image if self.suppression else len(self.prior_indices) * len(self.classes),
        )[0]
        shown = (found["labels"] == self.label) | (self.label == 0)
        found["boxes"] = found["boxes"] * self._pixels
        return {field: values[shown] for field, values in found.items()}

    def still(self) -> Figure:
        image = decode_picture(self.picture)
        if image is None:
            image = torch.ones(3, self.height, self.width)
        scale = corner_scale(image) / self._pixels  # from the picture that was given to the one that is shipped
        found = self.detections()
        truth = torch.tensor([row[:4] for row in self.objects if self.truth]).reshape(-1, 4)
        return plots.show_detections(
            [image], [found | {"boxes": found["boxes"] * scale}], [{"boxes": truth * scale}], self.classes, min_score=0
        )

    @property
    def _pixels(self) -> Tensor:
        return torch.tensor([self.width, self.height, self.width, self.height])


@torch.no_grad()
def raw_answers(model: DSOD, image: Tensor) -> tuple[Tensor, Tensor]:
    """Offsets [P, 4] and logits [P, C] of one picture in evaluation mode, float32 on the CPU."""
    model = in_evaluation(model)
    offsets, logits = model.network(model.normalize([image.to(model.priors.device)]))
    return offsets[0].float().cpu(), logits[0].float().cpu()


def object_rows(target: Mapping[str, Any]) -> list[list[float]]:
    """x1, y1, x2, y2 and the label of each object."""
    return [[*box, label] for box, label in zip(target["boxes"].tolist(), target["labels"].tolist(), strict=True)]


def best_answers(model: DSOD, image: Tensor, keep: int) -> dict[str, Any]:
    """The raw answers of the `keep` priors that give some class the highest scores, as `Answers` has them.

    Raises:
        ValueError: a logit is not finite.
    """
    offsets, logits = raw_answers(model, image)
    if not logits.isfinite().all():
        raise ValueError("logits: the model's answer on this picture is not finite")
    best = logits.softmax(dim=1)[:, 1:].amax(dim=1)
    order = best.argsort(descending=True, stable=True)
    chosen = order[:keep].sort().values  # in the model's order, which decides between equal scores
    return {
        "offsets": to_text(offsets[chosen]),
        "logits": to_text(logits[chosen]),
        "prior_indices": chosen.tolist(),
        "num_priors": len(best),
        "best_left_out": best[order[keep:]].max().item() if len(best) > keep else 0.0,
        "candidates_per_class": model.config.candidates_per_class,
        "detections_per_image": model.config.detections_per_image,
        "nms_threshold": model.config.nms_threshold,
    }


def in_evaluation(model: DSOD) -> DSOD:
    """A copy in evaluation mode: a copy, because a frozen part may be in a mode of its own."""
    return copy.deepcopy(model).eval()

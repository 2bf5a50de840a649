"""PipelineExplorer: one picture, followed through all of the detector."""

from typing import Any, Self

import matplotlib.pyplot as plt
import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from torch import Tensor
from torchvision.ops import box_convert, box_iou

from .. import plots
from ..datasets.labelled import LabelledDataset
from ..detector.detect import detect
from ..detector.loss import mine_hard_negatives
from ..detector.matching import match
from ..detector.model import DSOD
from ..detector.priors import prior_boxes
from ..evaluation.predict import predict
from ..evaluation.voc import precision_recall
from .channels import busiest_channels
from .explorer import decode_picture
from .floats import from_bytes, from_text, to_bytes, to_text
from .loss import prior_losses, right_answers
from .picture import PictureExplorer
from .predictions import Answers, best_answers
from .ranking import rankings
from .receptive_field import effective_fields

TITLES = {
    "picture": "The picture and its ground truth",
    "maps": "One channel of a feature map",
    "priors": "The priors of one cell",
    "matches": "The priors that answer for an object",
    "loss": "The mined negatives",
    "scores": "All boxes above the score threshold",
    "suppression": "What suppression leaves",
    "precision": "Precision and recall of one class",
}
"""The stages, as a figure on paper is called."""
KEEP = 100  # priors whose raw answers are shipped
FIELD_PICTURES = 32  # from which the effective receptive fields are measured


class PipelineExplorer(Answers, PictureExplorer):
    """Walk from the picture to average precision, and see what the detector makes of it at each stage.

    `stage` is one of "picture", "maps", "priors", "matches", "loss", "scores", "suppression" and "precision".
    `feature` and `channel` are places among the feature maps and their channels; `map_index`, `row` and `column` name
    the cell whose priors are shown.
    """

    _modules = (
        *("boxes", "priors", "floats", "matching", "nms", "answers", "average_precision"),
        *("marks", "heat", "found_marks", "curve_plot", "pipeline_stages", "pipeline_explorer"),
    )

    stage = traitlets.Enum(tuple(TITLES), "picture").tag(sync=True)
    labels = traitlets.List(traitlets.Int()).tag(sync=True)
    """Of the objects, whose boxes are `boxes`."""
    features = traitlets.List(traitlets.Dict()).tag(sync=True)
    """See `channels.busiest_channels`."""
    feature = traitlets.Int(0).tag(sync=True)
    channel = traitlets.Int(0).tag(sync=True)
    fields = traitlets.List(traitlets.Dict()).tag(sync=True)
    """Of each map the effective receptive field: {"width", "values"}, these [64, 64] bytes as text."""
    map_index = traitlets.Int(1).tag(sync=True)
    row = traitlets.Int(0).tag(sync=True)
    column = traitlets.Int(0).tag(sync=True)

    match_threshold = traitlets.Float().tag(sync=True)
    negatives_per_positive = traitlets.Float().tag(sync=True)
    min_negatives = traitlets.Int().tag(sync=True)
    losses = traitlets.Unicode().tag(sync=True)
    """[P, 1], every prior's cross-entropy for its right answer, as text."""

    rankings = traitlets.List(traitlets.Dict()).tag(sync=True)
    """Of each class, over `num_pictures` pictures: see `ranking.rankings`."""
    num_pictures = traitlets.Int().tag(sync=True)
    label = traitlets.Int(1).tag(sync=True)
    """The class whose precision and recall are shown."""

    @classmethod
    def from_model(cls, model: DSOD, dataset: LabelledDataset, number: int, **traits: Any) -> Self:
        """What a model makes of a picture of a data set.

        Args:
            model: left as it is. The side of its input is a multiple of 32 and of each map's cells.
            dataset: at least 32 pictures, none of which the model was trained on.
            number: of the picture.
            traits: further state to begin with, such as `stage`.

        Raises:
            ValueError: the model has not one class for each of the data set's, or too few pictures.
        """
        config, (image, target) = model.config, dataset[number]
        if len(dataset.classes) != config.num_classes - 1 or len(dataset) < FIELD_PICTURES:
            found = f"{len(dataset.classes)} classes and {len(dataset)} pictures"
            raise ValueError(f"dataset: {found}; it takes {config.num_classes - 1} and {FIELD_PICTURES} or more")
        middle = config.map_sizes[traits.get("map_index", 1)] // 2
        fields = effective_fields(model, [dataset[i][0] for i in range(FIELD_PICTURES)])
        right, _ = right_answers(model, image, target)
        state = {
            "width": config.image_size,
            "height": config.image_size,
            "classes": list(dataset.classes),
            "labels": target["labels"].tolist(),
            "features": busiest_channels(model, image),
            "fields": [{"width": field.width, "values": to_bytes(field.strength)} for field in fields],
            "row": middle,
            "column": middle,
            "match_threshold": config.match_threshold,
            "negatives_per_positive": config.negatives_per_positive,
            "min_negatives": config.min_negatives,
            "losses": to_text(prior_losses(model, image, right)),
            "rankings": rankings(*predict(model, dataset, progress=False), number, config.num_classes),
            "num_pictures": len(dataset),
            "label": int(target["labels"][0]),
        }
        return cls(config, image, target["boxes"], **{**state, **best_answers(model, image, KEEP), **traits})

    def still(self) -> Figure:
        figure, axes = plt.subplots(figsize=(4.6, 4.6), layout="constrained")
        if self.stage == "precision":
            ranking = self.rankings[self.label - 1]
            counted = np.array([letter == "t" for letter in ranking["verdicts"] if letter != "d"])
            curve = precision_recall(counted, np.empty(0), ranking["total"])
            axes.plot(curve.recall, curve.precision, color=plots.PALETTE[0])
            axes.set(xlabel="recall", ylabel="precision", title=self.classes[self.label - 1])
            return figure
        image = decode_picture(self.picture)
        assert image is not None
        side = image.shape[-1]
        boxes, names = self._shown()
        labels = torch.arange(1, len(boxes) + 1) if names else None
        plots.show_boxes(image, boxes * side / self.image_size, labels, class_names=names, ax=axes)
        if self.stage == "maps":
            feature = self.features[self.feature]
            cells = feature["cells"]
            values = from_bytes(feature["values"]).reshape(-1, cells, cells)[self.channel].numpy()
            axes.imshow(values, cmap="inferno", alpha=0.7, extent=(0, side, side, 0))
        axes.set_title(TITLES[self.stage], fontsize=10)
        return figure

    def _shown(self) -> tuple[Tensor, list[str]]:
        """Boxes [N, 4] xyxy in the input's pixels, and their names, or no names."""
        size, truth = self.image_size, torch.tensor(self.boxes).reshape(-1, 4)
        centres = prior_boxes(self.priors, self.map_sizes, size)
        corners = box_convert(centres, "cxcywh", "xyxy")
        matched = match(box_iou(truth / size, corners)[None], self.match_threshold)[0] >= 0
        if self.stage in ("picture", "maps"):
            return truth, [self.classes[label - 1] for label in self.labels]
        if self.stage == "priors":
            each, n = self.priors.per_cell, self.map_index
            start = sum(k * s * s for k, s in zip(each[:n], self.map_sizes, strict=False))
            start += (self.row * self.map_sizes[n] + self.column) * each[n]
            return corners[start : start + each[n]] * size, []
        if self.stage == "matches":
            return corners[matched] * size, []
        if self.stage == "loss":
            losses = from_text(self.losses, 1)[:, 0]
            mined = mine_hard_negatives(losses[None], matched[None], self.negatives_per_positive, self.min_negatives)[0]
            return corners[mined] * size, []
        found = detect(
            from_text(self.offsets, 4)[None],
            from_text(self.logits, len(self.classes) + 1)[None],
            centres[self.prior_indices],
            self.score_threshold,
            self.nms_threshold if self.stage == "suppression" else 1.0,
            self.candidates_per_class,
            self.detections_per_image,
        )[0]
        return found["boxes"] * size, [self.classes[label - 1] for label in found["labels"].tolist()]

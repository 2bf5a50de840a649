"""AveragePrecisionExplorer: detections one after another, and the precision-recall curve they draw."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Self, cast

import matplotlib.pyplot as plt
import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from .. import plots
from ..evaluation.tables import Records, Table, gather
from ..evaluation.voc import Method, evaluate_voc
from ..plots.canvas import class_name
from .explorer import Explorer
from .floats import from_text, to_text
from .thumbnail import thumbnail


class AveragePrecisionExplorer(Explorer):
    """Move the score threshold and watch the curve grow; pick a point of it and see the box that made it.

    Detections and objects are those of `labels`, picture after picture, in the order that was given.
    """

    _modules = (
        "boxes",
        "floats",
        "average_precision",
        "marks",
        "curve_plot",
        "rank_strip",
        "shot",
        "average_precision_explorer",
    )

    pictures = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """JPEGs in data URLs."""
    sizes = traitlets.List(traitlets.List(traitlets.Int(), minlen=2, maxlen=2)).tag(sync=True)
    """Width and height of each picture that was given, in pixels."""
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The names of the labels 1, 2, ..."""
    labels = traitlets.List(traitlets.Int()).tag(sync=True)
    """The classes to choose from."""

    boxes = traitlets.Unicode().tag(sync=True)
    """[N, 4] xyxy in pixels; this and `scores` as text, see `floats.to_text`."""
    scores = traitlets.Unicode().tag(sync=True)
    """[N]."""
    box_pictures = traitlets.List(traitlets.Int()).tag(sync=True)
    box_labels = traitlets.List(traitlets.Int()).tag(sync=True)
    """Which picture and which label each detection has: N each."""
    totals = traitlets.List(traitlets.Int()).tag(sync=True)
    """How many detections each of `labels` had before only the best were kept."""

    objects = traitlets.Unicode().tag(sync=True)
    """[M, 4] xyxy in pixels, as text."""
    object_pictures = traitlets.List(traitlets.Int()).tag(sync=True)
    object_labels = traitlets.List(traitlets.Int()).tag(sync=True)
    object_difficult = traitlets.List(traitlets.Bool()).tag(sync=True)
    """M each."""

    label = traitlets.Int().tag(sync=True)
    """The class that is shown."""
    iou_threshold = traitlets.Float(0.5).tag(sync=True)
    score_threshold = traitlets.Float(0.3).tag(sync=True)
    """The curve is drawn as far as the detections that score this or more."""
    method = traitlets.Enum(("11point", "all-point"), "all-point").tag(sync=True)
    """Which area is shaded."""
    selected = traitlets.Int(-1).tag(sync=True)
    """The rank, from 0, of the detection that is looked into; -1: the last one that is drawn."""

    @classmethod
    def from_results(
        cls,
        images: Iterable[Tensor],
        detections: Records,
        targets: Records,
        label: int | Sequence[int],
        classes: Sequence[str],
        keep: int = 200,
        longest_side: int = 128,
    ) -> Self:
        """What a detector found in a few dozen pictures.

        Args:
            images: [3, H, W] each, float in [0, 1] or uint8; looked at once, one by one.
            detections: for each image "boxes" [N, 4] xyxy in pixels, "labels" and "scores" [N].
            targets: for each image "boxes", "labels" and perhaps "difficult".
            label: the class, or the classes to choose from, the first one first.
            classes: the names of the labels 1, 2, ...
            keep: the best so many detections of each class over all images.
            longest_side: of a shipped picture in pixels; at 128 each adds about 4 kB to the page.

        Raises:
            ValueError: the lists are empty or differ in length, `label` names no class, or as `evaluate_voc` does.
        """
        labels = [label] if isinstance(label, int) else list(label)
        shown = [(thumbnail(image, longest_side), [image.shape[-1], image.shape[-2]]) for image in images]
        if not 0 < len(shown) == len(targets):
            raise ValueError(f"images: there are {len(shown)}, and {len(targets)} targets")
        if not labels or not all(1 <= one <= len(classes) for one in labels):
            raise ValueError(f"label is {label}; classes has the {len(classes)} names from 1 up")
        found, objects = gather(detections, targets, {"difficult": 0.0}, len(classes) + 1)
        best = np.sort(np.concatenate([best_rows(found, one, keep) for one in labels]))
        real = np.flatnonzero(np.isin(objects["labels"], labels))
        return cls(
            pictures=[picture for picture, _ in shown],
            sizes=[size for _, size in shown],
            classes=list(classes),
            labels=labels,
            boxes=to_text(torch.from_numpy(found["boxes"][best])),
            scores=to_text(torch.from_numpy(found["scores"][best])),
            box_pictures=found["image"][best].tolist(),
            box_labels=found["labels"][best].tolist(),
            totals=[int((found["labels"] == one).sum()) for one in labels],
            objects=to_text(torch.from_numpy(objects["boxes"][real])),
            object_pictures=objects["image"][real].tolist(),
            object_labels=objects["labels"][real].tolist(),
            object_difficult=(objects["difficult"][real] != 0).tolist(),
            label=labels[0],
        )

    def still(self) -> Figure:
        method = cast(Method, self.method)
        result = evaluate_voc(*self.records(), len(self.classes) + 1, self.iou_threshold, method)
        ap = result.ap[self.label]
        one = dataclasses.replace(result, mean_ap=ap, ap={self.label: ap})
        figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
        plots.plot_precision_recall(one, self.classes, axes)
        axes.set_title(f"{class_name(self.label, self.classes)}, IoU {self.iou_threshold:g}", fontsize=10)
        return figure

    def records(self) -> tuple[list[dict[str, Tensor]], list[dict[str, Tensor]]]:
        """Detections and targets of all pictures as far as they are here, in the form `evaluate_voc` wants."""
        picture, labels = torch.tensor(self.box_pictures), torch.tensor(self.box_labels)
        found = {"boxes": from_text(self.boxes, 4), "labels": labels, "scores": from_text(self.scores, 1)[:, 0]}
        place = torch.tensor(self.object_pictures)
        objects = {
            "boxes": from_text(self.objects, 4),
            "labels": torch.tensor(self.object_labels),
            "difficult": torch.tensor(self.object_difficult, dtype=torch.bool),
        }
        split = [
            [{field: values[where == i] for field, values in rows.items()} for i in range(len(self.pictures))]
            for rows, where in ((found, picture), (objects, place))
        ]
        return split[0], split[1]


def best_rows(found: Table, label: int, keep: int) -> NDArray:
    """Where the best-scored detections of a class are, at most `keep`; of equal scores the first."""
    rows = np.flatnonzero(found["labels"] == label)
    return rows[np.argsort(-found["scores"][rows], kind="stable")[:keep]]

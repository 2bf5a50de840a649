"""MatchingExplorer: which priors answer for which object, and what they are asked to say."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import torch
import traitlets
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor
from torchvision.ops import box_convert, box_iou

from .. import plots
from ..detector.config import DSODConfig
from ..detector.matching import NO_OVERLAP, match
from ..detector.priors import prior_boxes
from .explorer import decode_picture
from .picture import PictureExplorer


class MatchingExplorer(PictureExplorer):
    """Drag and resize the objects, change the threshold and the method, and read the offsets of any matched prior.

    `boxes` (xyxy, pixels of the network's input), `threshold` and `method` can be read and set; `prior` is the index of
    the matched prior whose offsets are shown, -1 for the first.
    """

    _modules = ("boxes", "priors", "matching", "offsets_panel", "movable", "matching_explorer")

    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """What each object is."""
    threshold = traitlets.Float().tag(sync=True)
    method: Any = traitlets.Enum(("bipartite", "best")).tag(sync=True)
    """How an object gets a prior of its own: "bipartite" as in `match`, or "best" as in `match_best`."""
    negatives_per_positive = traitlets.Float().tag(sync=True)
    min_negatives = traitlets.Int().tag(sync=True)
    prior = traitlets.Int(-1).tag(sync=True)

    def __init__(
        self,
        config: DSODConfig,
        image: Tensor | None,
        boxes: Tensor,
        labels: Tensor,
        classes: Sequence[str],
        **traits: Any,
    ) -> None:
        """
        Args:
            config: gives the maps, their priors, and how they are matched.
            image: [3, H, W], float in [0, 1] or uint8.
            boxes: [M, 4] xyxy in pixels of the image; without an image, of the network's input.
            labels: [M] int, 1 to the number of classes.
            classes: the names of the labels from 1 up.
            traits: further state to begin with, such as `threshold`.

        Raises:
            ValueError: there are not as many labels as boxes, or a label has no name.
        """
        if len(labels) != len(boxes):
            raise ValueError(f"there are {len(boxes)} boxes, but {len(labels)} labels")
        if any(not 1 <= label <= len(classes) for label in labels.tolist()):
            raise ValueError(f"labels are {labels.tolist()}; each is 1 to {len(classes)}, the number of classes")
        matching = {
            "threshold": config.match_threshold,
            "method": "bipartite",
            "negatives_per_positive": config.negatives_per_positive,
            "min_negatives": config.min_negatives,
            "names": [classes[label - 1] for label in labels.tolist()],
        }
        super().__init__(config, image, boxes, **{**matching, **traits})

    def still(self) -> Figure:
        priors = prior_boxes(self.priors, self.map_sizes, self.image_size)
        corners = box_convert(priors, "cxcywh", "xyxy")
        boxes = torch.tensor(self.boxes).reshape(-1, 4)
        iou = box_iou(boxes / self.image_size, corners)
        matched = match(iou[None], self.threshold)[0] if self.method == "bipartite" else match_best(iou, self.threshold)
        image = decode_picture(self.picture)
        figure, axes = plt.subplots(figsize=(5, 5), layout="constrained")
        sheet = torch.full((3, self.image_size, self.image_size), 0.94) if image is None else image
        scale = sheet.shape[-1] / self.image_size
        for prior, item in zip(corners[matched >= 0].tolist(), matched[matched >= 0].tolist(), strict=True):
            x1, y1, x2, y2 = (sheet.shape[-1] * v for v in prior)
            colour = plots.PALETTE[item % len(plots.PALETTE)]
            axes.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=colour, linewidth=0.8))
        plots.show_boxes(sheet, boxes * scale, torch.arange(len(boxes)) + 1, class_names=self.names, ax=axes)
        positives = int((matched >= 0).sum())
        axes.set_title(f"{positives} of {len(priors):,} priors match at IoU {self.threshold:.2f}", fontsize=10)
        return figure


def match_best(iou: Tensor, threshold: float) -> Tensor:
    """What many ports do in the place of `match`: where two objects want the same prior, the later one takes it.

    Args:
        iou: [M, P], of one picture.
        threshold: IoU, 0 to 1.

    Returns:
        [P] int64: index of the object, -1 for background.
    """
    if len(iou) == 0:
        return torch.full((iou.shape[1],), -1)
    overlap, matched = iou.max(dim=0)
    matched = matched.where(overlap >= threshold, -1)
    for item, prior in enumerate(iou.argmax(dim=1).tolist()):
        if iou[item, prior] > NO_OVERLAP:
            matched[prior] = item
    return matched

"""OverlapExplorer: two boxes to drag, and three measures of how they overlap."""

from typing import Any

import matplotlib.pyplot as plt
import torch
import traitlets
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor
from torchvision.ops import box_iou, distance_box_iou, generalized_box_iou

from .. import plots
from .explorer import Explorer


class OverlapExplorer(Explorer):
    """Drag two boxes and their corners, and read their IoU, and its relatives GIoU and DIoU.

    `boxes` (xyxy, two of them, on a sheet from 0 to `size`) can be read and set.
    """

    _modules = ("overlap", "movable", "overlap_explorer")

    size = traitlets.Float(100.0).tag(sync=True)
    """The sheet's side."""
    boxes = traitlets.List(traitlets.List(traitlets.Float(), minlen=4, maxlen=4), minlen=2, maxlen=2).tag(sync=True)

    def __init__(self, boxes: Tensor, **traits: Any) -> None:
        """
        Args:
            boxes: [2, 4] xyxy, within the sheet.
            traits: further state, such as `size`.

        Raises:
            ValueError: there are not two boxes, or one has no width or height.
        """
        if boxes.shape != (2, 4) or not (boxes[:, 2:] > boxes[:, :2]).all():
            raise ValueError(f"boxes: expected two with a width and a height, [2, 4] xyxy, got {boxes.tolist()}")
        super().__init__(boxes=boxes.tolist(), **traits)

    def still(self) -> Figure:
        a, b = torch.tensor(self.boxes).split(1)
        figure, axes = plt.subplots(figsize=(5, 5), layout="constrained")
        for colour, (x1, y1, x2, y2) in zip(plots.PALETTE, self.boxes, strict=False):
            axes.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, alpha=0.4, color=colour))
        axes.set(xlim=(0, self.size), ylim=(self.size, 0), aspect="equal")
        measures = {"IoU": box_iou, "GIoU": generalized_box_iou, "DIoU": distance_box_iou}
        said = [f"{name} {measure(a, b).item():.3f}".replace("-", "−") for name, measure in measures.items()]
        axes.set_title(", ".join(said), fontsize=10)
        return figure

"""Two heads without priors on DSOD's backbone, in which each cell of a feature map answers for itself.

They differ in which cells answer for an object: all near its centre, on the map of its size, as in FCOS; or exactly
one, as in DETR, chosen by how well it answers already. After the second nothing is left to suppress.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.utils.data import Dataset
from torchvision.ops import batched_nms, box_iou, generalized_box_iou_loss, sigmoid_focal_loss

from dsod_lite import DSOD
from dsod_lite.detector.config import DSODConfig
from dsod_lite.detector.inputs import Each, corner_scale, pad_targets
from dsod_lite.detector.prediction import MultiBoxHead

from .common import judge

RADIUS = 1.5
"""Cells from an object's centre to a cell that answers for it, along either axis."""
WEIGHT_OF_IOU = 0.8
"""How much the box counts when one cell is chosen, and how much less the score."""
RARE = 0.01
"""The score that every class has in every cell before training: nearly all is background."""
FARTHEST = 4.0
"""The logarithm of the longest way from a cell to a side of its box, in cells: 55 cells are more than any map has."""
CANDIDATES = 400
"""The best so many answers of a picture are looked at."""


def map_cells(config: DSODConfig) -> Tensor:
    """Every cell of every map, in the head's order: [N, 5] of centre x and y, side, and the sizes that the map is for.

    All are fractions of the picture. A map is for objects whose longer side lies between the smallest prior's that DSOD
    has there and the next map's; the first takes smaller ones too, the last larger ones.
    """
    sizes = [size / config.image_size for size in config.priors.min_sizes]
    maps = []
    for n, low, high in zip(config.map_sizes, [0.0, *sizes[1:]], [*sizes[1:], math.inf], strict=True):
        middle = (torch.arange(n) + 0.5) / n
        y, x = torch.meshgrid(middle, middle, indexing="ij")
        same = torch.tensor([1 / n, low, high]).expand(n * n, 3)
        maps.append(torch.cat([x.reshape(-1, 1), y.reshape(-1, 1), same], dim=1))
    return torch.cat(maps)


def boxes_of(distances: Tensor, cells: Tensor) -> Tensor:
    """[B, N, 4], logarithms of the ways to the box's four sides, in cells -> boxes [B, N, 4] xyxy, fractions."""
    left_top, right_bottom = (distances.clamp(max=FARTHEST).exp() * cells[:, 2:3]).split(2, dim=2)
    return torch.cat([cells[:, :2] - left_top, cells[:, :2] + right_bottom], dim=2)


def inside(cells: Tensor, boxes: Tensor) -> Tensor:
    """Which cells' centres lie in which boxes [M, 4]: bool [M, N]."""
    x, y = cells[:, 0], cells[:, 1]
    left, top, right, bottom = boxes[..., None].unbind(1)
    return (left < x) & (x < right) & (top < y) & (y < bottom)


def many_cells(cells: Tensor, boxes: Tensor, labels: Tensor, found: Tensor, scores: Tensor) -> Tensor:
    """FCOS's assignment: all cells in an object's box, near its centre, on the map that is for its size.

    Args:
        cells: [N, 5], from `map_cells`.
        boxes: [M, 4] xyxy, fractions: the objects'.
        labels: [M] int64, from 1.
        found: [N, 4] xyxy, the cells' own boxes. This rule does not look at them, nor at the scores.
        scores: [N, C], without background.

    Returns:
        [N] int64, the object that each cell answers for: of several the smallest. -1: background.

    Source: FCOS, sections 3.1 and 3.2, with the centre sampling of its later version.
    """
    if not len(boxes):
        return torch.full((len(cells),), -1)
    sides = boxes[:, 2:] - boxes[:, :2]
    centre = (boxes[:, :2] + sides / 2)[:, None]
    near = ((cells[:, :2] - centre).abs() < RADIUS * cells[:, 2:3]).all(dim=2)
    longer = sides.amax(dim=1)[:, None]
    fits = (cells[:, 3] < longer) & (longer <= cells[:, 4])
    area = sides.prod(dim=1)[:, None].where(inside(cells, boxes) & near & fits, math.inf)
    smallest, object_of = area.min(dim=0)
    return object_of.where(smallest < math.inf, -1)


def one_cell(cells: Tensor, boxes: Tensor, labels: Tensor, found: Tensor, scores: Tensor) -> Tensor:
    """One cell for each object, in its box, on any map: those whose answers are best already, by optimal assignment.

    Arguments and result as `many_cells`. Source: DETR, section 3.1; the quality is that of POTO (Wang et al., 2021).
    """
    iou = box_iou(boxes, found)
    quality = scores[:, labels - 1].T ** (1 - WEIGHT_OF_IOU) * iou**WEIGHT_OF_IOU
    quality = (quality + 1e-6).where(inside(cells, boxes), 0.0)
    item, cell = (torch.as_tensor(i) for i in linear_sum_assignment(quality.numpy(), maximize=True))
    real = quality[item, cell] > 0
    object_of = torch.full((len(cells),), -1)
    object_of[cell[real]] = item[real]
    return object_of


def cell_losses(
    assign: Callable[..., Tensor], cells: Tensor, boxes: Tensor, logits: Tensor, truth: Tensor, labels: Tensor
) -> dict[str, Tensor]:
    """Focal loss of all cells, 1 - GIoU of those that answer for an object; both over the number of these.

    Args:
        assign: `many_cells` or `one_cell`.
        cells: [N, 5], from `map_cells`.
        boxes: [B, N, 4] xyxy, fractions, from `boxes_of`.
        logits: [B, N, C], without background.
        truth: [B, M, 4] xyxy, fractions.
        labels: [B, M] int64, from 1; 0 fills up.

    Returns:
        Two scalars, "bbox_regression" and "classification".
    """
    wanted, own, theirs = torch.zeros_like(logits), [], []
    for i, label in enumerate(labels):
        real = label > 0
        objects, names = truth[i, real], label[real]
        matched = assign(cells, objects, names, boxes[i].detach(), logits[i].detach().sigmoid())
        answers = (matched >= 0).nonzero().flatten()
        item = matched[answers]
        wanted[i, answers, names[item] - 1] = 1
        own.append(boxes[i, answers])
        theirs.append(objects[item])
    count = max(1, sum(map(len, own)))
    regression = generalized_box_iou_loss(torch.cat(own), torch.cat(theirs), reduction="sum")
    classification = sigmoid_focal_loss(logits, wanted, reduction="sum")
    return {"bbox_regression": regression / count, "classification": classification / count}


def cell_detections(image: Tensor, boxes: Tensor, scores: Tensor, config: DSODConfig) -> dict[str, Tensor]:
    """A picture's detections, best first, as `DSOD`'s: suppressed, unless the config's `nms_threshold` is 1.

    Args:
        image: [3, H, W].
        boxes: [N, 4] xyxy, fractions.
        scores: [N, C], without background.
        config: for its thresholds, and the detections of a picture.
    """
    best, place = scores.flatten().topk(min(CANDIDATES, scores.numel()))
    best, place = best[best > config.score_threshold], place[best > config.score_threshold]
    cell, label = place // scores.shape[1], place % scores.shape[1]
    chosen = boxes[cell].clamp(0, 1) * corner_scale(image)
    if config.nms_threshold < 1:
        keep = batched_nms(chosen, best, label, config.nms_threshold)
        chosen, best, label = chosen[keep], best[keep], label[keep]
    limit = config.detections_per_image
    return {"boxes": chosen[:limit], "labels": label[:limit] + 1, "scores": best[:limit]}


class CellDetector(DSOD):
    """DSOD with one answer a cell in the place of its priors': four distances, and a score of its own for each class.

    Args:
        config: the priors in it are only for the sizes that each map is for. An `nms_threshold` of 1 is no suppression.
        assign: `many_cells` or `one_cell`.
    """

    cells: Tensor

    def __init__(self, config: DSODConfig, assign: Callable[..., Tensor]) -> None:
        super().__init__(config)
        self.assign = assign
        widths = self.network.prediction.out_channels
        self.network.head = MultiBoxHead(widths, [1] * len(widths), config.num_classes - 1)
        for logits in self.network.head.logits:
            nn.init.constant_(logits[1].bias, math.log(RARE / (1 - RARE)))  # type: ignore[index]
        self.register_buffer("cells", map_cells(config), persistent=False)

    def forward(self, images: Each, targets: Sequence[dict[str, Tensor]] | dict[str, Tensor] | None = None) -> Any:
        """As `DSOD`'s."""
        distances, logits = self.network(self.normalize(images))
        boxes = boxes_of(distances, self.cells)
        if self.training:
            if not isinstance(targets, dict):
                targets = pad_targets(images, targets or (), self.config.num_classes)
            return cell_losses(self.assign, self.cells, boxes, logits, targets["boxes"], targets["labels"])
        answers = zip(images, boxes, logits.sigmoid(), strict=True)
        return [cell_detections(image, box, score, self.config) for image, box, score in answers]


def with_threshold(model: DSOD, nms_threshold: float) -> DSOD:
    """The model itself, suppressing at another IoU; at 1 not at all."""
    model.config = replace(model.config, nms_threshold=nms_threshold)
    return model


def both_ways(model: DSOD, test_set: Dataset[Any]) -> dict[str, Any]:
    """AP50 with suppression at DSOD's IoU, "AP50_suppressed", and without, "AP50_unsuppressed"."""
    own = model.config.nms_threshold
    ways = (("suppressed", DSODConfig().nms_threshold), ("unsuppressed", 1.0))
    found = {f"AP50_{name}": judge(with_threshold(model, threshold), test_set)["AP50"] for name, threshold in ways}
    with_threshold(model, own)
    return found

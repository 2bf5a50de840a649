"""The multibox loss: offsets of the matched priors, classes of those and, by hard negative mining, of some others."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import box_convert, box_iou

from .boxes import encode
from .inputs import Each, padded
from .matching import match


def mine_hard_negatives(background_loss: Tensor, positive: Tensor, ratio: float = 3.0, at_least: int = 0) -> Tensor:
    """Hard negative mining: negatives that the network is most wrong about, `ratio` times as many as positives.

    A class imbalance: of several thousand priors most are background, and easy. Without mining they drown the rest.

    Args:
        background_loss: [B, P] cross-entropy of every prior, taken as background.
        positive: [B, P] bool, the priors that answer for an object.
        ratio: negatives for each positive.
        at_least: negatives in a picture with fewer positives than that asks for.

    Returns:
        [B, P] bool, the negatives that count.

    Source: SSD, section 2.2; weiliu89/caffe multibox_loss, MAX_NEGATIVE.
    """
    wanted = (ratio * positive.sum(dim=1, keepdim=True)).clamp(min=at_least)
    hardness = background_loss.detach().masked_fill(positive, -torch.inf)
    rank = hardness.argsort(dim=1, descending=True).argsort(dim=1)
    return (rank < wanted) & ~positive


def pad_objects(boxes: Each, labels: Each, priors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures with different numbers of objects as one batch: boxes [B, M, 4], labels [B, M], IoU [B, M, P].

    M is the largest number, and at least 1. Pictures with fewer are filled up with objects of label 0, whose IoU is -1;
    a batch that is filled up already stays as it is. Boxes are xyxy and priors cxcywh, both in fractions.
    """
    boxes, labels = padded(boxes), padded(labels)
    iou = box_iou(boxes.flatten(0, 1), box_convert(priors, "cxcywh", "xyxy")).view(*boxes.shape[:2], -1)
    return boxes, labels, iou.where(labels[..., None] > 0, -1.0)


def matched_targets(matched: Tensor, boxes: Tensor, labels: Tensor, priors: Tensor) -> tuple[Tensor, Tensor]:
    """What the priors should answer: labels [B, P] int64, 0 for background, and offsets [B, P, 4], there 0 as well.

    Args:
        matched: [B, P] int64, from `match`.
        boxes: [B, M, 4] xyxy, fractions, from `pad_objects`, as are the labels.
        labels: [B, M] int64.
        priors: [P, 4] cxcywh, fractions.
    """
    positive = matched >= 0
    picture = torch.arange(len(matched), device=matched.device)[:, None]
    item = matched.clamp(min=0)
    target_labels = labels[picture, item].where(positive, 0)
    target_boxes = boxes[picture, item].where(positive[..., None], box_convert(priors, "cxcywh", "xyxy"))
    return target_labels, encode(target_boxes, priors)


class MultiBoxLoss(nn.Module):
    """(Σ smooth L1 over positives + Σ cross-entropy over positives and mined negatives) / max(1, positives).

    The sums run over the whole batch. With gradient accumulation, the mean of the micro-batches' losses is the
    authors' mean of ratios.
    """

    def __init__(self, threshold: float = 0.5, negatives_per_positive: float = 3.0, min_negatives: int = 0) -> None:
        super().__init__()
        self.threshold = threshold
        self.negatives_per_positive = negatives_per_positive
        self.min_negatives = min_negatives

    def forward(self, offsets: Tensor, logits: Tensor, priors: Tensor, boxes: Each, labels: Each) -> dict[str, Tensor]:
        """Two scalars, "bbox_regression" and "classification"; the arguments are those of `sums`."""
        sums, positives = self.sums(offsets, logits, priors, boxes, labels)
        return {name: value.sum() / positives.sum().clamp(min=1) for name, value in sums.items()}

    def sums(
        self, offsets: Tensor, logits: Tensor, priors: Tensor, boxes: Each, labels: Each
    ) -> tuple[dict[str, Tensor], Tensor]:
        """The two sums for each picture, and how many priors are positive in it: [B] each.

        No shape in here depends on how many priors match, so that it compiles, and a GPU is not waited for.

        Args:
            offsets: [B, P, 4].
            logits: [B, P, C].
            priors: [P, 4] cxcywh, fractions.
            boxes: for each picture its ground truth, [M_i, 4] xyxy, fractions. M_i may be 0. Or [B, M, 4].
            labels: for each picture [M_i] int64, 1 to C - 1. Or [B, M], where 0 fills up.
        """
        offsets, logits = offsets.float(), logits.float()  # sums over thousands of priors need more than half precision
        padded_boxes, padded_labels, iou = pad_objects(boxes, labels, priors)
        matched = match(iou, self.threshold)  # [B, P]
        positive = matched >= 0

        target_labels, target_offsets = matched_targets(matched, padded_boxes, padded_labels, priors)
        regression = F.smooth_l1_loss(offsets, target_offsets, reduction="none").sum(dim=2)
        classification = F.cross_entropy(logits.flatten(0, 1), target_labels.flatten(), reduction="none")
        classification = classification.view_as(regression)
        # Of a negative the cross-entropy is that of background, by which it is mined.
        counted = positive | mine_hard_negatives(
            classification, positive, self.negatives_per_positive, self.min_negatives
        )
        sums = {"bbox_regression": (regression, positive), "classification": (classification, counted)}
        return {name: each.where(mask, 0.0).sum(dim=1) for name, (each, mask) in sums.items()}, positive.sum(dim=1)

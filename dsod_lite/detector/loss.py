"""The multibox loss: offsets of the matched priors, classes of those and, by hard negative mining, of some others."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import box_convert, box_iou

from .boxes import encode
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


def pad_objects(boxes: Sequence[Tensor], labels: Sequence[Tensor], priors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures with different numbers of objects as one batch: boxes [B, M, 4], labels [B, M], IoU [B, M, P].

    M is the largest number, and at least 1. Pictures with fewer are filled up with objects whose IoU is -1. Boxes are
    xyxy and priors cxcywh, both in fractions.
    """
    # One row more than there are pictures, so that M is never 0 and empty pictures need no case of their own.
    padded_boxes = nn.utils.rnn.pad_sequence([*boxes, priors.new_zeros(1, 4)], batch_first=True)[:-1]
    padded_labels = nn.utils.rnn.pad_sequence([*labels, labels[0].new_zeros(1)], batch_first=True)[:-1]
    counts = torch.tensor([len(b) for b in boxes], device=priors.device)
    real = torch.arange(padded_boxes.shape[1], device=priors.device) < counts[:, None]  # [B, M]
    iou = priors.new_full((*real.shape, len(priors)), -1.0)
    iou[real] = box_iou(padded_boxes[real], box_convert(priors, "cxcywh", "xyxy"))
    return padded_boxes, padded_labels, iou


def matched_targets(matched: Tensor, boxes: Tensor, labels: Tensor, priors: Tensor) -> tuple[Tensor, Tensor]:
    """What the priors should answer: labels [B, P] int64, 0 for background, and offsets [N, 4] of the N matched ones.

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
    target_boxes = boxes[picture, item][positive]
    return target_labels, encode(target_boxes, priors.expand(len(matched), -1, -1)[positive])


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

    def forward(
        self, offsets: Tensor, logits: Tensor, priors: Tensor, boxes: Sequence[Tensor], labels: Sequence[Tensor]
    ) -> dict[str, Tensor]:
        """Two scalars, "bbox_regression" and "classification"; the arguments are those of `sums`."""
        sums, positives = self.sums(offsets, logits, priors, boxes, labels)
        return {name: value / positives.clamp(min=1) for name, value in sums.items()}

    def sums(
        self, offsets: Tensor, logits: Tensor, priors: Tensor, boxes: Sequence[Tensor], labels: Sequence[Tensor]
    ) -> tuple[dict[str, Tensor], Tensor]:
        """The two sums, and how many priors are positive: scalars.

        Args:
            offsets: [B, P, 4].
            logits: [B, P, C].
            priors: [P, 4] cxcywh, fractions.
            boxes: for each picture its ground truth, [M_i, 4] xyxy, fractions. M_i may be 0.
            labels: for each picture [M_i] int64, 1 to C - 1.
        """
        offsets, logits = offsets.float(), logits.float()  # sums over thousands of priors need more than half precision
        padded_boxes, padded_labels, iou = pad_objects(boxes, labels, priors)
        matched = match(iou, self.threshold)  # [B, P]
        positive = matched >= 0

        target_labels, target_offsets = matched_targets(matched, padded_boxes, padded_labels, priors)
        regression = F.smooth_l1_loss(offsets[positive], target_offsets, reduction="sum")

        with torch.no_grad():
            background_loss = logits.logsumexp(dim=2) - logits[..., 0]
            negative = mine_hard_negatives(background_loss, positive, self.negatives_per_positive, self.min_negatives)
        counted = positive | negative
        classification = F.cross_entropy(logits[counted], target_labels[counted], reduction="sum")
        return {"bbox_regression": regression, "classification": classification}, positive.sum()

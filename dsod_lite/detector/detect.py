"""From scores (confidences) and offsets to detections: threshold, class-wise non-maximum suppression, the best few."""

import torch
from torch import Tensor
from torchvision.ops import batched_nms

from .boxes import decode

FAR = 1e4  # pictures away from the picture: no box that means anything reaches there


def detect(
    offsets: Tensor,
    logits: Tensor,
    priors: Tensor,
    score_threshold: float = 0.01,
    nms_threshold: float = 0.45,
    candidates_per_class: int = 400,
    detections_per_image: int = 200,
) -> list[dict[str, Tensor]]:
    """Detections of a batch, best first. A box with an infinite or undefined corner is no detection.

    Args:
        offsets: [B, P, 4].
        logits: [B, P, C], background first.
        priors: [P, 4] cxcywh, fractions.
        score_threshold: a class's softmax score has to be above it.
        nms_threshold: a box that overlaps a better one of its class by more than this IoU is dropped.
        candidates_per_class: the best so many of a class enter NMS.
        detections_per_image: the best so many survivors of all classes are returned.

    Returns:
        For each picture a dict of "boxes" [N, 4] xyxy, fractions, not clipped; "labels" [N] int64, 1 to C - 1;
        "scores" [N].

    Source: SSD, section 2.2; weiliu89/caffe detection_output_layer.cpp.
    """
    batch, num_priors, num_classes = logits.shape
    scores = logits.float().softmax(dim=2)[..., 1:].transpose(1, 2)  # [B, C-1, P]
    scores, prior = scores.topk(min(candidates_per_class, num_priors), dim=2)
    picture, label, rank = (scores > score_threshold).nonzero(as_tuple=True)
    scores, prior = scores[picture, label, rank], prior[picture, label, rank]
    boxes = decode(offsets[picture, prior].float(), priors[prior])
    finite = boxes.isfinite().all(dim=1)  # one NaN would switch NMS off for the whole batch
    boxes, scores, picture, label = boxes[finite], scores[finite], picture[finite], label[finite]

    # One call for all pictures and classes. torchvision keeps the groups apart by moving each to coordinates of its
    # own, which needs coordinates that are not negative and room after the point for some thousand groups. Apple's
    # GPUs ("mps") have no float64: their NMS, and nothing else, is done by the CPU.
    exact = torch.device("cpu") if boxes.device.type == "mps" else boxes.device
    corners = boxes.to(exact).double().clamp(-FAR, FAR) + FAR
    groups = (picture * num_classes + label).to(exact)
    keep = batched_nms(corners, scores.to(exact).double(), groups, nms_threshold).to(boxes.device)
    keep = keep[picture[keep].argsort(stable=True)]  # by picture, and still best first within each
    counts = picture[keep].bincount(minlength=batch)
    place = torch.arange(len(keep), device=keep.device) - (counts.cumsum(0) - counts)[picture[keep]]
    keep = keep[place < detections_per_image]
    sizes = counts.clamp(max=detections_per_image).tolist()
    parts = boxes[keep].split(sizes), (label[keep] + 1).split(sizes), scores[keep].split(sizes)
    return [{"boxes": b, "labels": c, "scores": s} for b, c, s in zip(*parts, strict=True)]

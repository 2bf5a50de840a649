"""Matching: which prior (anchor) answers for which object of the ground truth.

Everything here works on a batch at once: IoU [B, M, P] between M objects (pictures with fewer are padded with rows of
-1) and P priors.
"""

import torch
from torch import Tensor

# What Caffe counts as no overlap at all: an object that touches no prior stays without one.
NO_OVERLAP = 1e-6
STEPS = 2.0**44  # in an IoU of 1; float32 has no finer ones above NO_OVERLAP


def match(iou: Tensor, threshold: float = 0.5) -> Tensor:
    """The object that each prior answers for.

    First every object gets one prior of its own, however small the overlap. Then each prior left over takes the
    object it overlaps most, if the IoU is at least `threshold`.

    Args:
        iou: [B, M, P]; rows of padding are below 0.
        threshold: IoU, 0 to 1.

    Returns:
        [B, P] int64: index of the object, -1 for background.

    Source: SSD, section 2.2; weiliu89/caffe bbox_util.cpp, MatchBBox.
    """
    batch, objects, priors = iou.shape
    own = iou.new_full((batch, priors + 1), -1, dtype=torch.int64)  # one prior too many, for objects that get none
    if objects == 0:
        return own[:, :priors]
    prior_of = bipartite_priors(iou)  # [B, M]
    item = torch.arange(objects, device=iou.device).expand(batch, -1)
    own = own.scatter_reduce(1, prior_of.where(prior_of >= 0, priors), item, "amax")[:, :priors]

    best_iou, matched = iou.max(dim=1)
    matched = matched.where(best_iou >= threshold, -1)
    return own.where(own >= 0, matched)


def bipartite_priors(iou: Tensor) -> Tensor:
    """A prior for each object, no prior twice, the largest overlaps served first: [B, M, P] -> [B, M], -1: none.

    Bipartite matching in M rounds, each serving one object in every picture. An object can lose at most M - 1 priors to
    others, so its M best are all that need be looked at. A small object inside several priors of one size overlaps them
    equally: of equals the first prior is taken, as with the authors.
    """
    batch, objects, priors = iou.shape
    # Of equals topk takes any. So an IoU becomes a whole number of STEPS, and of equals the first prior's is larger.
    values = (iou * STEPS).long() * priors - torch.arange(priors, device=iou.device)
    values, candidates = values.topk(min(objects, priors), dim=2)  # [B, M, K]
    prior_of = iou.new_full((batch, objects), -1, dtype=torch.int64)
    picture = torch.arange(batch, device=iou.device)
    for _ in range(objects):
        best, position = values.flatten(1).max(dim=1)
        item = position // values.shape[2]
        prior = candidates.flatten(1)[picture, position]
        prior_of[picture, item] = torch.where(best > NO_OVERLAP * STEPS * priors, prior, prior_of[picture, item])
        values[picture, item] = -1
        values.masked_fill_(candidates == prior[:, None, None], -1)
    return prior_of

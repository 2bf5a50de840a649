"""Offsets: how a detector says where a box is, relative to a prior (anchor).

Two frames are used throughout the package. *Pixels* are xyxy corners in the picture that was given. *Fractions*
divide by the picture's width and height, so that they survive the warp to the network's square input. Priors are
fractions in cxcywh (centre, width, height). IoU, clipping and NMS come from `torchvision.ops`.
"""

import torch
from torch import Tensor
from torchvision.ops import box_convert

# How much an offset of 1 moves the centre and scales the size ("variances" in SSD's Caffe code): the division by them
# makes the four regression targets about equally large.
CENTRE_VARIANCE = 0.1
SIZE_VARIANCE = 0.2


def encode(boxes: Tensor, priors: Tensor) -> Tensor:
    """The offsets that lead from each prior to its box.

    Args:
        boxes: [..., 4] xyxy, fractions of the picture, width and height above 0.
        priors: [..., 4] cxcywh, fractions, broadcast against `boxes`.

    Returns:
        [..., 4] offsets (dx, dy, dw, dh): centre shifts in units of the prior's size, logarithms of the size ratios,
        both divided by their variances.

    Source: SSD, section 2.2; weiliu89/caffe bbox_util.cpp, CENTER_SIZE.
    """
    box = box_convert(boxes, "xyxy", "cxcywh")
    shift = (box[..., :2] - priors[..., :2]) / priors[..., 2:] / CENTRE_VARIANCE
    scale = (box[..., 2:] / priors[..., 2:]).log() / SIZE_VARIANCE
    return torch.cat([shift, scale], dim=-1)


def decode(offsets: Tensor, priors: Tensor) -> Tensor:
    """The inverse of `encode`: boxes [..., 4] xyxy, fractions of the picture, not clipped to it.

    Args:
        offsets: [..., 4] as the network gives them.
        priors: [..., 4] cxcywh, fractions, broadcast against `offsets`.
    """
    centre = priors[..., :2] + offsets[..., :2] * CENTRE_VARIANCE * priors[..., 2:]
    size = priors[..., 2:] * (offsets[..., 2:] * SIZE_VARIANCE).exp()
    return box_convert(torch.cat([centre, size], dim=-1), "cxcywh", "xyxy")

"""DSOD: pictures in, losses or detections out, in one stage and without proposals (principle 1)."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.ops import clip_boxes_to_image
from torchvision.transforms.v2 import functional as transforms

from .config import DSODConfig
from .detect import detect
from .fast import fast_network
from .inputs import Each, check_images, corner_scale, pad_targets
from .loss import MultiBoxLoss
from .network import Network
from .priors import prior_boxes


class DSOD(nn.Module):
    """The detector, with torchvision's conventions.

    In training mode `model(images, targets)` gives {"bbox_regression": scalar, "classification": scalar}. In
    evaluation mode `model(images)` gives for each picture {"boxes" [N, 4] xyxy in pixels of that picture, "labels"
    [N], "scores" [N]}, best first.

    Images are float tensors [3, H, W] in [0, 1] of any size, in a list or a batch; targets (the ground truth) are dicts
    of "boxes" [M, 4] xyxy in pixels and "labels" [M] int64, 1 to num_classes - 1. M may be 0. What `pad_targets` makes
    of them is taken too; a GPU is not waited for then.
    """

    priors: Tensor
    """[P, 4] cxcywh, fractions of the image."""

    def __init__(self, config: DSODConfig | None = None) -> None:
        super().__init__()
        self.config = config or DSODConfig()
        self.network = Network(self.config)
        c = self.config
        self.loss = MultiBoxLoss(c.match_threshold, c.negatives_per_positive, c.min_negatives)
        self.register_buffer("priors", prior_boxes(c.priors, c.map_sizes, c.image_size), persistent=False)
        self.register_buffer("mean", torch.tensor(c.mean).float().view(3, 1, 1), persistent=False)

    def normalize(self, images: Each) -> Tensor:
        """Pictures of any size, float in [0, 1] -> the network's batch [B, 3, S, S]: warped, reordered, normalised."""
        size = [self.config.image_size, self.config.image_size]
        if isinstance(images, Tensor):
            batch = transforms.resize(images, size, antialias=self.config.antialias)
        else:
            batch = torch.stack([transforms.resize(i, size, antialias=self.config.antialias) for i in images])
        if self.config.channel_order == "BGR":
            batch = batch.flip(1)
        batch = batch.to(self.mean.dtype)
        return (batch * 255 - self.mean) / self.config.std

    def fast_network(self) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
        """`network` for inference only: the same numbers, as fast as this machine allows (see `fast.fast_network`)."""
        return fast_network(self.network)

    def forward(self, images: Each, targets: Sequence[dict[str, Tensor]] | dict[str, Tensor] | None = None) -> Any:
        check_images(images)
        if self.training:
            if targets is None:
                raise ValueError("targets: in training mode the model needs them; call model.eval() to detect")
            if not isinstance(targets, dict):
                targets = pad_targets(images, targets, self.config.num_classes)
            try:
                offsets, logits = self.network(self.normalize(images))
            except ValueError as error:  # torch's, of a BatchNorm that gets one number a channel
                said = "images: one; in training it has to be 2 or more, for BatchNorm in the map of one cell"
                raise ValueError(said) from error
            return self.loss(offsets, logits, self.priors, targets["boxes"], targets["labels"])

        c = self.config
        if len(images) == 0:
            return []
        limits = (c.score_threshold, c.nms_threshold, c.candidates_per_class, c.detections_per_image)
        detections = detect(*self.network(self.normalize(images)), self.priors, *limits)  # type: ignore[call-arg]
        for image, found in zip(images, detections, strict=True):
            found["boxes"] = found["boxes"] * corner_scale(image)
            if c.clip_boxes:
                found["boxes"] = clip_boxes_to_image(found["boxes"], (image.shape[-2], image.shape[-1]))
        return detections

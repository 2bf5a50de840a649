"""LossExplorer: the loss of every prior as a heat map, and the negatives that are mined."""

from collections.abc import Mapping
from typing import Any, Self

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
import traitlets
from matplotlib.figure import Figure
from torch import Tensor

from .. import plots
from ..detector.inputs import pad_targets
from ..detector.loss import matched_targets, mine_hard_negatives, pad_objects
from ..detector.matching import match
from ..detector.model import DSOD
from ..detector.priors import prior_boxes
from .explorer import decode_picture
from .floats import from_text, to_text
from .picture import PictureExplorer
from .predictions import raw_answers


class LossExplorer(PictureExplorer):
    """Choose a network, a map, and how many negatives are mined for each positive.

    `network` and `map_index` are places in the lists of them, `ratio` is negatives for each positive.
    """

    _modules = ("floats", "priors", "matching", "heat", "loss_explorer")

    networks = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Their names."""
    losses = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Of each network [P, 1], every prior's cross-entropy for its right answer, as text, see `floats.to_text`."""
    positives = traitlets.List(traitlets.Int()).tag(sync=True)
    """The priors that answer for an object."""
    min_negatives = traitlets.Int().tag(sync=True)
    network = traitlets.Int(0).tag(sync=True)
    map_index = traitlets.Int(0).tag(sync=True)
    ratio = traitlets.Int(3).tag(sync=True)

    @classmethod
    def from_models(cls, models: Mapping[str, DSOD], image: Tensor, target: Mapping[str, Any], **traits: Any) -> Self:
        """What some models, left in the mode they are in, would be told about a picture.

        Args:
            models: by name; all of one config.
            image: [3, H, W], float in [0, 1].
            target: "boxes" [M, 4] xyxy in pixels and "labels" [M].
            traits: further state to begin with, such as `ratio`.

        Raises:
            ValueError: the models have different configs.
        """
        first, *others = models.values()
        if any(other.config != first.config for other in others):
            raise ValueError(f"models: {', '.join(models)} are not of one config")
        right, positive = right_answers(first, image, target)
        losses = [prior_losses(model, image, right) for model in models.values()]
        state = {
            "networks": list(models),
            "losses": [to_text(each) for each in losses],
            "positives": positive.nonzero().flatten().tolist(),
            "min_negatives": first.config.min_negatives,
        }
        return cls(first.config, image, target["boxes"], **{**state, **traits})

    def still(self) -> Figure:
        loss = from_text(self.losses[self.network], 1)[:, 0]
        positive = torch.zeros(len(loss), dtype=torch.bool)
        positive[self.positives] = True
        mined = mine_hard_negatives(loss[None], positive[None], self.ratio, self.min_negatives)[0]
        each, n = self.priors.per_cell, self.map_sizes[self.map_index]
        start = sum(k * s * s for k, s in zip(each[: self.map_index], self.map_sizes, strict=False))
        own = slice(start, start + n * n * each[self.map_index])
        size = self.image_size
        figure, axes = plt.subplots(figsize=(5, 5), layout="constrained")
        image = decode_picture(self.picture)
        corners = prior_boxes(self.priors, self.map_sizes, size)[own][mined[own]]
        corners = torch.cat([corners[:, :2] - corners[:, 2:] / 2, corners[:, :2] + corners[:, 2:] / 2], dim=1)
        sheet = torch.full((3, size, size), 0.94) if image is None else image
        plots.show_boxes(sheet, corners * sheet.shape[-1], ax=axes, color=plots.PALETTE[0])
        heat = loss[own].view(n, n, -1).amax(dim=2)
        side = sheet.shape[-1]
        axes.imshow(heat.numpy(), cmap="inferno", alpha=0.5, extent=(0, side, side, 0), vmin=0, vmax=loss.max().item())
        axes.set_title(f"{self.networks[self.network]}: {int(mined.sum())} negatives are mined", fontsize=10)
        return figure


def right_answers(model: DSOD, image: Tensor, target: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """The label [P] that each prior should give, int64, and whether it answers for an object, bool [P]."""
    padded = pad_targets([image], [dict(target)], model.config.num_classes)
    boxes, labels, iou = pad_objects(padded["boxes"], padded["labels"], model.priors)
    matched = match(iou, model.config.match_threshold)
    right, _ = matched_targets(matched, boxes, labels, model.priors)
    return right[0], matched[0] >= 0


def prior_losses(model: DSOD, image: Tensor, right: Tensor) -> Tensor:
    """Every prior's cross-entropy [P] for its right answer."""
    return F.cross_entropy(raw_answers(model, image)[1], right, reduction="none")

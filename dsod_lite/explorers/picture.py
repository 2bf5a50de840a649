"""PictureExplorer: a picture as the network sees it, and the numbers from which the page computes the priors."""

from typing import Any

import traitlets
from torch import Tensor

from ..detector.config import DSODConfig
from ..detector.inputs import corner_scale
from ..detector.priors import PriorConfig
from .explorer import Explorer, data_url

LONGEST_SIDE = 400  # pixels of a shipped picture: about 30 kB


class PictureExplorer(Explorer):
    """An explorer of priors on a picture that is warped to the network's square input. Everything is in its pixels."""

    picture = traitlets.Unicode().tag(sync=True)
    """A JPEG in a data URL, or empty for a blank sheet."""
    image_size = traitlets.Int().tag(sync=True)
    map_sizes = traitlets.List(traitlets.Int()).tag(sync=True)
    min_sizes = traitlets.List(traitlets.Float()).tag(sync=True)
    max_sizes = traitlets.List(traitlets.Float()).tag(sync=True)
    aspect_ratios = traitlets.List(traitlets.List(traitlets.Float())).tag(sync=True)
    steps = traitlets.List(traitlets.Float()).tag(sync=True)
    """Always given, also where the config leaves them to the size of the map."""
    boxes = traitlets.List(traitlets.List(traitlets.Float(), minlen=4, maxlen=4)).tag(sync=True)
    """The objects, xyxy."""

    def __init__(self, config: DSODConfig, image: Tensor | None, boxes: Tensor | None, **traits: Any) -> None:
        """
        Args:
            config: gives the maps and their priors.
            image: [3, H, W], float in [0, 1] or uint8.
            boxes: [M, 4] xyxy in pixels of the image; without an image, of the network's input.
            traits: the subclass's own.
        """
        size = config.image_size
        if boxes is not None and image is not None:
            boxes = boxes.cpu() / corner_scale(image.cpu()) * size
        side = size if image is None else min(max(image.shape[-2:]), LONGEST_SIDE)
        steps = config.priors.steps or [size / cells for cells in config.map_sizes]
        super().__init__(
            picture=data_url(image, (side, side)),
            image_size=size,
            map_sizes=list(config.map_sizes),
            min_sizes=list(config.priors.min_sizes),
            max_sizes=list(config.priors.max_sizes),
            aspect_ratios=[list(ratios) for ratios in config.priors.aspect_ratios],
            steps=list(steps),
            boxes=[] if boxes is None else boxes.tolist(),
            **traits,
        )

    @property
    def priors(self) -> PriorConfig:
        """The priors as they are set now."""
        ratios = tuple(tuple(r) for r in self.aspect_ratios)
        return PriorConfig(tuple(self.min_sizes), tuple(self.max_sizes), ratios, tuple(self.steps))

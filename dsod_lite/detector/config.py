"""DSODConfig: everything that tells one DSOD from another, in the paper's notation where it has one."""

import math
import re
from dataclasses import dataclass
from typing import Any, Literal, Self

from .priors import VOC300_PRIORS, PriorConfig


@dataclass(frozen=True)
class DSODConfig:
    """One detector of the family. The defaults are the authors' DSOD300 for VOC, to the letter.

    The name DS/A-B-k-θ of Table 2 says four of the fields; `from_name` reads it and `name` prints it.
    """

    num_classes: int = 21
    """Classes including the background, which is label 0."""
    image_size: int = 300
    """Side of the network's square input, in pixels. Pictures of any size are warped to it."""

    stem_channels: int = 64
    """A: the stem's convolutions have A, A and 2A channels."""
    bottleneck: int = 192
    """B: channels of a dense layer's 1x1."""
    growth_rate: int = 48
    """k: channels that each dense layer adds."""
    compression: float = 1.0
    """θ: the share of the channels that a transition keeps."""
    block_layers: tuple[int, int, int, int] = (6, 8, 8, 8)
    stem: Literal["stem", "densenet"] = "stem"
    transition_without_pooling: bool = True
    """False: the network ends with its third block; each further one would have to shrink the map (Section 4.1.2)."""
    prediction: Literal["dense", "plain"] = "dense"
    prediction_channels: tuple[int, ...] = (512, 512, 256, 256, 256)
    """Channels of every map after the first."""
    priors: PriorConfig = VOC300_PRIORS

    channel_order: Literal["BGR", "RGB"] = "BGR"
    mean: tuple[float, float, float] = (104.0, 117.0, 123.0)
    """Subtracted from the channels (0 to 255, in `channel_order`) …"""
    std: float = 1.0
    """… and then divided by this."""
    antialias: bool = False
    """Whether pictures that are shrunk to the input are smoothed. The authors' OpenCV does not smooth."""

    matching: Literal["bipartite", "best"] = "bipartite"
    """How each object gets a prior of its own: see `matching.match`."""
    match_threshold: float = 0.5
    negatives_per_positive: float = 3.0
    min_negatives: int = 0
    """Negatives mined in a picture however few its positives. The authors' 0: none in a picture without objects."""

    score_threshold: float = 0.01
    nms_threshold: float = 0.45
    candidates_per_class: int = 400
    """Best scored boxes of a class that enter NMS."""
    detections_per_image: int = 200
    clip_boxes: bool = False
    """Whether detections are cut at the picture's edge. (NMS sees them unclipped either way.)"""

    def __post_init__(self) -> None:
        """Raises ValueError, naming the field, for values that no network can be built from."""
        for field in (
            "image_size",
            "stem_channels",
            "bottleneck",
            "growth_rate",
            "candidates_per_class",
            "detections_per_image",
        ):
            if getattr(self, field) < 1:
                raise ValueError(f"{field} is {getattr(self, field)}; it is 1 or more")
        for field in ("match_threshold", "score_threshold", "nms_threshold"):
            if not 0 <= getattr(self, field) <= 1:
                raise ValueError(f"{field} is {getattr(self, field)}; it is 0 to 1")
        for field in ("negatives_per_positive", "min_negatives"):
            if not getattr(self, field) >= 0:
                raise ValueError(f"{field} is {getattr(self, field)}; it is 0 or more")
        if not self.std > 0:
            raise ValueError(f"std is {self.std}; it is above 0")
        if len(self.mean) != 3:
            raise ValueError(f"mean has {len(self.mean)} entries; it has one for each of the 3 channels")
        if len(self.block_layers) != 4 or min(self.block_layers) < 1:
            raise ValueError(f"block_layers is {self.block_layers}; it has 4 entries, each 1 or more")
        if self.num_classes < 2:
            raise ValueError(f"num_classes is {self.num_classes}; it counts the background, so it is 2 or more")
        if self.stem not in ("stem", "densenet"):
            raise ValueError(f"stem is {self.stem!r}; it is 'stem' or 'densenet'")
        if self.prediction not in ("dense", "plain"):
            raise ValueError(f"prediction is {self.prediction!r}; it is 'dense' or 'plain'")
        if self.channel_order not in ("BGR", "RGB"):
            raise ValueError(f"channel_order is {self.channel_order!r}; it is 'BGR' or 'RGB'")
        if self.matching not in ("bipartite", "best"):
            raise ValueError(f"matching is {self.matching!r}; it is 'bipartite' or 'best'")
        if not 0 < self.compression <= 1:
            raise ValueError(f"compression is {self.compression}; it is above 0 and at most 1")
        channels = 2 * self.stem_channels
        for layers in self.block_layers[:3]:
            channels = int((channels + layers * self.growth_rate) * self.compression)
            if channels < 1:
                raise ValueError(f"compression is {self.compression}; it leaves a transition no channel")
        if min(self.prediction_channels, default=0) < 1:
            raise ValueError(f"prediction_channels is {self.prediction_channels}; each is 1 or more")
        if self.prediction == "dense" and any(c % 2 for c in self.prediction_channels):
            raise ValueError(
                f"prediction_channels is {self.prediction_channels}; dense prediction halves each, so they are even"
            )
        if len(self.prediction_channels) + 1 != len(self.priors.min_sizes):
            raise ValueError(
                f"prediction_channels makes {len(self.prediction_channels) + 1} maps, "
                f"priors are given for {len(self.priors.min_sizes)}"
            )

    @property
    def name(self) -> str:
        """The paper's notation, such as DS/64-192-48-1."""
        return f"DS/{self.stem_channels}-{self.bottleneck}-{self.growth_rate}-{self.compression:g}"

    @property
    def map_sizes(self) -> tuple[int, ...]:
        """Cells along a side of each map, finest first: an eighth of the input, then halves, rounded up."""
        sizes = [math.ceil(self.image_size / 8)]
        for _ in self.prediction_channels:
            sizes.append(math.ceil(sizes[-1] / 2))
        return tuple(sizes)

    @classmethod
    def from_name(cls, name: str, **fields: Any) -> Self:
        """A config from the paper's notation and any other field.

        Args:
            name: "DS/A-B-k-θ", such as "DS/64-192-48-1" or "DS/32-12-16-0.5".
            fields: further fields of the config.

        Raises:
            ValueError: if the name does not read as the notation.
        """
        found = re.fullmatch(r"DS/(\d+)-(\d+)-(\d+)-(\d+(?:\.\d+)?)", name.strip())
        if not found:
            raise ValueError(f"{name!r} does not read as DS/A-B-k-θ, such as DS/64-192-48-1")
        a, b, k, theta = found.groups()
        return cls(stem_channels=int(a), bottleneck=int(b), growth_rate=int(k), compression=float(theta), **fields)

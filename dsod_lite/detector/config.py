"""DSODConfig: everything that tells one DSOD from another, in the paper's notation where it has one."""

import math
import re
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

from .priors import VOC300_PRIORS, PriorConfig


def wrong_choice(config: Any) -> str | None:
    """What is wrong with the first field of a dataclass that is none of its `Literal`, or no int; None: nothing is."""
    for field, hint in get_type_hints(type(config)).items():
        value = getattr(config, field)
        if get_origin(hint) is Literal and value not in get_args(hint):
            return f"{field} is {value!r}; it is {' or '.join(map(repr, get_args(hint)))}"
        if hint is int and type(value) is not int:
            return f"{field} is {value!r}; it is a whole number"
    return None


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
    """False: the network ends with its third block; a further one would shrink the feature map (Section 4.1.2)."""
    prediction: Literal["dense", "plain"] = "dense"
    prediction_channels: tuple[int, ...] = (512, 512, 256, 256, 256)
    """Channels of every feature map after the first."""
    priors: PriorConfig = VOC300_PRIORS

    channel_order: Literal["BGR", "RGB"] = "BGR"
    mean: tuple[float, float, float] = (104.0, 117.0, 123.0)
    """Subtracted from the channels (0 to 255, in `channel_order`) …"""
    std: float = 1.0
    """… and then divided by this."""
    antialias: bool = False
    """Whether pictures that are shrunk to the input are smoothed. The authors' OpenCV does not smooth."""

    match_threshold: float = 0.5
    negatives_per_positive: float = 3.0
    min_negatives: int = 0
    """Negatives mined in a picture however few its positives. The authors' 0: none in a picture without objects."""

    score_threshold: float = 0.01
    nms_threshold: float = 0.45
    candidates_per_class: int = 400
    """Best scored boxes of a class that enter non-maximum suppression (NMS)."""
    detections_per_image: int = 200
    clip_boxes: bool = False
    """Whether detections are cut at the picture's edge. (NMS sees them unclipped either way.)"""

    def __post_init__(self) -> None:
        """Raises ValueError, naming the field, for values that no network can be built from."""
        if said := wrong_choice(self):
            raise ValueError(said)
        counts = ("stem_channels", "bottleneck", "growth_rate", "candidates_per_class", "detections_per_image")
        shares = ("match_threshold", "score_threshold", "nms_threshold")
        limits = [(1, math.inf, counts), (1, 8192, ("image_size",)), (0, 1, shares)]
        for low, high, fields in (*limits, (0, math.inf, ("negatives_per_positive", "min_negatives"))):
            for field in fields:
                if not low <= (value := getattr(self, field)) <= high:
                    raise ValueError(f"{field} is {value}; it is {low} {f'to {high}' if high < 9e9 else 'or more'}")
        if not self.std > 0:
            raise ValueError(f"std is {self.std}; it is above 0")
        if len(self.mean) != 3 or not all(isinstance(v, int | float) and abs(v) < 1e6 for v in self.mean):
            raise ValueError(f"mean is {self.mean}; it is one number for each of the 3 channels")
        if len(self.block_layers) != 4 or min(self.block_layers) < 1:
            raise ValueError(f"block_layers is {self.block_layers}; it has 4 entries, each 1 or more")
        if self.num_classes < 2:
            raise ValueError(f"num_classes is {self.num_classes}; it counts the background, so it is 2 or more")
        if not 0 < self.compression <= 1:
            raise ValueError(f"compression is {self.compression}; it is above 0 and at most 1")
        channels = 2 * self.stem_channels
        for layers in self.block_layers[:3]:
            channels = int((channels + layers * self.growth_rate) * self.compression)
            if channels < 1:
                raise ValueError(f"compression is {self.compression}; it leaves a transition no channel")
        given = f"prediction_channels is {self.prediction_channels}"
        if min(self.prediction_channels, default=0) < 1:
            raise ValueError(f"{given}; each is 1 or more")
        if self.prediction == "dense" and any(c % 2 for c in self.prediction_channels):
            raise ValueError(f"{given}; dense prediction halves each, so they are even")
        if (maps := len(self.prediction_channels) + 1) != (sizes := len(self.priors.min_sizes)):
            raise ValueError(f"prediction_channels makes {maps} maps, priors are given for {sizes}")

    @property
    def name(self) -> str:
        """The paper's notation, such as DS/64-192-48-1."""
        return f"DS/{self.stem_channels}-{self.bottleneck}-{self.growth_rate}-{self.compression:g}"

    @property
    def map_sizes(self) -> tuple[int, ...]:
        """Cells along a side of each feature map, finest first: an eighth of the input, then halves, rounded up."""
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

"""A trained detector for a script of a few lines: pictures of any kind in, names and boxes out."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torchvision.transforms.v2 import functional as transforms

from ..datasets.images import as_rgb, read_image
from ..support.processes import pick_device
from ..weights.checkpoint import load_model, load_threshold

USUAL_SCORE = 0.4
"""The least score of what is shown where the checkpoint has no threshold of its own."""


class Found(NamedTuple):
    """One detection."""

    name: str
    """Of its class."""
    score: float
    box: tuple[float, float, float, float]
    """x1, y1, x2, y2 in pixels of the picture."""


class Detector:
    """A run's detector, which finds things in pictures::

        detector = dsod_lite.Detector("runs/mine")
        for name, score, box in detector.find("photograph.jpg"):
            print(name, score, box)

    Args:
        checkpoint: a run's folder, or a file such as RUN/best.pt.
        device: "auto" is a GPU where there is one.

    Raises:
        CheckpointError: as `load_model`.
    """

    def __init__(self, checkpoint: str | Path, device: str = "auto") -> None:
        self.model, self.classes = load_model(checkpoint, pick_device(device))
        self.threshold: float = load_threshold(checkpoint) or USUAL_SCORE
        """The least score that is shown: the checkpoint's, which has the best F1 on its validation pictures."""

    def find(self, picture: Any, min_score: float | None = None) -> list[Found]:
        """What is in a picture, best first.

        Args:
            picture: a file's path; a picture of Pillow's; an array of bytes [H, W, 3] RGB, [H, W, 4] or [H, W]; or a
                tensor [3, H, W], bytes or floats in [0, 1]. (OpenCV's arrays are BGR: give `picture[..., ::-1]`.)
            min_score: the least score; None: `threshold`.

        Raises:
            DataError: naming a file that cannot be read.
            TypeError, ValueError: for what is no picture.
        """
        found = self.detections(as_picture(picture))
        kept = found["scores"] >= (self.threshold if min_score is None else min_score)
        rows = zip(*(found[key][kept].tolist() for key in ("labels", "scores", "boxes")), strict=True)
        return [Found(self.classes[label - 1], score, tuple(box)) for label, score, box in rows]

    @torch.no_grad()
    def detections(self, picture: Tensor) -> dict[str, Tensor]:
        """All detections of a picture [3, H, W], float in [0, 1]: "boxes", "labels", "scores", on the CPU."""
        found = self.model([picture.to(self.model.priors.device)])[0]
        return {key: value.cpu() for key, value in found.items()}


def as_picture(picture: Any) -> Tensor:
    """Whatever `Detector.find` takes as float32 RGB [3, H, W] in [0, 1]."""
    if isinstance(picture, str | Path):
        picture = read_image(picture)
    elif isinstance(picture, Image.Image):
        picture = bytes_of(as_rgb(ImageOps.exif_transpose(picture)))
    elif isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or picture.shape[2:] not in ((), (3,), (4,)):
            shape = f"{picture.dtype} {list(picture.shape)}"
            raise ValueError(f"picture: an array of bytes [H, W, 3], [H, W, 4] or [H, W] is needed, got {shape}")
        picture = bytes_of(as_rgb(Image.fromarray(np.ascontiguousarray(picture))))
    elif not isinstance(picture, Tensor):
        raise TypeError(f"picture: a path, a picture of Pillow's, an array or a tensor is needed, got {picture!r:.80}")
    bytes_or_floats = picture.dtype == torch.uint8 or picture.is_floating_point()  # torch scales all kinds of numbers
    if picture.ndim != 3 or picture.shape[0] != 3 or not bytes_or_floats:
        got = f"{picture.dtype} {list(picture.shape)}"
        raise ValueError(f"picture: a tensor [3, H, W] of bytes or floats is needed, got {got}")
    return transforms.to_dtype(picture, torch.float32, scale=True)


def bytes_of(picture: Image.Image) -> Tensor:
    """An RGB picture of Pillow's as uint8 [3, H, W]."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)

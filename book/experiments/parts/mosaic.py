"""Mosaic: four pictures become one, a quarter of it each (as in YOLOv4, section 3.3)."""

from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms.v2 import functional

MIN_SIDE = 1.0
"""Pixels of a box's shorter side, below which nothing is left to learn from."""


class Mosaic(Dataset[Any]):
    """The pictures of another data set; a share of them is made of four, each shrunk to half of its sides.

    Args:
        dataset: items (float32 [3, S, S], target with "boxes" [M, 4] in pixels and other fields, of M entries each but
            for "image_id"), augmented anew whenever they are asked for; S is even.
        share: of the items, from 0 to 1, that are made of four.
    """

    def __init__(self, dataset: Any, share: float) -> None:
        self.dataset, self.share, self.classes = dataset, share, dataset.classes

    def __len__(self) -> int:
        return len(self.dataset)

    def fingerprint(self) -> str:
        """That of the data set."""
        return self.dataset.fingerprint()

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Any]]:
        if torch.rand(()) >= self.share:
            return self.dataset[index]
        others = torch.randint(len(self.dataset), (3,)).tolist()
        parts = [self.dataset[i] for i in (index, *others)]
        half = parts[0][0].shape[-1] // 2
        small = [functional.resize(image, [half, half], antialias=True) for image, _ in parts]
        image = torch.cat([torch.cat(small[:2], dim=2), torch.cat(small[2:], dim=2)], dim=1)
        corners = [torch.tensor([x, y, x, y], dtype=torch.float32) for y in (0, half) for x in (0, half)]
        targets = [target for _, target in parts]
        moved = torch.cat([t["boxes"] / 2 + corner for t, corner in zip(targets, corners, strict=True)])
        seen = (moved[:, 2:] - moved[:, :2] >= MIN_SIDE).all(dim=1)
        fields = {k: torch.cat([t[k] for t in targets])[seen] for k in targets[0] if k not in ("boxes", "image_id")}
        return image, {"boxes": moved[seen], **fields, "image_id": targets[0]["image_id"]}

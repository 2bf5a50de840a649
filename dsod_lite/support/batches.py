"""Batches of pictures and targets, and the device they go to."""

from typing import Any

import torch
from torch import Tensor


def collate(batch: list[tuple[Tensor, dict[str, Any]]]) -> tuple[list[Tensor], list[dict[str, Any]]]:
    """Pictures and targets of a batch as two lists, since pictures may differ in size."""
    images, targets = zip(*batch, strict=True)
    return list(images), list(targets)


def to_device(target: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """A target with its tensors on the device."""
    return {key: value.to(device) if isinstance(value, Tensor) else value for key, value in target.items()}

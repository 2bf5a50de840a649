"""Batches of pictures and targets, and the device they go to."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def collate(batch: Sequence[tuple[Any, ...]]) -> tuple[list[Any], ...]:
    """The items of a batch, field by field as lists, since pictures may differ in size."""
    return tuple(map(list, zip(*batch, strict=True)))


def to_device(target: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """A target with its tensors on the device."""
    return {key: value.to(device) if isinstance(value, Tensor) else value for key, value in target.items()}

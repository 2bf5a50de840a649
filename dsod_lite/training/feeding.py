"""A pass's pictures and targets on their way to the device, for which nothing waits."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..detector.inputs import pad_targets
from ..detector.model import DSOD
from ..support.batches import as_floats, to_device
from .groups import interleaved


def placed(
    model: nn.Module,
    images: Sequence[Tensor] | Tensor,
    targets: Sequence[dict[str, Any]],
    count: int,
    device: torch.device,
) -> tuple[Any, Any]:
    """What the model is called with, on the device, and as `count` portions are `interleaved`.

    A DSOD gets its pictures in one tensor where they have one size, and its targets padded. These are checked here:
    whoever looks at values on a GPU waits until it has done all that it was told. Other detectors get lists.

    Args:
        model: in training mode.
        images: [3, H, W] each, uint8 or float in [0, 1], on the CPU.
        targets: on the CPU.
        count: of portions, see `groups`.
        device: the model's.
    """
    objects = interleaved(targets, count)
    pictures: Any
    if isinstance(model, DSOD) and isinstance(images, Tensor):  # goes there as bytes, whole
        objects = pad_targets(images, objects, model.config.num_classes)
        pictures = as_floats(interleaved(images.to(device, non_blocking=True), count))
        return pictures, to_device(objects, device)
    images = interleaved(list(images), count)
    pictures = [as_floats(image.to(device, non_blocking=True)) for image in images]
    if isinstance(model, DSOD):
        return pictures, to_device(pad_targets(images, objects, model.config.num_classes), device)
    return pictures, [to_device(target, device) for target in objects]

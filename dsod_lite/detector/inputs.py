"""What a detector may be given: checks that name the picture and the field before anything is computed."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def check_images(images: Sequence[Tensor] | Tensor) -> None:
    """Raises ValueError, naming the picture, for anything but float tensors [3, H, W]."""
    for i, image in enumerate(images):
        if not isinstance(image, Tensor):
            raise ValueError(f"images[{i}]: expected a float tensor [3, H, W] in [0, 1], got {type(image).__name__}")
        if image.ndim != 3 or image.shape[0] != 3 or not image.is_floating_point() or image.numel() == 0:
            raise ValueError(
                f"images[{i}]: expected a float tensor [3, H, W] in [0, 1], got {image.dtype} {list(image.shape)}"
            )


def check_targets(
    images: Sequence[Tensor] | Tensor, targets: Sequence[dict[str, Tensor]], num_classes: int
) -> None:
    """Raises ValueError, naming the picture and the field, for targets that would train on nonsense."""
    if len(images) != len(targets):
        raise ValueError(f"targets: {len(targets)} for {len(images)} images")
    if len(images) == 0:
        raise ValueError("images: none; a training batch needs at least one")
    for i, target in enumerate(targets):
        for field in ("boxes", "labels"):
            if not isinstance(target.get(field), Tensor):
                raise ValueError(f"{target_name(targets, i)}: {field}: expected a tensor, got {target.get(field)!r}")
        boxes, labels = target["boxes"], target["labels"]
        if boxes.ndim != 2 or boxes.shape[1] != 4 or labels.shape != boxes.shape[:1]:
            raise ValueError(
                f"{target_name(targets, i)}: boxes {list(boxes.shape)} and labels {list(labels.shape)} "
                "do not fit together"
            )
        if labels.dtype != torch.int64:
            raise ValueError(f"{target_name(targets, i)}: labels: expected int64, got {labels.dtype}")
    # One look at all boxes at once; only when something is wrong is the culprit sought.
    boxes = torch.cat([t["boxes"] for t in targets])
    labels = torch.cat([t["labels"] for t in targets])
    owner = torch.arange(len(targets)).repeat_interleave(torch.tensor([len(t["labels"]) for t in targets]))
    bad = ~(boxes.isfinite().all(dim=1) & (boxes[:, 2:] > boxes[:, :2]).all(dim=1)).cpu()
    if bad.any():
        at = int(bad.nonzero()[0])
        raise ValueError(
            f"{target_name(targets, int(owner[at]))}: boxes: {boxes[at].tolist()} has no width or height, is reversed, "
            "or is not finite"
        )
    bad = ((labels < 1) | (labels >= num_classes)).cpu()
    if bad.any():
        at = int(bad.nonzero()[0])
        raise ValueError(
            f"{target_name(targets, int(owner[at]))}: labels: {int(labels[at])}, "
            f"but the classes are 1 to {num_classes - 1}"
        )


def check_norm(pictures: int, cells: int, network: nn.Module) -> None:
    """Raises ValueError for one picture whose last map is `cells` = 1 wide: BatchNorm would see one number a channel.

    Not where BatchNorm is frozen, or sees the pictures of other processes too.
    """
    if pictures == 1 and cells == 1 and any(type(m) is nn.BatchNorm2d and m.training for m in network.modules()):
        raise ValueError("images: one; in training it has to be 2 or more, for BatchNorm in the map of one cell")


def target_name(targets: Sequence[dict[str, Tensor]], index: int) -> str:
    """How an error calls a target: its place in the batch, and its image_id where it has one."""
    image_id = targets[index].get("image_id")
    return f"targets[{index}]" if image_id is None else f"targets[{index}] (image_id {image_id})"

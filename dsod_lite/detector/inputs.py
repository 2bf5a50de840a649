"""What a detector may be given: checks that name the picture and the field before anything is computed."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

Each = Sequence[Tensor] | Tensor  # one tensor for each picture, or one for all


def check_images(images: Each) -> None:
    """Raises ValueError, naming the picture, for anything but float tensors [3, H, W]."""
    for i, image in enumerate(images[:1] if isinstance(images, Tensor) else images):
        got = type(image).__name__
        if isinstance(image, Tensor):
            if image.ndim == 3 and image.shape[0] == 3 and image.is_floating_point() and image.numel():
                continue
            got = f"{image.dtype} {list(image.shape)}"
        raise ValueError(f"images[{i}]: expected a float tensor [3, H, W] in [0, 1], got {got}")


def check_targets(images: Each, targets: Sequence[dict[str, Tensor]], num_classes: int) -> None:
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
            shapes = f"boxes {list(boxes.shape)} and labels {list(labels.shape)}"
            raise ValueError(f"{target_name(targets, i)}: {shapes} do not fit together")
        if labels.dtype != torch.int64:
            raise ValueError(f"{target_name(targets, i)}: labels: expected int64, got {labels.dtype}")
    # One look at all objects, for which a GPU is waited for; only when something is wrong is the culprit sought.
    boxes, labels = torch.cat([t["boxes"] for t in targets]), torch.cat([t["labels"] for t in targets])
    shaped = boxes.isfinite().all(dim=1) & (boxes[:, 2:] > boxes[:, :2]).all(dim=1)
    wrong = ~(shaped & (labels >= 1) & (labels < num_classes))
    if wrong.any():
        at = int(wrong.nonzero()[0])
        owner = torch.arange(len(targets)).repeat_interleave(torch.tensor([len(t["labels"]) for t in targets]))
        said = f"labels: {int(labels[at])}, but the classes are 1 to {num_classes - 1}"
        if not shaped[at]:
            said = f"boxes: {boxes[at].tolist()} has no width or height, is reversed, or is not finite"
        raise ValueError(f"{target_name(targets, int(owner[at]))}: {said}")


def pad_targets(images: Each, targets: Sequence[dict[str, Tensor]], num_classes: int) -> dict[str, Tensor]:
    """Targets, once checked, as one batch: "boxes" [B, M, 4] xyxy, fractions; "labels" [B, M], where 0 fills up."""
    check_targets(images, targets, num_classes)
    boxes = [t["boxes"].float() / corner_scale(image) for image, t in zip(images, targets, strict=True)]
    return {"boxes": padded(boxes), "labels": padded([t["labels"] for t in targets])}


def padded(each: Each) -> Tensor:
    """[M_i, ...] for each picture -> [B, M, ...], filled up with 0; M is 1 or more. One tensor stays as it is."""
    if isinstance(each, Tensor):
        return each
    nothing = each[0].new_zeros(1, *each[0].shape[1:])  # one row more than there are pictures, so that M is never 0
    return nn.utils.rnn.pad_sequence([*each, nothing], batch_first=True)[:-1]


def corner_scale(image: Tensor) -> Tensor:
    """(width, height, width, height) of a picture [3, H, W]: pixels in one fraction."""
    height, width = image.shape[-2:]
    return torch.tensor([width, height, width, height], dtype=torch.float32).to(image.device, non_blocking=True)


def target_name(targets: Sequence[dict[str, Tensor]], index: int) -> str:
    """How an error calls a target: its place in the batch, and its image_id where it has one."""
    image_id = targets[index].get("image_id")
    return f"targets[{index}]" if image_id is None else f"targets[{index}] (image_id {image_id})"

"""An augmentation that tells what it drew."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor
from torchvision.transforms import v2

from ..datasets.augmentation.colours import Changes, change, sample_changes
from ..datasets.augmentation.crop import SSDCrop, draw_window
from ..datasets.augmentation.transforms import LightCrop


@dataclass
class Dice:
    """What one augmentation of a picture drew."""

    window: tuple[int, int, int, int]
    """xyxy, in the picture's pixels; SSD's may reach outside of it."""
    mirrored: bool = False
    colours: dict[str, str] = field(default_factory=dict)
    """What was changed, and how, in words."""


def throw(augmentation: v2.Compose, image: Tensor, target: dict[str, Any]) -> tuple[Tensor, dict[str, Any], Dice]:
    """One of the package's augmentations, picture and target as it makes them, and what it drew.

    Args:
        augmentation: one of `AUGMENTATIONS`; it is left as it is.
        image: uint8 `tv_tensors.Image` [3, H, W].
        target: its "boxes" are `tv_tensors.BoundingBoxes`.
    """
    height, width = image.shape[-2:]
    dice = Dice((0, 0, width, height))
    for step in augmentation.transforms:
        if isinstance(step, SSDCrop):
            state = torch.get_rng_state()
            dice.window = draw_window(target["boxes"].as_subclass(Tensor), width, height, step.max_expand)
            torch.set_rng_state(state)  # the step itself draws the same again
            image, target = replace(step, colours=_told_colours(dice))(image, target)
        else:
            image, target = _told(step, dice)(image, target)
    return image, target, dice


def _told_colours(dice: Dice) -> Callable[[Tensor], Tensor]:
    def colours(image: Tensor) -> Tensor:
        changes = sample_changes()
        dice.colours = in_words(changes)
        return change(image, changes)

    return colours


def in_words(changes: Changes) -> dict[str, str]:
    """What is changed, and how."""
    words = {
        "brightness": f"{changes.brightness:+.0f} of 255" if changes.brightness else "as it was",
        "contrast": f"× {changes.contrast:.2f}" if changes.contrast != 1 else "as it was",
        "saturation": f"× {changes.saturation:.2f}" if changes.saturation != 1 else "as it was",
        "hue": f"{360 * changes.hue:+.0f}°" if changes.hue else "as it was",
    }
    return {name: value.replace("-", "−") for name, value in words.items()}


def _told(step: Any, dice: Dice) -> Callable[..., Any]:
    """The step, torchvision's or ours, which writes down what it draws."""

    def told(*sample: Any) -> Any:
        if not hasattr(step, "make_params"):
            return step(*sample)
        drawn: list[dict[str, Any]] = []

        def make_params(inputs: Any) -> dict[str, Any]:
            drawn.append(type(step).make_params(step, inputs))
            return drawn[-1]

        step.make_params = make_params
        try:
            result = step(*sample)
        finally:
            del step.make_params
        for params in drawn:  # none, where the step was not taken
            if isinstance(step, v2.RandomHorizontalFlip):
                dice.mirrored = True
            elif isinstance(step, LightCrop) and params:
                left, top = params["left"], params["top"]
                dice.window = (left, top, left + params["width"], top + params["height"])
            elif isinstance(step, v2.ColorJitter):
                factors = {name: params[f"{name}_factor"] for name in ("brightness", "contrast", "saturation")}
                dice.colours = {name: f"× {factor:.2f}" for name, factor in factors.items()}
        return result

    return told

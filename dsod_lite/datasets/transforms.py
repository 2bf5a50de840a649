"""Augmentation while training: SSD's, from torchvision.transforms.v2."""

import torch
from torchvision.transforms import v2


def ssd_augmentation(image_size: int) -> v2.Compose:
    """SSD's: (uint8 picture of any size, target) -> (float32 [3, S, S] in [0, 1], target in its pixels).

    Expand (zoom out on a grey canvas), crop so that some object keeps a minimum IoU, warp to the network's
    input, mirror, distort the colours. SSD distorts them first; last costs less, for fewer pixels are left by
    then, and differs in little (the canvas is tinted too, and contrast is taken about the mean of what is
    left). Objects whose centre falls outside the crop are dropped, with their labels and difficult marks.

    Source: SSD, section 2.2 and its revision on "expand".
    """
    zoom_out = v2.RandomZoomOut(fill=(123, 117, 104), side_range=(1.0, 4.0), p=0.5)
    return _compose(image_size, [zoom_out, v2.RandomIoUCrop()], v2.RandomPhotometricDistort())


def light_augmentation(image_size: int) -> v2.Compose:
    """A mild and quick one, for runs too short to see every object at every size. Shapes as with `ssd_augmentation`.

    Half of the pictures are cropped, to at least 0.6 of each side. Brightness, contrast and saturation vary, hues
    do not.
    """
    crop = v2.RandomIoUCrop(
        min_scale=0.6, min_aspect_ratio=0.75, max_aspect_ratio=4 / 3, sampler_options=[0.0, 1.0]
    )
    return _compose(image_size, [crop], v2.ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3))


def upless_augmentation(image_size: int) -> v2.Compose:
    """`light_augmentation`, and half of the pictures upside down: for microscopes and satellites, which have no up."""
    return v2.Compose([v2.RandomVerticalFlip(), *light_augmentation(image_size).transforms])


def _compose(image_size: int, frame: list[torch.nn.Module], colours: torch.nn.Module) -> v2.Compose:
    return v2.Compose(
        [
            *frame,
            v2.Resize((image_size, image_size), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.ClampBoundingBoxes(),  # 299 · (300/299) is 300.00003 in float32, and outside boxes are dropped next
            v2.SanitizeBoundingBoxes(min_size=1, labels_getter=per_object),
            colours,
            v2.ToDtype(torch.float32, scale=True),
            v2.ToPureTensor(),
        ]
    )


AUGMENTATIONS = {"light": light_augmentation, "upless": upless_augmentation, "ssd": ssd_augmentation}


def per_object(sample: tuple[torch.Tensor, dict[str, torch.Tensor]]) -> tuple[torch.Tensor, ...]:
    """The fields of a target that have one entry for each object, beside its boxes."""
    return tuple(sample[1][key] for key in ("labels", "difficult") if key in sample[1])

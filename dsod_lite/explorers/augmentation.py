"""AugmentationExplorer: what augmentation makes of one picture, and what its dice were."""

from collections.abc import Sequence
from typing import Any, Self

import torch
import traitlets
from matplotlib.figure import Figure
from torch import Tensor

from .. import plots
from ..datasets.augmentation.transforms import AUGMENTATIONS
from ..datasets.labelled import DetectionDataset
from .dice import Dice, throw
from .explorer import Explorer, decode_picture
from .thumbnail import thumbnail

LONGEST_SIDE = 160  # pixels of each picture that is shipped


class AugmentationExplorer(Explorer):
    """Throw the dice, and see the part that is cut out, the mirror, the colours, and the example that comes of it.

    The throws are the package's own, made in advance, a dozen of each augmentation. `augmentation` is the name of one,
    `number` the throw that is shown.
    """

    _modules = ("boxes", "marks", "found_marks", "augmentation_explorer")

    picture = traitlets.Unicode().tag(sync=True)
    """A JPEG in a data URL."""
    width = traitlets.Int().tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    """Of the picture, in pixels."""
    boxes = traitlets.List(traitlets.List(traitlets.Float())).tag(sync=True)
    """The objects, xyxy in the picture's pixels."""
    image_size = traitlets.Int().tag(sync=True)
    """The side of what comes out."""
    throws = traitlets.Dict().tag(sync=True)
    """For each augmentation a list of {"picture", "boxes", "names", "window", "dice"}: boxes xyxy in pixels of what
    comes out, the window xyxy in pixels of what went in, and the dice [name, value] in words."""
    augmentation = traitlets.Unicode().tag(sync=True)
    number = traitlets.Int(0).tag(sync=True)

    @classmethod
    def from_dataset(
        cls,
        dataset: DetectionDataset,
        index: int,
        augmentations: Sequence[str] = ("light", "ssd"),
        image_size: int = 128,
        count: int = 12,
    ) -> Self:
        """Throws for a picture of a data set.

        Args:
            dataset: its transform is left as it is.
            index: of the picture.
            augmentations: names in `AUGMENTATIONS`.
            image_size: side of what comes out, in pixels.
            count: throws of each.
        """
        before, dataset.transform = dataset.transform, lambda image, target: (image, target)
        image, target = dataset[index]
        dataset.transform = before
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            throws = {
                name: [
                    _shipped(dataset, *throw(AUGMENTATIONS[name](image_size), image, target)) for _ in range(count)
                ]
                for name in augmentations
            }
        return cls(
            picture=thumbnail(image, LONGEST_SIDE),
            width=image.shape[-1],
            height=image.shape[-2],
            boxes=target["boxes"].tolist(),
            image_size=image_size,
            throws=throws,
            augmentation=augmentations[0],
        )

    def still(self) -> Figure:
        shown = self.throws[self.augmentation][self.number]
        image = decode_picture(shown["picture"])
        assert image is not None
        boxes = torch.tensor(shown["boxes"]).reshape(-1, 4) * image.shape[-1] / self.image_size
        axes = plots.show_boxes(image, boxes, torch.arange(1, len(boxes) + 1), class_names=shown["names"])
        axes.set_title(f"{self.augmentation}: {', '.join(' '.join(die) for die in shown['dice'][:2])}", fontsize=9)
        figure = axes.get_figure(root=True)
        assert figure is not None
        return figure


def _shipped(dataset: DetectionDataset, image: Tensor, target: dict[str, Any], dice: Dice) -> dict[str, Any]:
    left, top, right, bottom = dice.window
    rows = {"cut out": f"{right - left} × {bottom - top} px", "mirrored": "yes" if dice.mirrored else "no"}
    return {
        "picture": thumbnail(image, LONGEST_SIDE),
        "boxes": target["boxes"].tolist(),
        "names": [dataset.classes[label - 1] for label in target["labels"].tolist()],
        "window": list(dice.window),
        "dice": [list(row) for row in {**rows, **dice.colours}.items()],
    }

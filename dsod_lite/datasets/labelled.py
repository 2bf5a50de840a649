"""A detection data set: the protocol that everything relies on, and the one class that all label formats become."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import torch
from torch.utils.data import Dataset
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as transforms

from ..support.errors import DataError
from .annotations import progress
from .fingerprint import fingerprint
from .images import read_image
from .labels import LabelledPicture, Upright, upright
from .repairs import Repairs

Transform = Callable[[Any, dict[str, Any]], Any]
HEADERS_AT_ONCE = 8
"""Threads that read pictures' headers. On a disk across a network nearly all of the time goes into waiting."""


LEAST_SIDE = 4
"""Pixels. A picture that is narrower is widened before it is augmented: of one pixel no part can be cut."""


class DetectionDataset(Protocol):
    """What `train`, `predict`, the plots and the commands ask of a data set.

    Item i is a picture, float32 RGB [3, H, W] in [0, 1], and its target: "boxes" float32 [M, 4] xyxy in pixels,
    "labels" int64 [M] (1 is `classes[0]`), "difficult" bool [M], and "image_id" int, which is i. With a `transform`
    the picture goes to it as uint8 `tv_tensors.Image`, the boxes as `tv_tensors.BoundingBoxes`, and what it returns is
    the item.
    """

    names: list[str]
    """Of each picture, for messages."""
    sizes: list[tuple[int, int]]
    """(width, height) of each picture, in pixels, as a viewer shows it."""
    classes: tuple[str, ...]
    """The names of the labels 1 to C."""

    @property
    def transform(self) -> Transform | None: ...
    @transform.setter
    def transform(self, transform: Transform | None) -> None: ...
    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> tuple[Any, Any]: ...


class LabelledDataset(Dataset[tuple[Any, dict[str, Any]]]):
    """Labelled pictures as a `DetectionDataset`.

    Every picture's header is read when the data set is made, so that a broken file is known before training starts.
    Boxes drawn on pixels that a camera had stored lying on their side are turned with the picture. Boxes without area
    are dropped and boxes over the edge clipped. Each is said in one warning that counts and names;
    `warnings.simplefilter("error")` makes an error of it.

    Args:
        pictures: what the labels say.
        classes: names of the labels 1 to C.
        source: what warnings begin with.
        labels: the label of each name that an object may have; None for objects to be left out. Default: `classes`,
            counted from 1.
        transform: augmentation.
        with_objects: leave out crowds, and the pictures on which no object is left.
        raw: take boxes as they are, crowds among them, which are "difficult" then; a target has "iscrowd" bool [M] and
            "area" float32 [M], the pixels of the mask, too.

    Raises:
        DataError: naming the file and the field.
    """

    def __init__(
        self,
        pictures: Iterable[LabelledPicture],
        classes: tuple[str, ...],
        source: str,
        labels: Mapping[str, int | None] | None = None,
        transform: Transform | None = None,
        with_objects: bool = False,
        raw: bool = False,
    ) -> None:
        self.classes, self.transform = classes, transform
        self.names: list[str] = []
        self.sizes: list[tuple[int, int]] = []
        self._paths: list[Path] = []
        self._targets: list[dict[str, Any]] = []
        if labels is None:
            labels = {name: label for label, name in enumerate(classes, start=1)}
        listed, repairs = list(pictures), Repairs()
        with ThreadPoolExecutor(HEADERS_AT_ONCE) as pool:
            found = pool.map(upright, listed)
            for picture, seen in zip(progress(listed), found, strict=True):
                target = self._target(picture, seen, labels, None if raw else repairs, with_objects)
                if with_objects and not len(target["boxes"]):
                    continue
                for names, wrong in ((repairs.resized, seen.resized), (repairs.turned, seen.turned)):
                    if wrong:
                        names.append(picture.name)
                self._targets.append(target | {"image_id": len(self.names)})
                self.names.append(picture.name)
                self.sizes.append(seen.size)
                self._paths.append(picture.path)
        repairs.say(source)

    def _target(
        self,
        picture: LabelledPicture,
        seen: Upright,
        labels: Mapping[str, int | None],
        repairs: Repairs | None,
        with_objects: bool,
    ) -> dict[str, Any]:
        kept = []
        for i, item in enumerate(seen.objects):
            if item.name not in labels:
                known = ", ".join(self.classes)
                raise DataError(f"{picture.source}: object {i}: name: {item.name!r} is none of the classes ({known})")
            if labels[item.name] is None or (with_objects and item.crowd):
                continue
            where = item.where or f"{picture.name} object {i}"
            box = repairs.fit(item.box, seen.size, where) if repairs else item.box
            if box:
                kept.append((item, box))
        target = {
            "boxes": torch.tensor([box for _, box in kept], dtype=torch.float32).reshape(-1, 4),
            "labels": torch.tensor([labels[item.name] for item, _ in kept], dtype=torch.int64),
            "difficult": torch.tensor([item.difficult or item.crowd for item, _ in kept], dtype=torch.bool),
        }
        if repairs is None:
            areas = [_area(box) if item.area is None else item.area for item, box in kept]
            target["iscrowd"] = torch.tensor([item.crowd for item, _ in kept], dtype=torch.bool)
            target["area"] = torch.tensor(areas, dtype=torch.float32)
        return target

    def __len__(self) -> int:
        return len(self.names)

    def fingerprint(self) -> str:
        """See `fingerprint`. A picture that was replaced shows by its bytes, if it has another number of them."""
        lengths = (path.stat().st_size for path in self._paths)
        return fingerprint(zip(self.names, self.sizes, lengths, strict=True), self._targets)

    def __getitem__(self, index: int) -> tuple[Any, dict[str, Any]]:
        return read_item(self._paths[index], self._targets[index], self.transform)


def read_item(path: Path, target: dict[str, Any], transform: Transform | None) -> tuple[Any, dict[str, Any]]:
    """A picture's file and its target as an item, see `DetectionDataset`."""
    image = read_image(path)
    # Copies: a transform may change what it is given in place.
    target = {key: value.clone() if isinstance(value, torch.Tensor) else value for key, value in target.items()}
    if transform is None:
        return transforms.to_dtype(image, torch.float32, scale=True), target
    boxes = tv_tensors.BoundingBoxes(target["boxes"], format="XYXY", canvas_size=image.shape[-2:])  # type: ignore[call-arg]
    wide = [max(side, LEAST_SIDE) for side in image.shape[-2:]]
    if wide != list(image.shape[-2:]):
        image, boxes = transforms.resize(image, wide), transforms.resize(boxes, wide)
    return transform(tv_tensors.Image(image), target | {"boxes": boxes})


def _area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])

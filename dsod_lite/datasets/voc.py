"""Folders in Pascal VOC's layout: JPEGImages, Annotations and ImageSets/Main with train.txt, val.txt, test.txt."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as transforms

from ..support.errors import DataError
from .annotations import class_names, find_image, progress, read_annotation, split_names
from .fingerprint import fingerprint
from .images import image_size, read_image
from .repairs import Repairs


class VOCDataset(Dataset[tuple[Any, dict[str, Any]]]):
    """One split of a folder in VOC's layout.

    An item is a picture, float32 RGB [3, H, W] in [0, 1], and its target: "boxes" float32 [M, 4] xyxy in
    pixels (the numbers of the file, as SSD and DSOD read them), "labels" int64 [M] (1 is `classes[0]`),
    "difficult" bool [M], "image_id" int, its place in the split. With a `transform`, the picture goes to it
    as uint8 `tv_tensors.Image` and the boxes as `tv_tensors.BoundingBoxes`, and what it returns is the item.

    Every annotation is read, and every picture's header, when the data set is made, so that a broken file is
    known before training starts. Boxes without area are dropped and boxes over the edge clipped, with one
    warning each that counts and names them; `warnings.simplefilter("error")` makes an error of it.

    Raises:
        DataError: naming the file and the field.
    """

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        classes: Sequence[str] | None = None,
        transform: Callable[[Any, dict[str, Any]], Any] | None = None,
    ) -> None:
        self.root = Path(root)
        if not self.root.is_dir():
            raise DataError(f"{self.root}: there is no such folder")
        self.split = split
        self.names = split_names(self.root, split)
        self.classes = tuple(classes) if classes is not None else class_names(self.root)
        self.transform = transform
        self._paths = [find_image(self.root, name) for name in self.names]
        self.sizes: list[tuple[int, int]] = []  # (width, height) of each picture
        repairs = Repairs()
        self._targets = [
            self._read_target(i, name, path, repairs)
            for i, (name, path) in enumerate(progress(list(zip(self.names, self._paths, strict=True))))
        ]
        repairs.say(f"{self.root} ({split})")

    def _read_target(self, index: int, name: str, path: Path, repairs: Repairs) -> dict[str, Any]:
        source = self.root / "Annotations" / f"{name}.xml"
        annotation = read_annotation(source)
        width, height = image_size(path)
        self.sizes.append((width, height))
        if annotation.size not in (None, (width, height)):
            repairs.resized.append(name)
        boxes, labels, difficult = [], [], []
        for i, item in enumerate(annotation.objects):
            if item.name not in self.classes:
                known = ", ".join(self.classes)
                raise DataError(f"{source}: object {i}: name: {item.name!r} is none of the classes ({known})")
            if box := repairs.fit(item.box, (width, height), f"{name} object {i}"):
                boxes.append(box)
                labels.append(self.classes.index(item.name) + 1)
                difficult.append(item.difficult)
        return {
            "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
            "labels": torch.tensor(labels, dtype=torch.int64),
            "difficult": torch.tensor(difficult, dtype=torch.bool),
            "image_id": index,
        }

    def __len__(self) -> int:
        return len(self.names)

    def fingerprint(self) -> str:
        """See `fingerprint`. A picture that was replaced shows by its bytes, if it has another number of them."""
        sizes = (path.stat().st_size for path in self._paths)
        return fingerprint(zip(self.names, self.sizes, sizes, strict=True), self._targets)

    def __getitem__(self, index: int) -> tuple[Any, dict[str, Any]]:
        return read_item(self._paths[index], self._targets[index], self.transform)


def read_item(
    path: Path, target: dict[str, Any], transform: Callable[[Any, dict[str, Any]], Any] | None
) -> tuple[Any, dict[str, Any]]:
    """A picture's file and its target as an item, see `VOCDataset`."""
    image = read_image(path)
    # Copies: a transform may change what it is given in place.
    target = {key: value.clone() if isinstance(value, torch.Tensor) else value for key, value in target.items()}
    if transform is None:
        return transforms.to_dtype(image, torch.float32, scale=True), target
    boxes = tv_tensors.BoundingBoxes(target["boxes"], format="XYXY", canvas_size=image.shape[-2:])  # type: ignore[call-arg]
    return transform(tv_tensors.Image(image), target | {"boxes": boxes})

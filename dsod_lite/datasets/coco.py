"""COCO: pictures in one folder, all annotations in one JSON file."""

import contextlib
import io
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from pycocotools.coco import COCO
from torch.utils.data import Dataset

from ..support.errors import DataError
from .fingerprint import fingerprint
from .repairs import Repairs
from .voc import read_item

# COCO's words for VOC's 20 classes, where they differ.
VOC_WORDS = {
    "airplane": "aeroplane",
    "motorcycle": "motorbike",
    "couch": "sofa",
    "potted plant": "pottedplant",
    "dining table": "diningtable",
    "tv": "tvmonitor",
}


class CocoDataset(Dataset[tuple[Any, dict[str, Any]]]):
    """One split of COCO, read as `VOCDataset` reads VOC.

    An item is a picture, float32 RGB [3, H, W] in [0, 1], and its target: "boxes" float32 [M, 4] xyxy in pixels,
    "labels" int64 [M] (1 is `classes[0]`), "difficult" bool [M], and "image_id" int, its place in the split. With a
    `transform`, it gets what `VOCDataset`'s gets.

    To train on (`with_objects`), boxes around crowds are left out, as the authors do, boxes without area dropped and
    boxes over the edge clipped, with one warning each that counts and names them; and pictures on which no object is
    left are left out, as in SSD's lists. To be judged by, everything is as in the file, so that the numbers are
    pycocotools' own: a target has "iscrowd" bool [M] and "area" float32 [M], the pixels of the mask, beside the
    others, and crowds are "difficult", which VOC's measure does not count.

    Args:
        images: the folder, such as coco/train2017.
        annotations: the file, such as coco/annotations/instances_train2017.json.
        classes: names of the classes to keep, in the order of their labels, in VOC's or in COCO's words; None: all that
            the file has, in its order.
        with_objects: whether to train on it; False: to be judged by it.
        transform: augmentation.

    Raises:
        DataError: naming the file and the field.
    """

    def __init__(
        self,
        images: str | Path,
        annotations: str | Path,
        classes: tuple[str, ...] | None = None,
        with_objects: bool = True,
        transform: Callable[[Any, dict[str, Any]], Any] | None = None,
    ) -> None:
        self.images, self.transform = Path(images), transform
        if not self.images.is_dir():
            raise DataError(f"{self.images}: there is no such folder")
        source = Path(annotations)
        coco = read_coco(source)
        labels = label_of_category(coco, classes, source)
        there = {path.name for path in self.images.iterdir()}  # one look: a question for each file would take a minute
        repairs = Repairs()
        self.classes = classes or tuple(coco.cats[i]["name"] for i in sorted(coco.cats))
        self.names: list[str] = []
        self.sizes: list[tuple[int, int]] = []
        self._targets: list[dict[str, Any]] = []
        for image_id in sorted(coco.imgs):
            where = f"{source}: images: {image_id}"
            name, size = picture_of(coco.imgs[image_id], where)
            target = read_target(coco.imgToAnns[image_id], labels, size, repairs if with_objects else None, source)
            if with_objects and not len(target["boxes"]):
                continue
            if name not in there and not (self.images / name).exists():
                raise DataError(f"{where}: file_name: {self.images / name}: there is no such picture")
            self._targets.append(target | {"image_id": len(self.names)})
            self.names.append(name)
            self.sizes.append(size)
        repairs.say(str(source))

    def __len__(self) -> int:
        return len(self.names)

    def fingerprint(self) -> str:
        """See `fingerprint`. The files are not asked for their bytes: that takes a minute for 120,000."""
        return fingerprint(zip(self.names, self.sizes, strict=True), self._targets)

    def __getitem__(self, index: int) -> tuple[Any, dict[str, Any]]:
        return read_item(self.images / self.names[index], self._targets[index], self.transform)


def read_coco(path: Path) -> COCO:
    """The file through pycocotools, which is silenced. Raises DataError naming it."""
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            coco = COCO(str(path))
    except Exception as error:
        raise DataError(f"{path}: cannot be read as COCO's JSON: {type(error).__name__}: {error}") from error
    for field in ("images", "annotations", "categories"):
        if not isinstance(coco.dataset.get(field), list):
            raise DataError(f"{path}: {field}: is missing")
    for annotation in coco.dataset["annotations"]:
        if annotation.get("category_id") not in coco.cats:
            where = f"{path}: annotations: {annotation.get('id')}"
            raise DataError(f"{where}: category_id: {annotation.get('category_id')!r} is none of the categories")
    return coco


def label_of_category(coco: COCO, classes: tuple[str, ...] | None, path: Path) -> dict[int, int]:
    """COCO's number of a category, which has gaps -> our label. Raises DataError for a class that the file lacks."""
    if classes is None:
        return {category: label for label, category in enumerate(sorted(coco.cats), start=1)}
    named = {}
    for category, entry in coco.cats.items():
        word = VOC_WORDS.get(entry["name"], entry["name"])
        for name in {entry["name"], word} & set(classes):
            named[name] = category
    if missing := [name for name in classes if name not in named]:
        raise DataError(f"{path}: categories: has no {', '.join(missing)}")
    return {named[name]: label for label, name in enumerate(classes, start=1)}


def picture_of(entry: Mapping[str, Any], where: str) -> tuple[str, tuple[int, int]]:
    """A picture's file name and its size (width, height). Raises DataError naming the field."""
    name = entry.get("file_name")
    if not isinstance(name, str) or not name:
        raise DataError(f"{where}: file_name: {name!r} is no file's name")
    for field in ("width", "height"):
        if not isinstance(entry.get(field), int) or entry[field] < 1:
            raise DataError(f"{where}: {field}: {entry.get(field)!r} is not a number of pixels")
    return name, (entry["width"], entry["height"])


def read_target(
    annotations: list[Mapping[str, Any]],
    labels: Mapping[int, int],
    size: tuple[int, int],
    repairs: Repairs | None,
    source: Path,
) -> dict[str, torch.Tensor]:
    """Boxes [M, 4] xyxy in pixels, labels [M] and difficult [M] of one picture of `size` (width, height).

    Annotations of categories that have no label are left out. Without `repairs` all others are there as they are, with
    iscrowd [M] and area [M]. Raises DataError naming the annotation and the field.
    """
    boxes, kept, crowds, areas = [], [], [], []
    for annotation in annotations:
        crowd = bool(annotation.get("iscrowd"))
        if (crowd and repairs) or annotation.get("category_id") not in labels:
            continue
        box = annotation.get("bbox")
        numbers = isinstance(box, list) and all(isinstance(v, int | float) and math.isfinite(v) for v in box)
        if not numbers or len(box) != 4:  # type: ignore[arg-type]
            raise DataError(f"{source}: annotations: {annotation.get('id')}: bbox: {box!r} is not x, y, width, height")
        x, y, w, h = box  # type: ignore[misc]
        corners: tuple[float, ...] | None = (x, y, x + w, y + h)
        if repairs:
            corners = repairs.fit((x, y, x + w, y + h), size, f"annotation {annotation.get('id')}")
        if corners:
            area = annotation.get("area", w * h)
            if not isinstance(area, int | float) or not math.isfinite(area):
                where = f"{source}: annotations: {annotation.get('id')}"
                raise DataError(f"{where}: area: {area!r} is not a number of pixels")
            boxes.append(corners)
            kept.append(labels[annotation["category_id"]])
            crowds.append(crowd)
            areas.append(area)
    target = {
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        "labels": torch.tensor(kept, dtype=torch.int64),
        "difficult": torch.tensor(crowds, dtype=torch.bool),
    }
    if repairs is None:
        target |= {"iscrowd": target["difficult"].clone(), "area": torch.tensor(areas, dtype=torch.float32)}
    return target

"""COCO: pictures in one folder, all annotations in one JSON file."""

import contextlib
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from pycocotools.coco import COCO
from torch.utils.data import Dataset

from .images import DataError
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
    "labels" int64 [M] (1 is `classes[0]`), "difficult" bool [M], all False, and "image_id" int, its place in the split.
    With a `transform`, it gets what `VOCDataset`'s gets.

    Boxes around crowds are left out, as the authors do; boxes without area too. Boxes are clipped to the picture.
    Pictures on which no object is left are left out when training (`with_objects`), as in SSD's lists.

    Args:
        images: the folder, such as coco/train2017.
        annotations: the file, such as coco/annotations/instances_train2017.json.
        classes: names of the classes to keep, in the order of their labels, in VOC's or in COCO's words; None: all that
            the file has, in its order.
        with_objects: whether to leave out pictures without objects.
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
        coco = read_coco(Path(annotations))
        labels = label_of_category(coco, classes, Path(annotations))
        self.classes = classes or tuple(coco.cats[i]["name"] for i in sorted(coco.cats))
        self.names: list[str] = []
        self.sizes: list[tuple[int, int]] = []
        self._targets: list[dict[str, Any]] = []
        for image_id in sorted(coco.imgs):
            picture = coco.imgs[image_id]
            target = read_target(coco.imgToAnns[image_id], labels, picture["width"], picture["height"])
            if with_objects and not len(target["boxes"]):
                continue
            self._targets.append(target | {"image_id": len(self.names)})
            self.names.append(picture["file_name"])
            self.sizes.append((picture["width"], picture["height"]))

    def __len__(self) -> int:
        return len(self.names)

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


def read_target(
    annotations: list[Mapping[str, Any]], labels: Mapping[int, int], width: int, height: int
) -> dict[str, torch.Tensor]:
    """Boxes [M, 4] xyxy in pixels, labels [M] and difficult [M] of one picture."""
    boxes, kept = [], []
    for annotation in annotations:
        if annotation.get("iscrowd") or annotation["category_id"] not in labels:
            continue
        x, y, w, h = annotation["bbox"]
        x0, y0, x1, y1 = max(x, 0.0), max(y, 0.0), min(x + w, float(width)), min(y + h, float(height))
        if x1 > x0 and y1 > y0:
            boxes.append((x0, y0, x1, y1))
            kept.append(labels[annotation["category_id"]])
    return {
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        "labels": torch.tensor(kept, dtype=torch.int64),
        "difficult": torch.zeros(len(kept), dtype=torch.bool),
    }

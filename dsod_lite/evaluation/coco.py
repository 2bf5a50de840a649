"""COCO's twelve numbers, through pycocotools. Detections and targets are as in `evaluation`."""

import contextlib
import copy
import io
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from .tables import Records, Table, gather

AT_ONCE = 250
"""Pictures that pycocotools matches together. It keeps a kilobyte of each detection meanwhile."""
COCO_NAMES = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")


def evaluate_coco(detections: Records, targets: Records) -> dict[str, float]:
    """COCO's numbers by pycocotools: AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, ARs, ARm, ARl.

    Small is below 32² pixels, medium below 96², large above. As in COCO the best 100 detections of each class
    and image are used. A number that no object speaks for, such as APs where no object is small, is nan.

    A crowd (`iscrowd` in a target) does not count for recall. It absorbs any number of detections, and the
    overlap with it is the share of the detection that lies in it, not the IoU. pycocotools has no other way
    to set an object aside, so difficult objects are passed on as crowds: a small box anywhere inside one is
    forgiven, which VOC would call a false positive.

    Args:
        detections: dicts with `boxes`, `labels` and `scores`; tensors on any device.
        targets: dicts with `boxes`, `labels` and perhaps `difficult`, `iscrowd` and `area`, each [N]. `area`
            sorts objects into small, medium and large (COCO: the pixels of the mask); without it the box's.

    Raises:
        ValueError: as `evaluate_voc` does, for the lists and their fields.
    """
    optional = {"difficult": 0.0, "iscrowd": 0.0, "area": math.nan}
    found, objects = gather(detections, targets, optional, num_classes=None)
    if not len(objects["labels"]):
        return dict.fromkeys(COCO_NAMES, math.nan)
    objects["iscrowd"] = (objects["iscrowd"] != 0) | (objects["difficult"] != 0)
    labels = np.unique(objects["labels"]).tolist()
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(iouType="bbox")
        evaluation.params.imgIds, evaluation.params.catIds = list(range(len(targets))), labels
        evaluation._paramsEval = copy.deepcopy(evaluation.params)
        evaluation.evalImgs = _matched(found, objects, len(targets), labels)
        evaluation.accumulate()
        evaluation.summarize()
    # pycocotools says -1 where there is nothing to average; nan cannot slip into a mean unseen.
    stats = np.where(evaluation.stats < 0, np.nan, evaluation.stats)
    return dict(zip(COCO_NAMES, stats.tolist(), strict=True))


def _matched(found: Table, objects: Table, num_images: int, labels: list[int]) -> list[dict[str, Any] | None]:
    """pycocotools' record for each class, range of areas and picture, in this order; only what is added up is kept."""
    parts = []
    for start in range(0, num_images, AT_ONCE):
        images = range(start, min(start + AT_ONCE, num_images))
        part = COCOeval(*(_coco_index(_rows(table, images), images, labels) for table in (objects, found)), "bbox")
        part.evaluate()
        rows = [_slim(record) for record in part.evalImgs]
        parts.append(iter(_in_turn(rows, len(images))))
    groups = len(labels) * len(COCOeval(iouType="bbox").params.areaRng)
    return [record for _ in range(groups) for part in parts for record in next(part)]


def _in_turn(records: list[Any], count: int) -> Iterator[list[Any]]:
    """The records of a class and a range of areas, `count` each time."""
    return (records[i : i + count] for i in range(0, len(records), count))


def _slim(record: dict[str, Any] | None) -> dict[str, Any] | None:
    """Of pycocotools' record what its `accumulate` reads, in as few bytes as hold it."""
    if record is None:
        return None
    booleans = {field: np.asarray(record[field]).astype(bool) for field in ("dtMatches", "dtIgnore", "gtIgnore")}
    return booleans | {"dtScores": np.asarray(record["dtScores"], dtype=np.float64)}


def _rows(table: Table, images: range) -> Table:
    """The rows of pictures that follow each other."""
    first, last = np.searchsorted(table["image"], [images.start, images.stop])
    return {field: column[first:last] for field, column in table.items()}


def _coco_index(table: Table, images: range, labels: list[int]) -> COCO:
    """A table as pycocotools wants it: ids from 1 up (to it 0 means "no match"), boxes as x, y, w, h."""
    size = table["boxes"][:, 2:] - table["boxes"][:, :2]
    area = size.prod(axis=1)
    columns = {
        "id": np.arange(1, len(area) + 1),
        "image_id": table["image"],
        "category_id": table["labels"],
        "bbox": np.concatenate([table["boxes"][:, :2], size], axis=1),
        "area": np.where(np.isnan(table["area"]), area, table["area"]) if "area" in table else area,
        "iscrowd": table.get("iscrowd", np.zeros(len(area))).astype(int),
        "score": table.get("scores", np.ones(len(area))),
    }
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    coco = COCO()
    coco.dataset = {
        "images": [{"id": index} for index in images],
        "categories": [{"id": label} for label in labels],
        "annotations": [dict(zip(columns, row, strict=True)) for row in rows],
    }
    coco.createIndex()
    return coco

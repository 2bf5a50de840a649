"""COCO's twelve numbers, through pycocotools. Detections and targets are as in `evaluation`."""

import contextlib
import io
import math

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from .tables import Records, Table, gather

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
        indexed = [_coco_index(table, len(targets), labels) for table in (objects, found)]
        evaluation = COCOeval(*indexed, iouType="bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    # pycocotools says -1 where there is nothing to average; nan cannot slip into a mean unseen.
    stats = np.where(evaluation.stats < 0, np.nan, evaluation.stats)
    return dict(zip(COCO_NAMES, stats.tolist(), strict=True))


def _coco_index(table: Table, num_images: int, labels: list[int]) -> COCO:
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
        "images": [{"id": index} for index in range(num_images)],
        "categories": [{"id": label} for label in labels],
        "annotations": [dict(zip(columns, row, strict=True)) for row in rows],
    }
    coco.createIndex()
    return coco

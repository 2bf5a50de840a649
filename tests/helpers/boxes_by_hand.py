"""Detections and targets written by hand, or at random, and pycocotools' judgement of them."""

import contextlib
import io
from typing import Any

import numpy as np
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def target(*boxes: Any, labels: Any = None, **fields: Any) -> dict[str, Any]:
    labels = [1] * len(boxes) if labels is None else labels
    return {
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        "labels": torch.tensor(labels),
    } | {name: torch.tensor(value) for name, value in fields.items()}


def detection(*boxes: Any, scores: Any, labels: Any = None) -> dict[str, Any]:
    return target(*boxes, labels=labels) | {"scores": torch.tensor(scores, dtype=torch.float32)}


FAR = [200, 200, 210, 210]  # overlaps nothing below


def random_case(
    seed: int, images: int = 6, classes: int = 3, extent: int = 14, distinct: bool = False
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Integer boxes crowded into a few pixels, so ties in IoU, in score and with the threshold occur."""
    g = np.random.default_rng(seed)

    def boxes(n: Any) -> torch.Tensor:
        corner = g.integers(0, extent, (n, 2))
        return torch.tensor(np.concatenate([corner, corner + g.integers(1, extent, (n, 2))], 1)).float()

    detections, targets = [], []
    for _ in range(images):
        n, m = g.integers(0, 7), g.integers(0, 25)
        truth = boxes(n)
        jitter = truth[g.integers(0, n, m)] + torch.tensor(g.integers(-1, 2, (m, 4))) if n else boxes(m)
        scores = g.random(m) if distinct else g.integers(1, 10, m) / 10
        targets.append(
            {
                "boxes": truth,
                "labels": torch.tensor(g.integers(1, classes + 1, n)),
                "difficult": torch.tensor(g.random(n) < 0.3),
            }
        )
        detections.append(
            {
                "boxes": jitter,
                "labels": torch.tensor(g.integers(1, classes + 1, m)),
                "scores": torch.tensor(scores),
            }
        )
    return detections, targets


def run_pycocotools(detections: list[dict[str, Any]], targets: list[dict[str, Any]]) -> tuple[Any, Any]:
    """COCOeval over the same data, without `evaluate_coco`."""
    gt, dt = COCO(), COCO()
    base = {"images": [{"id": i} for i in range(len(targets))], "categories": [{"id": c} for c in (1, 2, 3)]}
    annotations: tuple[list[Any], list[Any]] = ([], [])
    for rows, records in zip(annotations, (targets, detections), strict=True):
        for image, record in enumerate(records):
            for index, (x1, y1, x2, y2) in enumerate(record["boxes"].tolist()):
                row: dict[str, Any] = {
                    "id": len(rows) + 1,
                    "image_id": image,
                    "category_id": int(record["labels"][index]),
                }
                row |= {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1), "iscrowd": 0}
                rows.append(row | {"score": float(record["scores"][index]) if "scores" in record else 1.0})
    with contextlib.redirect_stdout(io.StringIO()):
        for coco, rows in zip((gt, dt), annotations, strict=True):
            coco.dataset = base | {"annotations": rows}
            coco.createIndex()
        evaluation = COCOeval(gt, dt, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation.eval, evaluation.params.recThrs

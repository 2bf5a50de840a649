"""Beside `own_photographs`: torchvision's small detectors from random weights, in the same minutes on the same sets.

    python -m book.experiments.own_rivals              # all that is not recorded yet, one seed each
    python -m book.experiments.own_rivals kangaroos    # one set

SSDLite and Faster R-CNN, both with MobileNetV3 and pictures of 320 pixels, as torchvision has them; SGD with the rates
of torchvision's own training scripts, for batches of 16 (0.15 · 16/192 and 0.02), and half a cosine. Division,
pictures (augmented, pasted into and made of four), minutes, the choice of the best epoch on val and the judgement on
test are those of `learn`. A record is data/runs/own_rivals-SET-DETECTOR.json.
"""

import argparse
import os
import shutil
import sys
import time
import warnings
from dataclasses import asdict
from typing import Any

import torch
from torch import nn
from torchvision.models.detection import fasterrcnn_mobilenet_v3_large_320_fpn, ssdlite320_mobilenet_v3_large

from dsod_lite import TrainConfig, evaluate_voc, predict, train
from dsod_lite.commands.learn import MIXED, divided
from dsod_lite.datasets import open_split
from dsod_lite.datasets.augmentation.mixed import Mixed
from dsod_lite.datasets.augmentation.transforms import AUGMENTATIONS
from dsod_lite.datasets.in_memory import SPARE, InMemory
from dsod_lite.evaluation.bootstrap import bootstrap_ap50, interval
from dsod_lite.support.environment import environment
from dsod_lite.support.files import write_json
from dsod_lite.weights.checkpoint import BEST, load_checkpoint

from .machinery.records import RECORDS
from .own_photographs import AUGMENTATION, PROCESSOR_MINUTES, ROOT

SIDE = 320
RIVALS: dict[str, tuple[Any, dict[str, Any]]] = {
    "ssdlite": (ssdlite320_mobilenet_v3_large, {"learning_rate": 0.15 * 16 / 192, "weight_decay": 4e-5}),
    "faster_rcnn": (fasterrcnn_mobilenet_v3_large_320_fpn, {"learning_rate": 0.02, "weight_decay": 1e-4}),
}


def learn(name: str, rival: str, seed: int = 0) -> dict[str, Any]:
    """One run's record."""
    make, fields = RIVALS[rival]
    output = ROOT / "runs" / f"own_rivals-{name}-{rival}"
    shutil.rmtree(output, ignore_errors=True)
    minutes = PROCESSOR_MINUTES[name] / torch.get_num_threads()
    folder, division = divided(argparse.Namespace(folder=f"downloads/{name}", seed=seed), output, {})
    pictures = InMemory(open_split(folder, division[0], with_objects=True), SPARE * SIDE)
    augmentation = AUGMENTATION.get(name, "light")
    pictures.transform = AUGMENTATIONS[augmentation](SIDE)
    train_set = Mixed(pictures, **MIXED[augmentation])
    val_set, test_set = (open_split(folder, split, train_set.classes) for split in division[1:])
    torch.manual_seed(seed)
    model: nn.Module = make(weights=None, weights_backbone=None, num_classes=1 + len(train_set.classes))
    config = TrainConfig(minutes=minutes, seed=seed, device="cpu", optimizer="sgd", **fields)
    spent, began = sum(os.times()[:4]), time.perf_counter()
    history = train(model, train_set, val_set, config, output / "run")
    spent = sum(os.times()[:4]) - spent  # of the processor, by the loading process too
    model.load_state_dict(load_checkpoint(output / "run" / BEST)["model"])
    detections, targets = predict(model, test_set)
    classes = 1 + len(train_set.classes)
    record = environment(torch.device("cpu")) | {
        "command": f"python -m book.experiments.own_rivals {name}",
        "experiment": "own_rivals", "set": name, "detector": rival, "seed": seed, "minutes": minutes,
        "seconds": round(time.perf_counter() - began), "processor_seconds": round(spent), "train": asdict(config),
        "train_seconds": round(history[-1]["seconds"]), "epochs": len(history), "pictures": len(train_set),
        "parameters": sum(p.numel() for p in model.parameters()),
        "val_ap50": max(entry.get("val_ap50", 0.0) for entry in history),
        "test": {
            "pictures": len(test_set),
            "AP50": evaluate_voc(detections, targets, classes, method="all-point").mean_ap,
            "interval": interval(bootstrap_ap50(detections, targets, classes)),
        },
    }  # fmt: skip
    shutil.rmtree(output)
    return record


def main(sets: list[str]) -> None:
    for name in sets or PROCESSOR_MINUTES:
        for rival in RIVALS:
            path = RECORDS / f"own_rivals-{name}-{rival}.json"
            if not path.exists():
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    record = learn(name, rival)
                write_json(path, record)
                print(f"{name}, {rival}: test AP50 {record['test']['AP50']:.3f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

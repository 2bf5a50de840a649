"""evaluate: judge a trained detector on a split."""

import argparse
from pathlib import Path

from ..datasets import open_split
from ..evaluation.coco import evaluate_coco
from ..evaluation.predict import predict
from ..evaluation.voc import evaluate_voc
from ..support.files import write_json
from ..support.processes import join, rank
from ..weights.checkpoint import load_model
from .layout import LAYOUT

HELP = "judge a trained detector on a split"
EPILOG = f"""{LAYOUT}

Several GPUs share the pictures: torchrun --nproc-per-node 8 -m dsod_lite evaluate …"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--checkpoint", required=True, metavar="RUN", help="a run's folder, or its checkpoint.pt")
    add("--data", required=True, metavar="FOLDER")
    add("--split", default="test", help="default: test")
    add("--json", metavar="FILE", help="write AP50, AP and AP50 by class here too")
    add("--batch-size", type=int, default=16, help="default: 16")
    add("--workers", type=int, metavar="N",
        help="processes that load pictures; default: 0 on a CPU, up to 8 beside a GPU")  # fmt: skip
    add("--device", default="auto")


def run(args: argparse.Namespace) -> int:
    model, classes = load_model(args.checkpoint, join(args.device))
    dataset = open_split(args.data, args.split, classes)
    detections, targets = predict(model, dataset, args.batch_size, args.workers)
    if rank() > 0:
        return 0
    voc = evaluate_voc(detections, targets, len(classes) + 1, method="all-point")
    eleven = evaluate_voc(detections, targets, len(classes) + 1, method="11point")
    coco = evaluate_coco(detections, targets)

    width = max(len(name) for name in (*classes, "mean"))
    print(f"{args.data} {args.split}: {len(dataset)} pictures\n")
    print(f"{'class':{width}}  objects    AP50  11-point")
    for label, name in enumerate(classes, start=1):
        print(f"{name:{width}}  {voc.num_objects[label]:7}  {voc.ap[label]:6.3f}  {eleven.ap[label]:8.3f}")
    total = sum(voc.num_objects.values())
    print(f"{'mean':{width}}  {total:7}  {voc.mean_ap:6.3f}  {eleven.mean_ap:8.3f}")
    print("\nCOCO:  " + "  ".join(f"{key} {value:.3f}" for key, value in coco.items()))
    if args.json:
        result = {
            "checkpoint": str(args.checkpoint),
            "data": str(args.data),
            "split": args.split,
            "pictures": len(dataset),
            "AP50": voc.mean_ap,
            "AP": coco["AP"],
            "AP50_by_class": {name: voc.ap[label] for label, name in enumerate(classes, start=1)},
            "AP50_11point": eleven.mean_ap,
            "coco": coco,
        }
        write_json(Path(args.json), result)
    return 0

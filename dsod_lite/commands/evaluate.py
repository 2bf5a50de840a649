"""evaluate: judge a trained detector on a split."""

import argparse
from pathlib import Path
from typing import Any

from ..evaluation.bootstrap import DRAWS, bootstrap_ap50, interval
from ..evaluation.coco import evaluate_coco
from ..evaluation.threshold import best_threshold
from ..evaluation.voc import evaluate_voc
from ..support.files import write_json
from ..support.processes import rank
from .judging import add_judging, judged
from .layout import LAYOUT

HELP = "judge a trained detector on a split"
EPILOG = f"""{LAYOUT}

Several GPUs share the pictures: torchrun --nproc-per-node 8 -m dsod_lite evaluate …"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--checkpoint", required=True, metavar="RUN", help="a run's folder, or its checkpoint.pt")
    add_judging(parser)
    add("--json", metavar="FILE", help="write AP50, AP and AP50 by class here too")
    add("--interval", action="store_true", help="say between what AP50 lies on other pictures of this kind, and at "
        "which score precision and recall are best together")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    classes, dataset, detections, targets = judged(args.checkpoint, args)
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
    interval_of_ap = None
    if args.interval:
        low, high = interval_of_ap = interval(bootstrap_ap50(detections, targets, len(classes) + 1))
        print(f"\nAP50 {voc.mean_ap:.3f}, 95 % interval {low:.3f} to {high:.3f} ({DRAWS} samples of the pictures)")
        if (score := best_threshold(detections, targets)) is not None:
            print(f"best F1 from a score of {score:.2f} on")
    if args.json:
        result: dict[str, Any] = {
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
        if interval_of_ap:
            result["AP50_interval"] = list(interval_of_ap)
        write_json(Path(args.json), result)
    return 0

"""errors: what kinds of mistakes a detector makes, and what each costs."""

import argparse
from pathlib import Path

import torch

from ..evaluation.errors import KINDS, costs, counting, sort_out, worst
from ..evaluation.voc import evaluate_voc
from ..plots.cutouts import cutout, write_sheet
from ..support.files import write_json
from ..support.processes import rank
from ..weights.checkpoint import load_threshold
from .judging import add_judging, judged, sheet_file

HELP = "say what kinds of mistakes a detector makes, and what each kind costs"
EPILOG = """class: a good box with the wrong name. place: the right name, a bad box. both: neither. duplicate: found
already. background: there is no object. missed: an object that nothing claims. What a kind costs is what AP50 would
gain if it were mended and nothing else: prices, not shares. (TIDE, ECCV 2020; the book's chapter "Reading errors"
builds it.)

example:
  python -m dsod_lite errors --checkpoint runs/mine --data my_pictures --split val --sheet worst.png"""
SHOWN = 24


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoint", required=True, metavar="RUN", help="a run's folder, or its checkpoint.pt")
    add_judging(parser, "val")
    parser.add_argument("--sheet", type=sheet_file, metavar="FILE.png",
        help=f"draw the {SHOWN} mistakes with the highest scores here")  # fmt: skip
    parser.add_argument("--json", metavar="FILE", help="write the numbers here too")


def run(args: argparse.Namespace) -> int:
    classes, dataset, detections, targets = judged(args.checkpoint, args)
    if rank() > 0:
        return 0
    least = load_threshold(args.checkpoint) or 0.4
    pairs = list(map(counting, detections, targets))
    found = [detection for detection, _ in pairs]
    sorted_out = [sort_out(*pair) for pair in pairs]
    sure = torch.cat([kind[d["scores"] >= least] for d, (kind, _) in zip(found, sorted_out, strict=True)])
    counts = dict(zip(KINDS, sure.bincount(minlength=len(KINDS)).tolist(), strict=True))
    objects = sum(len(truth["labels"]) for _, truth in pairs)
    counts["missed"] = objects - counts["right"]
    worth = costs(detections, targets, len(classes) + 1)
    ap = evaluate_voc(detections, targets, len(classes) + 1, method="all-point").mean_ap
    print(f"{args.data} {args.split}: {len(dataset)} pictures, {objects} objects, AP50 {ap:.3f}")
    print(f"right with a score of {least:.2f} or more: {counts['right']}\n")
    print(f"{'mistake':11} so many   AP50 if mended")
    for kind, gain in worth.items():
        print(f"{kind:11} {counts[kind]:7}   {gain:+.3f}")
    if args.json:
        write_json(Path(args.json), {"AP50": ap, "threshold": least, "counts": counts, "costs": worth})
    if args.sheet and (rows := worst(SHOWN, sorted_out, found)):
        shown = [cutout(dataset[p][0], found[p]["boxes"][i], targets[p]["boxes"]) for _, p, i in rows]
        write_sheet(shown, args.sheet)
        print(f"\n{args.sheet}: the worst {len(rows)}, row by row; labels in white, what was found in orange")
        for number, (score, picture, i) in enumerate(rows, start=1):
            kind, label = KINDS[sorted_out[picture][0][i]], int(found[picture]["labels"][i])
            print(f"{number:3}. {dataset.names[picture]}: {classes[label - 1]} {score:.2f}, {kind}")
    return 0

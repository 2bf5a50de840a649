"""suspects: labels that are probably missing or wrong."""

import argparse
from collections import Counter
from pathlib import Path

from ..evaluation.suspects import suspects
from ..plots.cutouts import cutout, write_sheet
from ..support.files import write_json
from ..support.processes import rank
from ..weights.checkpoint import load_threshold
from .judging import add_judging, judged, sheet_file

HELP = "list labels that are probably missing or wrong"
EPILOG = """unlabelled: the detector is sure of an object where no label is near. mislabelled: it is sure of another
class. doubtful: a label near which it finds nothing. It is best asked about pictures that it was not trained on; to
look through all of them, train on one half and ask about the other. Some suspects are the detector's mistakes, so
look before you change.

example:
  python -m dsod_lite suspects --checkpoint runs/mine --data my_pictures --split val --sheet suspects.png"""
SHOWN = 48


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--checkpoint", required=True, metavar="RUN", help="a run's folder, or its checkpoint.pt")
    add_judging(parser, "val")
    add("--min-score", type=float, metavar="P",
        help="from which on the detector is sure; default: the checkpoint's, of the best F1, or 0.4")  # fmt: skip
    add("--sheet", type=sheet_file, metavar="FILE.png",
        help=f"draw the first {SHOWN} here")  # fmt: skip
    add("--json", metavar="FILE", help="write all of them here")


def run(args: argparse.Namespace) -> int:
    classes, dataset, detections, targets = judged(args.checkpoint, args)
    if rank() > 0:
        return 0
    least = args.min_score if args.min_score is not None else load_threshold(args.checkpoint) or 0.4
    found = suspects(detections, targets, least)
    counts = Counter(suspect.kind for suspect in found)
    said = ", ".join(f"{counts[kind]} {kind}" for kind in ("unlabelled", "mislabelled", "doubtful"))
    print(f"{args.data} {args.split}: {len(dataset)} pictures; {said}")
    for number, suspect in enumerate(found[:SHOWN], start=1):
        box = ", ".join(f"{value:.0f}" for value in suspect.box.tolist())
        name = classes[suspect.label - 1]
        print(f"{number:3}. {dataset.names[suspect.picture]}: {suspect.kind}, {name} {suspect.score:.2f} at {box}")
    if len(found) > SHOWN:
        print(f"and {len(found) - SHOWN} more" + ("" if args.json else "; --json FILE lists all"))
    if args.json:
        rows = [
            {"picture": dataset.names[s.picture], "kind": s.kind, "class": classes[s.label - 1],
             "score": round(s.score, 4), "box": [round(v, 1) for v in s.box.tolist()]}
            for s in found
        ]  # fmt: skip
        write_json(Path(args.json), rows)
    if args.sheet and found:
        shown = [cutout(dataset[s.picture][0], s.box, targets[s.picture]["boxes"]) for s in found[:SHOWN]]
        write_sheet(shown, args.sheet)
    return 0

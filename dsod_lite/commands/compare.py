"""compare: which of two detectors is better, and how sure is that?"""

import argparse
from pathlib import Path

import numpy as np

from ..evaluation.bootstrap import DRAWS, bootstrap_ap50, interval
from ..evaluation.voc import evaluate_voc
from ..support.errors import SettingError
from ..support.files import write_json
from ..support.processes import rank
from .judging import add_judging, judged

HELP = "say which of two detectors is better, and how sure that is"
EPILOG = """Both look at the same pictures, and these are sampled a thousand times with putting back (the bootstrap).
It says by how much their AP50 differs, between what the difference lies in 95 of 100 samples, and in what share of
them the second is better. That is about pictures only: two trainings of one detector with other seeds differ too.

example:
  python -m dsod_lite compare runs/small runs/large --data my_pictures --split val"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs=2, metavar="RUN", help="a run's folder, or a checkpoint such as RUN/best.pt")
    add_judging(parser)
    parser.add_argument("--json", metavar="FILE", help="write the numbers here too")


def run(args: argparse.Namespace) -> int:
    aps, samples, classes = [], [], None
    for checkpoint in args.runs:
        names, dataset, detections, targets = judged(checkpoint, args, classes)
        if classes is not None and names != classes:
            raise SettingError(f"{checkpoint}: finds {', '.join(names)}; {args.runs[0]} finds {', '.join(classes)}")
        classes = names
        aps.append(evaluate_voc(detections, targets, len(names) + 1, method="all-point").mean_ap)
        samples.append(bootstrap_ap50(detections, targets, len(names) + 1))
    if rank() > 0:
        return 0
    difference = samples[1] - samples[0]
    difference = difference[~np.isnan(difference)]
    better = float(((difference > 0) + 0.5 * (difference == 0)).mean()) if len(difference) else 0.5
    low, high = interval(difference)
    for checkpoint, ap, sample in zip(args.runs, aps, samples, strict=True):
        print(f"{checkpoint}: AP50 {ap:.3f}, {in_words(interval(sample))}")
    print(f"the second is better by {aps[1] - aps[0]:+.3f}, {in_words((low, high))}")
    print(f"probability that it is better: {better:.0%} ({DRAWS} samples of these {len(dataset)} pictures)")
    if args.json:
        numbers = {"AP50": aps, "difference": aps[1] - aps[0], "interval": [low, high], "probability": better}
        write_json(Path(args.json), {"runs": args.runs, "pictures": len(dataset), **numbers})
    return 0


def in_words(between: tuple[float, float]) -> str:
    """A 95 % interval in print."""
    return f"95 % interval {between[0]:.3f} to {between[1]:.3f}"

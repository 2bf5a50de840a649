"""`learn`, as its users call it, on public sets of photographs: seven minutes of two cores, judged once on test.

    python -m book.experiments.own_photographs             # all that is not recorded yet
    python -m book.experiments.own_photographs kangaroos   # one set

The sets lie in downloads/, where `python -m dsod_lite download kangaroos --to downloads/kangaroos` and the like put
them. A run has fourteen minutes of processor time, the blood cells' forty: as many minutes of the clock as there are
threads to share them. So the machine has to be quiet; the record has the processor's seconds, which say whether it was.
Each seed divides an undivided set anew. A record is data/runs/own_photographs-SET-SEED.json.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from typing import Any

import torch

from dsod_lite.support.environment import environment
from dsod_lite.support.files import write_json

from .machinery.records import RECORDS

PROCESSOR_MINUTES = {"raccoons": 14, "kangaroos": 14, "cards": 14, "chess": 14, "bccd": 40}
AUGMENTATION = {"bccd": "upless"}
"""A microscope's photographs have no up; all others are augmented by `light`."""
SEEDS = 3
ROOT = RECORDS.parents[1]


def learn(name: str, seed: int) -> dict[str, Any]:
    """One run's record: what `learn` says of itself in report.json and run.json."""
    output = ROOT / "runs" / f"own_photographs-{name}-{seed}"
    shutil.rmtree(output, ignore_errors=True)  # one that was stopped; a run by minutes is made in one go
    minutes = PROCESSOR_MINUTES[name] / torch.get_num_threads()
    words = ["learn", f"downloads/{name}", "--minutes", f"{minutes:g}", "--seed", str(seed)]
    if name in AUGMENTATION:
        words += ["--augmentation", AUGMENTATION[name]]
    where = environment(torch.device("cpu"))
    spent, began = sum(os.times()[:4]), time.perf_counter()
    subprocess.run([sys.executable, "-m", "dsod_lite", *words, "--output", str(output)], cwd=ROOT, check=True)
    spent = sum(os.times()[:4]) - spent  # of the processor
    run = json.loads((output / "run.json").read_text(encoding="utf-8"))
    record = where | {
        "command": f"python -m dsod_lite {' '.join(words)}",
        "experiment": "own_photographs",
        "set": name,
        "seed": seed,
        "minutes": minutes,
        "seconds": round(time.perf_counter() - began),
        "processor_seconds": round(spent),
        "train": run["train"],
        "train_seconds": round(run["seconds"]),
        "epochs": run["epochs"],
        "pictures": run["pictures"],
        "classes": run["classes"],
        "image_size": run["config"]["image_size"],
        "test": json.loads((output / "report.json").read_text(encoding="utf-8")),
    }
    shutil.rmtree(output)
    return record


def main(sets: list[str]) -> None:
    for seed in range(SEEDS):
        for name in sets or PROCESSOR_MINUTES:
            path = RECORDS / f"own_photographs-{name}-{seed}.json"
            if path.exists():
                continue
            record = learn(name, seed)
            write_json(path, record)
            test = record["test"]
            print(f"{name}, seed {seed}: test AP50 {test['AP50']:.3f}, interval {test['interval']}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

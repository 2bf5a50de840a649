"""DSOD300 beside torchvision's SSD300 on one GPU: training, inference, memory, and what each switch gains, in one run.

    python -m book.experiments.gpu_speed [--output FILE]

`gpu_cases` says what is timed. The cases of training take turns, then those of inference: several rounds, a few calls
each, and the median of the rounds counts. The clock stops when the GPU has done its work. "all" has the switches of the
other rows on together, with half precision in the kind that the card has units for; DSOD's inference is then that of
`fast_network`. SSD300 gets whatever can be switched on too: its backbone and its head are compiled. (`save_memory`
has rows of its own: a layer that is computed twice cannot be compiled.)

A case that fails, for want of memory say, has "failed" in the place of its numbers. The record is
data/runs/gpu_speed.json. A look at another network or card is `measure` with other arguments.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torchvision.models.detection import ssd300_vgg16

from dsod_lite import DSOD, dsod300
from dsod_lite.support.environment import environment
from dsod_lite.support.files import write_json
from dsod_lite.training.memory import half_of

from .machinery.records import RECORDS
from .parts.counting import SSDNetwork, multiply_adds
from .parts.gpu_cases import Case, Make, inference, switches_for, training
from .parts.gpu_clock import Row, matrix_rate, race

BATCH, ROUNDS, CALLS = 32, 7, 10
MATRIX_SIDE = 8192
STEPS, STEP_PICTURES = 100_000, 128
"""The authors' training on VOC."""
MODELS: dict[str, Make] = {
    "dsod300": lambda: dsod300(num_classes=21),
    "ssd300_vgg16": lambda: ssd300_vgg16(weights=None, weights_backbone=None, num_classes=21),
}


def flops(make: Make, side: int) -> int:
    """Operations of a network's convolutions for one picture; a training step takes three times as many a picture."""
    with torch.device("meta"):
        model: Any = make().eval()
        network: nn.Module = model.network if isinstance(model, DSOD) else SSDNetwork(model)
        return 2 * multiply_adds(network, torch.zeros(1, 3, side, side))


def measure(
    models: Mapping[str, Make],
    side: int,
    batch: int,
    device: torch.device,
    rounds: int = ROUNDS,
    calls: int = CALLS,
    matrix_side: int = MATRIX_SIDE,
) -> dict[str, Any]:
    """All that the record says beside where it was made. The second of the models is the one to be compared with.

    Args:
        models: DSODs, or torchvision's SSDs.
        side: of the pictures, in pixels: that of the networks' input.
        batch: pictures of a step. Inference is timed with one picture too, with no switch and with all.
        device: where.
        rounds: of the stopwatch.
        calls: of each case in a round.
        matrix_side: of the matrices whose product says what the device can do.
    """
    steps, answers = [], []
    for name, make in models.items():
        for_training, for_inference = switches_for(make(), half_of(device))
        for key, switches in for_training.items():
            call = training(make, switches, batch, side, device)
            steps.append(Case(name, "training", key, switches.precision, batch, call))
        for key, switches in for_inference.items():
            for pictures in (batch, 1) if key in ("none", "all") else (batch,):
                both = inference(make, switches, key == "all", pictures, side, device)
                for part, call in both.items():
                    answers.append(Case(name, part, key, switches.precision, pictures, call))
    # All networks compile the same lines of `nn.Module`: torch would give up on them, or take all sizes for variable.
    with torch._dynamo.config.patch(recompile_limit=100, automatic_dynamic_shapes=False):
        rows = race(steps, device, rounds, calls)
        steps.clear()
        rows += race(answers, device, rounds, calls)

    rates = {precision: matrix_rate(device, precision, matrix_side) for precision in ("float32", "bfloat16", "float16")}
    work = {name: flops(make, side) for name, make in models.items()}
    plain = {place(row): row for row in rows if row["switches"] == "none"}
    for row in rows:
        if speed := row.get("pictures_per_second"):
            times = 3 if row["part"] == "training" else 1
            row["matrix_share"] = round(times * work[row["model"]] * speed / rates[row["precision"]], 4)
            if before := plain[place(row)].get("pictures_per_second"):
                row["gain"] = round(speed / before, 3)
    return {
        "side": side,
        "calls": calls,
        "flops_per_picture": work,
        "matrix_flops_per_second": {precision: round(rate) for precision, rate in rates.items()},
        "rows": rows,
        "ratios": ratios(rows, *list(models)[:2]),
        "hours": {name: hours(rows, name) for name in models},
    }


def place(row: Row) -> tuple[str, str, int]:
    """What the rows that are compared have in common."""
    return row["model"], row["part"], row["batch"]


def fastest(rows: Sequence[Row], model: str, part: str, batch: int) -> float | None:
    """Most pictures a second with any of the switches; None: all failed."""
    speeds = [row["pictures_per_second"] for row in rows if place(row) == (model, part, batch) and "failed" not in row]
    return max(speeds, default=None)


def ratios(rows: Sequence[Row], ours: str, theirs: str) -> dict[str, float]:
    """Our pictures a second as a multiple of theirs, each with its best switches."""
    found = {}
    for part, batch in sorted({(row["part"], row["batch"]) for row in rows}):
        a, b = (fastest(rows, name, part, batch) for name in (ours, theirs))
        if a and b:
            found[f"{part} of {batch}"] = round(a / b, 3)
    return found


def hours(rows: Sequence[Row], model: str) -> float | None:
    """How long the authors' 100,000 steps of 128 pictures take at the best speed, if loading keeps up."""
    batch = next(row["batch"] for row in rows if row["part"] == "training")
    speed = fastest(rows, model, "training", batch)
    return None if speed is None else round(STEPS * STEP_PICTURES / speed / 3600, 2)


def lines(record: Mapping[str, Any]) -> list[str]:
    """A record as a table."""
    found = [f"{record['device']}, torch {record['torch']}, {record['side']}×{record['side']}"]
    for row in record["rows"]:
        what = f"{row['model']:13} {row['part']:10} of {row['batch']:<3} {row['switches']:28}"
        if "failed" in row:
            found.append(f"{what} failed: {row['failed'][:50]}")
            continue
        memory = "" if row["bytes_per_picture"] is None else f" {row['bytes_per_picture'] / 1e6:7.0f} MB"
        gain = f"× {row['gain']:.2f}" if "gain" in row else ""
        found.append(f"{what} {row['pictures_per_second']:8.1f}/s {gain:7} {row['matrix_share']:5.1%}{memory}")
    found += [f"times {list(record['hours'])[1]}'s speed, {what}: {ratio}" for what, ratio in record["ratios"].items()]
    return [*found, f"hours for {STEPS:,} steps of {STEP_PICTURES}: {record['hours']}"]


def main(arguments: list[str] | None = None) -> int:
    """Does what the command line says, and returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m book.experiments.gpu_speed", description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=RECORDS / "gpu_speed.json", metavar="FILE")
    options = parser.parse_args(arguments)
    if not torch.cuda.is_available():
        print("gpu_speed needs a GPU; nothing was measured", file=sys.stderr)
        return 2
    device = torch.device("cuda", torch.cuda.current_device())
    where = {**environment(device), "command": "python -m book.experiments.gpu_speed"}
    record = {**where, "device_bytes": torch.cuda.get_device_properties(device).total_memory}
    record |= measure(MODELS, 300, BATCH, device)
    write_json(options.output, record)
    print("\n".join(lines(record)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

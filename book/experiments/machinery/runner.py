"""Runs experiments: one (experiment, variant, seed) is one run, and one record that is written whole or not at all."""

import contextlib
import json
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from filelock import FileLock, Timeout

from dsod_lite.support.environment import environment
from dsod_lite.support.files import write_json
from dsod_lite.support.processes import pick_device

from .catalogue import device_of, experiment, first_seed_of, has_device, measure_of, record_path, seeds_of
from .records import RECORDS


def run_all(
    name: str,
    seeds: int | None = None,
    epochs: int | None = None,
    variants: list[str] | None = None,
    output: Path = RECORDS,
) -> None:
    """Makes the runs that are not recorded yet, seed by seed, and leaves out those that another process is making.

    Without the GPU that an experiment needs nothing is run, and that is said.

    Args:
        name: the experiment's.
        seeds: how many are run, from the experiment's first on, which is mostly 0; None: as many as it asks for.
        epochs: None: the experiment's own budget.
        variants: None: all.
        output: the folder of the records.

    Raises:
        ValueError: for a variant that there is not, or a record made with another number of epochs.
    """
    module = experiment(name)
    epochs = epochs or module.EPOCHS
    variants = variants or list(module.VARIANTS)
    if unknown := [variant for variant in variants if variant not in module.VARIANTS]:
        raise ValueError(f"{name} has no variant {unknown[0]!r}; it has {', '.join(module.VARIANTS)}")
    if not has_device(module):
        print(f"{name} needs a GPU; nothing was run")
        return
    elsewhere = 0
    first = first_seed_of(module)
    for seed in range(first, first + (seeds or seeds_of(module))):
        for variant in variants:
            path = record_path(output, name, variant, seed)
            if is_recorded(path, epochs):
                continue
            with claim(lock_path(output, name, variant, seed)) as ours:
                if not ours:
                    elsewhere += 1
                elif not is_recorded(path, epochs):  # another process may have finished it a moment ago
                    record = make_run(module, name, variant, seed, epochs)
                    write_json(path, record)
                    print(f"{variant}, seed {seed}: {summary(record, measure_of(module))}", flush=True)
    print(f"{name}: {elsewhere} runs are being made by other processes" if elsewhere else f"{name}: all recorded")


def make_run(module: ModuleType, name: str, variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One run's record. A CPU's one thread lets a seed fix its numbers, and several runs share a machine."""
    device = pick_device(device_of(module))
    if device.type == "cpu":
        torch.set_num_threads(1)
    torch.manual_seed(seed)
    where = environment(device)
    begun = time.perf_counter()
    result = module.run(variant, seed, epochs)
    options = ["--variant", variant, "--seeds", str(seed - first_seed_of(module) + 1), "--epochs", str(epochs)]
    return {
        **where,
        "command": shlex.join(["python", "-m", "book.experiments", name, *options]),
        "experiment": name,
        "variant": variant,
        "seed": seed,
        "epochs": epochs,
        **result.pop("setup", {}),
        "seconds": round(time.perf_counter() - begun, 1),
        "result": result,
    }


def summary(record: dict[str, Any], measure: str) -> str:
    """The end of a line of the log."""
    return f"{measure} {record['result'][measure]:.4f} in {record['seconds']:.0f} s"


def is_recorded(path: Path, epochs: int) -> bool:
    """Whether a run's record is there.

    Raises:
        ValueError: if it is, with another number of epochs.
    """
    if not path.exists():
        return False
    if (found := json.loads(path.read_text(encoding="utf-8"))["epochs"]) != epochs:
        raise ValueError(f"{path}: epochs: the record has {found}, not {epochs}; --output FOLDER keeps the two apart")
    return True


def lock_path(output: Path, name: str, variant: str, seed: int) -> Path:
    """The file that is locked while a run is being made: in runs/, which git ignores, or in a folder of one's own."""
    folder = RECORDS.parents[1] / "runs" if output.resolve() == RECORDS else output
    return folder / "locks" / f"{name}-{variant}-{seed}"


@contextlib.contextmanager
def claim(path: Path) -> Iterator[bool]:
    """Whether the run is ours. The system frees a lock when its process ends, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(path).acquire(blocking=False)
    except Timeout:
        yield False
    else:
        with lock:
            yield True

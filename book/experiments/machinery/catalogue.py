"""Which experiments there are, and what each of them asks for."""

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

from dsod_lite.support.processes import pick_device

from .. import comparisons
from .records import RECORDS

SEEDS = 3
"""Seeds of an experiment whose module names no other number."""


def experiments() -> list[str]:
    """The experiments' names: those of the files in comparisons/. None is imported."""
    return sorted(module.name for module in pkgutil.iter_modules(comparisons.__path__))


def experiment(name: str) -> ModuleType:
    """The module of an experiment.

    Raises:
        ValueError: naming those there are.
    """
    if name not in (found := experiments()):
        raise ValueError(f"there is no experiment {name!r}; there are {', '.join(found)}")
    return importlib.import_module(f"{comparisons.__name__}.{name}")


def seeds_of(module: ModuleType) -> int:
    """How many seeds an experiment is to have."""
    return getattr(module, "SEEDS", SEEDS)


def first_seed_of(module: ModuleType) -> int:
    """The first of an experiment's seeds: 0, unless its module has a FIRST_SEED."""
    return getattr(module, "FIRST_SEED", 0)


def measure_of(module: ModuleType) -> str:
    """The number by which an experiment's variants are compared."""
    return getattr(module, "MEASURE", "AP50")


def device_of(module: ModuleType) -> str:
    """What an experiment is run on, by torch's name: a CPU, unless its module has a DEVICE."""
    return getattr(module, "DEVICE", "cpu")


def has_device(module: ModuleType) -> bool:
    """Whether this machine has what an experiment is run on."""
    try:
        pick_device(device_of(module))
    except ValueError:
        return False
    return True


def record_path(output: Path, name: str, variant: str, seed: int) -> Path:
    """Where a run's record lies."""
    return output / name / f"{variant}-{seed}.json"


def list_all(output: Path = RECORDS) -> None:
    """Prints, for each experiment, the variants, and which of the seeds that it asks for are recorded."""
    for name in experiments():
        module = experiment(name)
        print(f"{name}: {(module.__doc__ or '').strip().splitlines()[0]}")
        for variant in module.VARIANTS:
            first = first_seed_of(module)
            wanted = range(first, first + seeds_of(module))
            paths = (output / name).glob(f"{variant}-*.json")
            there = sorted(int(path.stem.rpartition("-")[2]) for path in paths)
            missing = [seed for seed in wanted if seed not in there]
            print(f"  {variant:30} seeds {numbers(there):16} missing {numbers(missing)}")


def numbers(seeds: list[int]) -> str:
    """Some seeds in words."""
    return " ".join(map(str, seeds)) or "none"

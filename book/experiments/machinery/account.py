"""How many runs there are, what they took, and on which machines: the reproducibility checklist's numbers."""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .catalogue import experiment, experiments, seeds_of
from .records import RECORDS, load

PLANNED = ("headline_", "rates", "classifier", "labels_", "heads", "few_pictures", "photographs", "own_")
"""What the names of PLAN.md's experiments begin with. All other records are exploration."""

SEARCHES = ("rates", "classifier", "heads_rates", "photographs_rates")


class Sum(NamedTuple):
    """Some records together."""

    runs: int
    trained: int
    """How many of them trained a network."""
    hours: float


def is_planned(record: Mapping[str, Any]) -> bool:
    """Whether PLAN.md names a record's experiment."""
    return str(record.get("experiment", "")).startswith(PLANNED)


def seconds(record: Mapping[str, Any]) -> float:
    """What a run took. Of one that was stopped and went on, the training's time has all parts."""
    result = record.get("result")
    trained = result.get("train_seconds", 0) if isinstance(result, dict) else 0
    return max(float(record.get("seconds", 0)), float(trained))


def account(folder: Path = RECORDS) -> tuple[dict[str, Sum], dict[str, Sum]]:
    """All records below a folder, added up: by kind, "exploration" and "planned"; and by machine."""
    kinds: dict[str, list[Mapping[str, Any]]] = {"exploration": [], "planned": []}
    machines: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for path in sorted(folder.rglob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        kinds["planned" if is_planned(record) else "exploration"].append(record)
        machines[f"{record['device']}, {record['threads']} thread{'s' * (record['threads'] > 1)}"].append(record)
    return {name: added(several) for name, several in kinds.items()}, {
        name: added(several) for name, several in sorted(machines.items())
    }


def asked_for(folder: Path = RECORDS) -> dict[str, tuple[int, int]]:
    """Of each planned experiment how many runs are recorded, and how many it asks for.

    The searches are left out: they ask for as many trials as it takes.
    """
    found = {}
    for name in (each for each in experiments() if each.startswith(PLANNED) and each not in SEARCHES):
        module, there = experiment(name), load(name, folder)
        recorded = sum(len(there.get(variant, [])) for variant in module.VARIANTS)
        found[name] = recorded, seeds_of(module) * len(module.VARIANTS)
    return found


def added(records: list[Mapping[str, Any]]) -> Sum:
    """Some records' sum."""
    trained = sum(record.get("train") is not None for record in records)
    return Sum(len(records), trained, sum(map(seconds, records)) / 3600)

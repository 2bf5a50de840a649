"""Runs that take minutes: made once, and from then on read from their record."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from .environment import environment
from .files import write_json


def recorded(path: str | Path, run: Callable[[], Any], again: bool = False) -> Any:
    """What `run()` returns: from its record if there is one, else it is run now, and recorded.

    A line is printed that says when and where the run was made.

    Args:
        path: the record, a JSON file. It has "result" beside what `runs.environment` says and the "seconds" it took.
        run: makes the result: numbers, strings, lists and dicts with strings as keys. It comes back as JSON has it.
        again: run it now, whether or not there is a record, and record that in its place.
    """
    path = Path(path)
    if again or not path.exists():
        begun = time.perf_counter()
        result = run()
        seconds = round(time.perf_counter() - begun, 1)
        write_json(path, {**environment(torch.device("cpu")), "seconds": seconds, "result": result})
    record = json.loads(path.read_text(encoding="utf-8"))
    where = f"{record['device']}, {record['threads']} threads, torch {record['torch']}"
    print(f"recorded {record['started'][:10]} in {record['seconds']:.0f} s on {where}; again=True repeats it")
    return record["result"]

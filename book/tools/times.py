"""Notes how long the chapters' cells take here, as the copies in `_executed` have it: writes book/times.json.

    .venv/bin/python book/tools/times.py

`make book` gives each chapter one thread, and runs as many side by side as there are cores.
"""

import json
from datetime import datetime
from pathlib import Path

import nbformat
import torch

from dsod_lite.support.environment import environment
from dsod_lite.support.files import write_json

ROOT = Path(__file__).parents[2]


def seconds(path: Path) -> float:
    """From the start of an executed notebook's first cell to the end of its last."""
    times = [c.metadata["execution"] for c in nbformat.read(path, as_version=4).cells if "execution" in c.metadata]
    begun = datetime.fromisoformat(times[0]["iopub.execute_input"])
    ended = datetime.fromisoformat(times[-1]["shell.execute_reply"])
    return (ended - begun).total_seconds()


def main() -> None:
    executed = ROOT / "_executed" / "book"
    chapters = {p.relative_to(executed).with_suffix("").as_posix(): p for p in sorted(executed.rglob("*.ipynb"))}
    here = environment(torch.device("cpu"))
    record = {
        "machine": f"one thread of a CPU ({here['device']})",
        "measured": here["started"][:10],
        "seconds": {name: round(seconds(path), 1) for name, path in chapters.items()},
    }
    write_json(ROOT / "book" / "times.json", record)
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()

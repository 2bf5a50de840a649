"""A run of minutes is made once."""

import json
from pathlib import Path

import pytest

from dsod_lite.support.recorded import recorded


def test_made_once_and_read_from_then_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made: list[int] = []

    def run() -> dict[str, list[float]]:
        made.append(1)
        return {"ap": [0.25, float(len(made))]}

    path = tmp_path / "runs" / "short.json"
    assert recorded(path, run) == recorded(path, run) == {"ap": [0.25, 1.0]}
    assert len(made) == 1
    record = json.loads(path.read_text())
    assert record["result"] == {"ap": [0.25, 1.0]}
    assert {"device", "threads", "torch", "commit", "started", "seconds"} <= set(record)
    assert record["torch"] in capsys.readouterr().out

    assert recorded(path, run, again=True) == {"ap": [0.25, 2.0]}
    assert recorded(path, run) == {"ap": [0.25, 2.0]}


def test_a_run_that_fails_leaves_the_old_record(tmp_path: Path) -> None:
    path = tmp_path / "short.json"
    recorded(path, lambda: 1)
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError):
        recorded(path, lambda: 1 / 0, again=True)
    assert path.read_bytes() == before

"""The stopwatch, and every case of the benchmark once. No test says how long anything may take."""

import json
import sys
from pathlib import Path

import pytest
import torch

from dsod_lite import DSOD, __main__, dsod300_smallest
from dsod_lite.deploy import benchmark as module


def test_the_stopwatch_repeats_a_call_with_the_threads_that_torch_has() -> None:
    threads: list[int] = []
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert module.seconds(lambda: threads.append(torch.get_num_threads())) > 0
    finally:
        torch.set_num_threads(before)
    assert len(threads) > 4
    assert set(threads) == {2}


def benchmark(monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    """The command."""
    monkeypatch.setattr(sys, "argv", ["dsod_lite/__main__.py", "benchmark", *options])
    return __main__.main()


def test_every_case_runs_and_has_its_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with less work than in earnest."""
    times = iter((1.0, 2.0, 0.1, 0.4, 0.2, 3.0, 6.0, 1.5))
    real_step, real_evaluation = module.training_step, module.random_evaluation
    monkeypatch.setattr(module, "dsod300", dsod300_smallest)
    monkeypatch.setattr(module, "training_step", lambda model, size, batch: real_step(model, size, 2))
    monkeypatch.setattr(module, "random_evaluation", lambda pictures, *rest: real_evaluation(pictures // 100, *rest))
    monkeypatch.setattr(DSOD, "fast_network", lambda model: model.network)  # compiling takes minutes
    monkeypatch.setattr(module, "seconds", lambda call: (call(), next(times))[1])
    file = tmp_path / "new" / "times.json"
    assert benchmark(monkeypatch, "--json", str(file)) == 0
    rows = json.loads(file.read_text())
    *timed, network, fast, step = rows
    assert next(times, None) is None
    assert [row["seconds"] for row in timed] == [1.0, 2.0, 0.1, 0.4, 0.2, 3.0, 6.0, 1.5]
    per_second = [1.0, 4952 / 2, 10.0, 2.5, 5.0, 1.3, 0.7, 10.7]  # of 1, 4,952, 1, 1, 1, 4, 4 and 16 pictures
    assert [row["pictures_per_second"] for row in timed] == per_second
    assert (network["ratio"], fast["ratio"], step["ratio"]) == (0.25, 0.5, 0.5)
    assert all("SSD300" in row["case"] for row in (network, fast, step))
    assert len({row["case"] for row in rows}) == len(rows)
    printed = capsys.readouterr().out
    assert all(row["case"].partition(": times SSD300")[0] in printed for row in rows)


def test_what_it_cannot_do_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "benchmark", list)
    (tmp_path / "file").touch()
    assert benchmark(monkeypatch, "--json", str(tmp_path / "file" / "times.json")) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert str(tmp_path / "file") in line
    with pytest.raises(SystemExit) as stopped:
        benchmark(monkeypatch, "--repeats", "3")
    assert stopped.value.code == 2

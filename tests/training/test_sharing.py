"""Several processes that train as one: two of them on the CPU, started by torchrun, against one."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from tiny import Rectangles, numbers, same, small_dsod
from two_processes import CASES, batch_for_norm, fresh_norm, normalized, trained

from dsod_lite import predict
from dsod_lite.support.processes import unused_part
from dsod_lite.training.loading import EpochSampler
from dsod_lite.training.recipe import TrainConfig
from dsod_lite.training.sharing import Share, share_of
from dsod_lite.weights.checkpoint import load_checkpoint

REPOSITORY = Path(__file__).parents[2]


def start_two(name: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Two processes of tests/helpers/two_processes.py, from beginning to end."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *options]
    return subprocess.run(
        [*torchrun, str(REPOSITORY / "tests/helpers/two_processes.py"), name, str(folder)],
        cwd=REPOSITORY, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def two(name: str, folder: Path, *options: str) -> list[Any]:
    """What the two processes left behind."""
    child = start_two(name, folder, *options)
    assert child.returncode == 0, child.stderr
    return [torch.load(folder / f"{i}.pt") for i in range(2) if (folder / f"{i}.pt").exists()]


def test_two_processes_equal_one(tmp_path: Path) -> None:
    """Twenty steps, whichever way the batch is shared: losses and weights, averaged ones, with their statistics."""
    first, second = two("equal_training", tmp_path)
    for name, fields in CASES.items():
        history, weights = trained(fields)
        assert len(history) == 20
        for found in (first[name], second[name]):
            for ours, theirs in zip(history, found[0], strict=True):
                for key in ("loss", "bbox_regression", "classification", "lr"):
                    assert theirs[key] == pytest.approx(ours[key], abs=1e-4), (name, ours["epoch"], key)
            for key, value in weights.items():
                statistic = "running" in key or "num_batches" in key
                if not statistic or name.endswith("both"):  # those of parts alone are averaged over the processes
                    torch.testing.assert_close(found[1][key], value, atol=1e-4, rtol=1e-3)
        assert same(first[name][1], second[name][1])


def test_batchnorm_over_two_processes_is_batchnorm_over_the_whole_batch(tmp_path: Path) -> None:
    """Though one of them has twice as many pictures; outputs, gradients and statistics."""
    first, second = two("sync_norm", tmp_path)
    y, x_grad, weight_grad, bias_grad, mean, variance = normalized(fresh_norm(), batch_for_norm())
    torch.testing.assert_close(torch.cat([first[0], second[0]]), y)
    torch.testing.assert_close(torch.cat([first[1], second[1]]), x_grad, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(first[2] + second[2], weight_grad, atol=0, rtol=1e-3)
    torch.testing.assert_close(first[3] + second[3], bias_grad, atol=0, rtol=1e-3)
    for found in (first, second):
        torch.testing.assert_close(found[4], mean)
        torch.testing.assert_close(found[5], variance)


def test_two_processes_share_the_pictures_to_be_judged(tmp_path: Path) -> None:
    detections, targets = predict(small_dsod(), Rectangles(5), batch_size=2, progress=False)
    for found in two("sharded", tmp_path):
        assert same(found[1], targets)
        assert [len(d["boxes"]) for d in found[0]] == [len(d["boxes"]) for d in detections]
        for ours, theirs in zip(detections, found[0], strict=True):
            torch.testing.assert_close(theirs["scores"], ours["scores"])


def test_no_start_sees_what_an_earlier_one_left_in_the_store() -> None:
    """Three processes, five starts; the first process is late each time, so that the others find only what is old."""
    store = dist.HashStore()
    for start in range(5):
        with ThreadPoolExecutor(3) as threads:
            others = [threads.submit(unused_part, store, own, 3) for own in (1, 2)]
            time.sleep(0.1)
            assert not any(other.done() for other in others)
            parts = [unused_part(store, 0, 3), *(other.result(timeout=10) for other in others)]
        assert not any(part.check(["address"]) for part in parts)
        parts[start % 3].set("address", str(start))
        assert [part.get("address").decode() for part in parts] == [str(start)] * 3


def test_a_killed_process_is_started_again_and_the_numbers_are_the_same(tmp_path: Path) -> None:
    two("restarted", tmp_path, "--max-restarts", "2")
    assert (tmp_path / "killed").exists()
    assert same(numbers(tmp_path / "deadly"), numbers(tmp_path / "calm"))


def test_torchrun_may_be_asked_to_stop(tmp_path: Path) -> None:
    """By SIGTERM, as Slurm does: both end after the same step, which is kept, and the numbers are the same."""
    ended = start_two("asked", tmp_path)
    assert ended.returncode != 0
    assert "Stopped: stopped after step" in ended.stderr
    assert ended.stderr.count("stopping after this step") == 1
    assert 0 < load_checkpoint(tmp_path / "stopped")["epoch"] < 20
    two("asked", tmp_path)
    stopped, calm = (load_checkpoint(tmp_path / name)["model"] for name in ("stopped", "calm"))
    for key, value in calm.items():  # what is kept, and gone on with, is the average of the processes' statistics
        close = {"atol": 1e-6, "rtol": 1e-6} if "running" in key else {"atol": 0, "rtol": 0}
        torch.testing.assert_close(stopped[key], value, **close)


# --- who does what -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("world", "fields", "expected"),
    [
        (1, {}, Share(0, 1, 16, 16)),
        (1, {"norm_batch_size": 4}, Share(0, 1, 16, 4)),
        (1, {"norm_batch_size": 6}, Share(0, 1, 16, 6)),
        (2, {"norm_batch_size": 4}, Share(0, 2, 8, 4)),
        (4, {"norm_batch_size": 4}, Share(0, 4, 4, 4)),
        (8, {"norm_batch_size": 8}, Share(0, 8, 2, 1, together=True)),
        (4, {}, Share(0, 4, 4, 4, together=True)),
    ],
)
def test_shares_by_hand(world: int, fields: dict[str, Any], expected: Share, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dsod_lite.training.sharing.world_size", lambda: world)
    assert share_of(TrainConfig(epochs=1, batch_size=16, **fields)) == expected


def test_what_cannot_be_shared_out_evenly_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dsod_lite.training.sharing.world_size", lambda: 3)
    with pytest.raises(ValueError, match=r"batch_size is 16 and norm_batch_size 4: .* over 3 processes"):
        share_of(TrainConfig(epochs=1, batch_size=16, norm_batch_size=4))


@pytest.mark.parametrize(("world", "parts", "together"), [(2, 1, False), (2, 2, False), (4, 2, True), (2, 3, True)])
def test_the_processes_parts_are_those_of_one_process(world: int, parts: int, together: bool) -> None:
    """Each part that BatchNorm sees at once has the same pictures as without processes, and goes on from any step."""
    batch = 24
    whole = list(EpochSampler(100, 5, batch))
    samplers = [
        EpochSampler(100, 5, batch, Share(rank, world, batch // world, batch // world // parts, together))
        for rank in range(world)
    ]
    shares = [list(sampler) for sampler in samplers]
    pictures = batch // world // parts  # of one part in one process
    for step in range(4):
        mine = [share[step * batch // world : (step + 1) * batch // world] for share in shares]
        pieces = [[own[i * pictures : (i + 1) * pictures] for own in mine] for i in range(parts)]
        if together:  # a part is what all processes see at the same time
            found = [pair for part in pieces for piece in part for pair in piece]
        else:  # the parts of the first process, then those of the second
            found = [pair for rank in range(world) for part in pieces for pair in part[rank]]
        assert found == whole[step * batch : (step + 1) * batch]
    for sampler, share in zip(samplers, shares, strict=True):
        sampler.step = 3
        assert list(sampler) == share[3 * batch // world :]
        assert len(sampler) == batch // world

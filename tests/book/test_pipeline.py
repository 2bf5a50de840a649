"""The measurement of the data pipeline: everyone does all the work in turn, and the record says how fast it was."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from book.experiments import pipeline
from dsod_lite.datasets import VOCDataset, check_folder
from dsod_lite.detector.inputs import check_images, check_targets

RECORD = pipeline.ROOT / "data/runs/pipeline.json"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pictures") / "voc"
    pipeline.write_pictures(root, 3, 200, 150)
    return root


def test_the_pictures_are_sound(folder: Path) -> None:
    assert check_folder(folder) == []
    assert VOCDataset(folder).sizes == [(200, 150)] * 3


@pytest.mark.parametrize("backend", ["tv_tensor", "pil"])
def test_the_reference_gives_training_examples(folder: Path, backend: str) -> None:
    dataset, transform = VOCDataset(folder), pipeline.reference(backend)
    shapes = set()
    for seed in range(12):
        torch.manual_seed(seed)
        image, target = pipeline.reference_item(dataset, transform, seed % 3)
        check_images([image])
        check_targets([image], [target], num_classes=7)
        shapes.add(tuple(image.shape))
        assert pipeline.warped(image).shape == (3, 300, 300)
    assert len(shapes) > 6  # canvases and crops


def test_everyone_runs_every_picture_and_the_first_round_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "process_time", lambda: clock[0])
    calls: list[tuple[str, int]] = []

    def runner(name: str, seconds: float) -> Any:
        def run(index: int) -> None:
            calls.append((name, index))
            clock[0] += seconds if len(calls) > 2 * 25 else 99

        return run

    times = pipeline.race({"quick": runner("quick", 0.001), "slow": runner("slow", 0.004)}, 25, 3)
    assert sorted(calls) == sorted((name, i) for name in ("quick", "slow") for i in range(25) for _ in range(4))
    assert {name: [round(t, 6) for t in each] for name, each in times.items()} == {"quick": [1] * 3, "slow": [4] * 3}


def test_the_record_reaches_the_goal() -> None:
    """1.3 times the reference's pictures a second, with either backend, though the reference does not warp."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    assert record["threads"] == 1
    rows = {row["pipeline"]: row for row in record["reference"]["rows"]}
    ours = rows["ssd_augmentation"]["milliseconds"]
    for backend in ("tv_tensor", "pil"):
        name = f"torchvision's ssd preset, {backend}"
        ratio = record["reference"]["times_as_fast"][name]
        assert ratio == pytest.approx(rows[name]["milliseconds"] / ours, abs=0.01)
        assert ratio >= 1.3

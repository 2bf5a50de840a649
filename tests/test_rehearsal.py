"""Everything that a GPU is to do, rehearsed where there is none: see helpers/pretended.py."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from pretended import Waits, pretended
from tiny import Rectangles, numbers, quick, same, same_weights, small_dsod, write_voc
from torch import Tensor
from torchvision.models.detection import ssdlite320_mobilenet_v3_large
from torchvision.transforms.v2 import functional as transforms

import dsod_lite
from dsod_lite import DSOD
from dsod_lite.__main__ import COMMANDS, build_parser
from dsod_lite.detector.presets import MODELS
from dsod_lite.support.processes import pick_device
from dsod_lite.training.checks import check_finite
from dsod_lite.training.loading import Loader
from dsod_lite.training.step import Learner

GPU = torch.device("cuda", 0)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[Waits]:
    with pretended(monkeypatch) as found:
        yield found


class Photographs(Rectangles):
    """`Rectangles` as files would have them: in bytes."""

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Any]]:
        image, target = super().__getitem__(index)
        pixels = transforms.to_dtype(image.clamp(0, 1), torch.uint8, scale=True)
        return transforms.to_dtype(pixels, torch.float32, scale=True), target


PICTURES, OTHERS = Photographs(8, augment=True), Photographs(3, seed=9)


# --- the rehearsal can fail ----------------------------------------------------------------------------------


def test_the_rules_of_a_gpu_are_kept(waits: Waits) -> None:
    x = torch.tensor([1.0, 2.0, 3.0], device="cuda")
    assert (str(x.device), x.is_cuda) == ("cuda:0", True)
    for wrong in (lambda: x + torch.ones(3), lambda: torch.cat([x, torch.ones(1)]), lambda: torch.ones(3)[x > 1]):
        with pytest.raises(RuntimeError, match="device"):
            wrong()
    with pytest.raises(TypeError, match="numpy"):
        x.numpy()
    torch.testing.assert_close((x * 2 + torch.tensor(1.0)).cpu(), torch.tensor([3.0, 5.0, 7.0]))  # a scalar may


@pytest.mark.parametrize(
    ("call", "waiting"),
    [
        (lambda x: float(x.sum()), True),
        (lambda x: x.tolist(), True),
        (lambda x: x[x > 1], True),
        (lambda x: x.cpu(), True),
        (lambda x: bool((x > 1).any()), True),
        (lambda x: torch.zeros(2).to(x.device), True),
        (lambda x: torch.tensor([1.0], device=x.device), True),
        (lambda x: torch.zeros(2).to(x.device, non_blocking=True), False),
        (lambda x: torch.zeros(2, device=x.device), False),
        (lambda x: x.new_zeros(2).copy_(x[:2]), False),
        (lambda x: x.where(x > 1, 0.0).sum(), False),
    ],
)
def test_what_is_waited_for_is_counted(call: Callable[[Tensor], Any], waiting: bool, waits: Waits) -> None:
    x = torch.ones(3, device="cuda")
    call(x)
    assert bool(waits) == waiting


# --- a step --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"norm_batch_size": 2, "norm_average": 0.9, "optimizer": "sgd"},
        {"norm_batch_size": 3, "pass_size": 3},  # three passes: 3 + 3 + 2
        {"precision": "float16", "weight_average": 0.9},
        {"save_memory": True},
    ],
    ids=str,
)
def test_a_step_waits_once_and_its_pictures_come_as_pinned_bytes(fields: dict[str, Any], waits: Waits) -> None:
    config = quick(batch_size=8, device="cuda", **fields)
    learner, loader = Learner(small_dsod().train(), config, GPU), Loader(PICTURES, config, GPU)
    for step in range(2):  # in the first one the optimizer makes its own state
        images, targets, _ = next(loader.epoch(step))
        waits.clear()
        waits.copies.clear()
        learner.step(images, targets, step, 10)
        scale = ["_local_scalar_dense at training/step.py"] * ("precision" in fields)  # did float16 leave it out?
        assert [where.split(":")[0] for where in waits] == ["tolist at training/step.py", *scale]
    assert sum(size for size, pinned in waits.copies if pinned) == 8 * 3 * 64 * 64
    assert sum(size for size, pinned in waits.copies if not pinned) < 1000


def test_a_user_s_own_call_waits_once(waits: Waits) -> None:
    """For the check of the targets, which are on the GPU already."""
    items = [PICTURES[i] for i in range(4)]
    model = small_dsod().to("cuda").train()
    images = [image.to("cuda") for image, _ in items]
    targets = [{key: target[key].to("cuda") for key in ("boxes", "labels")} for _, target in items]
    waits.clear()
    losses = model(images, targets)
    torch.stack(list(losses.values())).sum().backward()
    assert [where.split(":")[0] for where in waits] == ["_local_scalar_dense at detector/inputs.py"]


def test_whether_all_weights_are_finite_is_asked_once(waits: Waits) -> None:
    model = small_dsod().to("cuda")
    waits.clear()
    check_finite(model, 0)
    assert len(waits) == 1


# --- runs ----------------------------------------------------------------------------------------------------


def test_a_run_s_numbers_are_the_cpu_s_and_it_goes_on_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(history: list[Any]) -> None:
        if len(history) == 1:
            raise KeyboardInterrupt

    config = quick(epochs=2, weight_average=0.9, optimizer="sgd")
    here = dsod_lite.train(small_dsod(), PICTURES, None, config)
    there = replace(config, device="auto")
    with pretended(monkeypatch):
        whole = dsod_lite.train(small_dsod(), PICTURES, None, there, tmp_path / "whole")
        with pytest.raises(KeyboardInterrupt):
            dsod_lite.train(small_dsod(), PICTURES, None, there, tmp_path / "killed", after_epoch=stop)
        resumed = small_dsod(seed=1)
        dsod_lite.train(resumed, PICTURES, None, there, tmp_path / "killed", resume=True)
        assert next(resumed.parameters()).is_cuda
    assert same(numbers(tmp_path / "killed"), numbers(tmp_path / "whole"))
    for ours, theirs in zip(whole, here, strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-3)


def test_sizes_are_fixed_so_cudnn_may_look_for_the_quickest_way(waits: Waits) -> None:
    seen = []

    class Looking(DSOD):
        def forward(self, *args: Any) -> Any:
            seen.append(torch.backends.cudnn.benchmark)
            return super().forward(*args)

    model = Looking(small_dsod().config)
    dsod_lite.train(model, PICTURES, OTHERS, quick(epochs=1, device="cuda"))
    assert (seen[0], seen[-1]) == (True, False)  # a step, and the last of judging, whose last batch may be smaller
    assert not torch.backends.cudnn.benchmark


# --- every public name ---------------------------------------------------------------------------------------


def on_gpu(make: Callable[..., DSOD]) -> Callable[[Path], None]:
    def rehearse(folder: Path) -> None:
        model = make(3, image_size=96).to("cuda").eval()
        with torch.no_grad():
            (found,) = model([torch.rand(3, 80, 60, device="cuda")])
        assert all(value.is_cuda for value in found.values())

    return rehearse


def judged(folder: Path) -> None:
    model = small_dsod().to("cuda")
    detections, targets = dsod_lite.predict(model, OTHERS, workers=0, progress=False)
    assert all(not value.is_cuda for found in detections for value in found.values())
    expected, _ = dsod_lite.predict(small_dsod(), OTHERS, progress=False)
    assert same(detections, expected)
    dsod_lite.evaluate_voc(detections, targets, 3)
    dsod_lite.evaluate_coco(detections, targets)


def other_detectors(folder: Path) -> None:
    torch.manual_seed(0)
    model = ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=3)
    learner = Learner(model.train(), quick(device="cuda", batch_size=2), GPU)
    images, targets = zip(*(PICTURES[i] for i in range(2)), strict=True)
    learner.step(images, targets, 0, 10)


def saved(folder: Path) -> None:
    model = small_dsod().to("cuda")
    dsod_lite.save_model(folder / "model.pt", model, ("red", "blue"))
    again, _ = dsod_lite.load_model(folder / "model.pt", "cuda")
    assert next(again.parameters()).is_cuda
    assert same_weights(again.cpu(), small_dsod())


def commands(folder: Path) -> None:
    data = write_voc(folder / "data", train=Rectangles(8), val=Rectangles(3))
    run = str(folder / "run")
    size = ["--image-size", "64", "--batch-size", "4", "--workers", "0"]
    rest = ["--checkpoint", run, "--device", "cuda"]
    for words in (
        ["train", "--data", str(data), "--output", run, "--epochs", "1", *size, "--device", "cuda"],
        ["evaluate", "--data", str(data), "--split", "val", "--workers", "0", *rest],
        ["detect", str(data / "JPEGImages"), "--output", str(folder / "found"), *rest],
    ):
        args = build_parser().parse_args(words)
        assert COMMANDS[args.command].run(args) == 0


REHEARSED: dict[str, Callable[[Path], None]] = {
    **{name: on_gpu(make) for name, make in MODELS.items()},
    "predict": judged,
    "evaluate_voc": judged,
    "evaluate_coco": judged,
    "save_model": saved,
    "load_model": saved,
    "another detector": other_detectors,
    "the command line": commands,
}
ELSEWHERE = {"train", "DSOD"}
"""Rehearsed above."""
NO_TENSORS = {"CheckpointError", "DSODConfig", "NonFiniteLoss", "PriorConfig", "TrainConfig", "caffe", "datasets"}
"""Settings, errors, and what reads files, which is the host's."""


def test_no_public_name_is_left_out() -> None:
    assert set(dsod_lite.__all__) - set(REHEARSED) == ELSEWHERE | NO_TENSORS


@pytest.mark.parametrize("name", {rehearse: name for name, rehearse in REHEARSED.items()}.values())
def test_every_public_function_runs_on_a_gpu(name: str, waits: Waits, tmp_path: Path) -> None:
    REHEARSED[name](tmp_path)


# --- Apple's -------------------------------------------------------------------------------------------------


def test_on_a_mac_the_cpu_is_not_taken_silently(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    with pytest.warns(UserWarning, match="device: 'auto' is the CPU here; this Mac's GPU is 'mps'"):
        assert pick_device("auto").type == "cpu"


def test_a_mac_s_gpu_trains_and_detects_without_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    with pretended(monkeypatch, "mps"):
        with pytest.raises(TypeError, match="float64"):
            torch.ones(1, device="mps").double()
        model = small_dsod()
        history = dsod_lite.train(model, PICTURES, OTHERS, quick(epochs=1, device="mps"))
        (found,) = model.eval()([PICTURES[0][0].to("mps")])
        assert found["boxes"].device.type == "mps"
    alone = dsod_lite.train(small_dsod(), PICTURES, OTHERS, quick(epochs=1))
    assert history[0]["loss"] == pytest.approx(alone[0]["loss"], rel=1e-4)

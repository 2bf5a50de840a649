"""Runs that are stopped, shared, starved or watched badly: what has been done is kept."""

import contextlib
import errno
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import Rectangles, Toy, numbers, quick, same, small_dsod, write_voc

from dsod_lite import CheckpointError, datasets, train
from dsod_lite.support.errors import LoadingError
from dsod_lite.support.signals import Stopped
from dsod_lite.training.optimizer import learning_rate_at
from dsod_lite.training.pace import Pace
from dsod_lite.training.run import Run
from dsod_lite.training.step import Learner
from dsod_lite.training.watching import Watch
from dsod_lite.weights.checkpoint import load_checkpoint

PICTURES, VALIDATION = Rectangles(8, augment=True), Rectangles(4, seed=9)


class Asked(Rectangles):
    """Pictures of which the one that is asked for in the `last` place sends this process a signal."""

    def __init__(self, last: int, signum: int, length: int = 8, **fields: Any) -> None:
        super().__init__(length, **fields)
        self.left, self.signum = last, signum

    def __getitem__(self, index: int) -> Any:
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(self.signum)
        return super().__getitem__(index)


# --- asked to stop -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    train(small_dsod(), PICTURES, VALIDATION, quick(evaluate_every=2), folder)
    return folder


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("last", "epoch", "step"), [(1, 0, 1), (15, 1, 2)])
def test_a_run_stops_after_the_step_and_goes_on_with_the_same_numbers(
    signum: int, last: int, epoch: int, step: int, whole: Path, tmp_path: Path
) -> None:
    """In an epoch's first step and in its last, after which the pictures are judged."""
    config = quick(evaluate_every=2)
    with pytest.raises(Stopped) as caught:
        train(small_dsod(), Asked(last, signum, augment=True), VALIDATION, config, tmp_path)
    assert caught.value.signum == signum
    kept = load_checkpoint(tmp_path)
    assert (kept["epoch"], kept["step"]) == (epoch, step)
    train(small_dsod(), PICTURES, VALIDATION, config, tmp_path, resume=True)
    assert same(numbers(tmp_path), numbers(whole))


def test_a_run_that_is_stopped_while_it_judges_has_kept_the_epochs_steps(whole: Path, tmp_path: Path) -> None:
    config = quick(evaluate_every=2)
    with pytest.raises(Stopped):
        train(small_dsod(), PICTURES, Asked(2, signal.SIGTERM, 4, seed=9), config, tmp_path)
    kept = load_checkpoint(tmp_path)
    assert (kept["epoch"], kept["step"]) == (1, 2)
    train(small_dsod(), PICTURES, VALIDATION, config, tmp_path, resume=True)
    assert same(numbers(tmp_path), numbers(whole))


class Startled(Toy):
    """In one forward pass torch says that a loading process died."""

    passes = 0

    def forward(self, images: Any, targets: Any = None) -> Any:
        self.passes += 1
        if self.passes == 4:
            raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed.")
        return super().forward(images, targets)


def test_the_death_of_a_loading_process_is_said_in_words_wherever_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(LoadingError, match="a process that loads pictures died"):
        train(Startled(), PICTURES, None, quick(), tmp_path)
    assert load_checkpoint(tmp_path)["epoch"] == 1


# --- two in one folder ---------------------------------------------------------------------------------------


class Nested(Rectangles):
    """A picture during whose reading somebody else trains into the same folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(8, augment=True)
        self.folder, self.said = folder, ""

    def __getitem__(self, index: int) -> Any:
        if not self.said:
            with pytest.raises(CheckpointError) as caught:
                train(Toy(), Rectangles(8), None, quick(), self.folder, resume=True)
            self.said = str(caught.value)
        return super().__getitem__(index)


def test_a_folder_is_for_one_training_at_a_time(tmp_path: Path) -> None:
    pictures = Nested(tmp_path)
    train(small_dsod(), pictures, None, quick(), tmp_path)
    assert pictures.said == f"{tmp_path}: another process trains into this folder"
    train(small_dsod(), PICTURES, None, quick(), tmp_path, resume=True)  # it is free again


def test_what_a_kill_left_half_written_is_cleared_away(tmp_path: Path) -> None:
    half = tmp_path / "checkpoint.pt.0123abcd.part"
    half.write_bytes(b"half")
    train(Toy(), PICTURES, None, quick(epochs=1), tmp_path)
    assert not half.exists()


# --- watching ------------------------------------------------------------------------------------------------


def a_file_called_samples(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "samples").write_text("notes of mine")


def a_full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", full)


def no_curves(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorboard")
    (folder / "tensorboard").write_text("notes of mine")


@pytest.mark.parametrize("hindrance", [a_file_called_samples, a_full_disk, no_curves])
def test_an_epoch_is_kept_before_it_is_shown(
    hindrance: Any, tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hindrance(tmp_path, monkeypatch)
    with pytest.warns(UserWarning, match="epoch 2 is kept, but cannot be shown"):
        train(small_dsod(), PICTURES, VALIDATION, quick(evaluate_every=2), tmp_path)
    assert same(numbers(tmp_path), numbers(whole))


class Dollars(Rectangles):
    classes = ("$^$", "$")


def test_a_class_may_be_called_as_mathematics_begin(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    found = [
        {"boxes": target["boxes"], "labels": target["labels"], "scores": torch.full(target["labels"].shape, 0.9)}
        for _, target in Dollars(4).items
    ]
    with contextlib.closing(Watch(tmp_path)) as watch:
        watch.show({"epoch": 1, "loss": 1.0}, Dollars(4), found)
    assert (tmp_path / "samples/epoch_0001.jpg").exists()
    assert not [w for w in recwarn if "cannot be shown" in str(w.message)]


# --- other pictures ------------------------------------------------------------------------------------------


def moved(root: Path) -> None:
    path = next((root / "Annotations").iterdir())
    path.write_text(path.read_text().replace("<xmin>", "<xmin>0.25"), encoding="utf-8")


def reordered(root: Path) -> None:
    path = root / "ImageSets/Main/train.txt"
    path.write_text("\n".join(reversed(path.read_text().split())))


def replaced(root: Path) -> None:
    first, second, *_ = sorted((root / "JPEGImages").iterdir())
    first.write_bytes(second.read_bytes())


@pytest.mark.parametrize("change", [moved, reordered, replaced])
def test_a_run_is_not_gone_on_with_on_other_pictures(change: Any, tmp_path: Path) -> None:
    root = write_voc(tmp_path / "data", train=Rectangles(8))

    def run() -> None:
        train(Toy(), datasets.VOCDataset(root), None, quick(epochs=1), tmp_path / "run", resume=True)

    run()
    run()
    change(root)
    with pytest.raises(CheckpointError, match="pictures: they, their order or their boxes were others"):
        run()


# --- float16 -------------------------------------------------------------------------------------------------


class Overflow(Toy):
    """Its first gradients are more than float16 holds, as they are while the scale of the loss is still too large."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.left = times

    def forward(self, images: Any, targets: Any = None) -> Any:
        self.left -= 1
        losses = super().forward(images, targets)
        return {name: loss * (torch.inf if self.left >= 0 else 1.0) for name, loss in losses.items()}


def test_a_step_that_float16_leaves_out_counts_neither_in_the_schedule_nor_in_the_average() -> None:
    config = quick(epochs=10, weight_average=0.9, warmup_steps=4)
    learner = Learner(Overflow(times=2), config, torch.device("cpu"))
    learner.scaler = torch.amp.GradScaler("cpu")
    learner.scale = learner.scaler.get_scale()
    before = learner.model.value.clone()
    batch = [PICTURES[i] for i in range(4)]
    for step in range(5):
        learner.step([image for image, _ in batch], [target for _, target in batch], step, rate=0.01)
        if step == 1:
            assert torch.equal(learner.model.value, before)
    assert learner.skipped == 2
    assert learner.average is not None
    assert learner.average.steps == 3
    state = Run(None, learner, config, PICTURES).state
    state.step = 4
    assert Pace(config, state, steps=2).rate(learner.skipped) == learning_rate_at(2, 20, config)
    other = Learner(Toy(), config, torch.device("cpu"))
    other.load(learner.state())
    assert other.skipped == 2

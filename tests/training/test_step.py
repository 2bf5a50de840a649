"""What a step changes: halves of precision, compiled networks, averaged weights; and what stops a run."""

import errno
import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from tiny import Rectangles, Toy, numbers, quick, same, same_weights, small_dsod, write_voc
from torch import nn

from dsod_lite import datasets, load_model, train
from dsod_lite.datasets import DataError
from dsod_lite.support.errors import LoadingError
from dsod_lite.training.optimizer import learning_rate_at
from dsod_lite.training.step import Learner
from dsod_lite.training.watching import LiveHistory, Watch
from dsod_lite.weights.checkpoint import load_checkpoint

CPU = torch.device("cpu")
PICTURES = Rectangles(8)

ROOT = Path(__file__).parents[2]


# --- averaged weights ----------------------------------------------------------------------------------------


def test_the_average_by_hand() -> None:
    """It forgets by min(A, (1 + t) / (10 + t)) after t steps, and the first step's weights are its start."""
    model = Toy()
    learner = Learner(model, quick(weight_average=0.5, learning_rate=0.1, warmup_steps=0), CPU)
    images, targets = zip(*(PICTURES[i] for i in range(4)), strict=True)
    expected = None
    for step in range(12):
        learner.step(images, targets, step, learning_rate_at(step, 12, learner.config))
        now = min(0.5, (1 + step) / (10 + step))
        value = model.value.detach().clone()
        expected = value if expected is None else now * expected + (1 - now) * value
        torch.testing.assert_close(learner.judged.value.detach(), expected)  # type: ignore[union-attr, operator]


def test_the_averaged_weights_are_judged_kept_and_left_in_the_model(tmp_path: Path) -> None:
    model, plain = small_dsod(), small_dsod()
    train(model, PICTURES, None, quick(weight_average=0.9), tmp_path)
    train(plain, PICTURES, None, quick())
    assert not same_weights(model, plain)
    assert same_weights(load_model(tmp_path)[0], model)
    assert same(load_checkpoint(tmp_path)["weights"], plain.state_dict())  # the training itself goes on without it


# --- speed ---------------------------------------------------------------------------------------------------


@pytest.fixture
def without_onednn() -> Iterator[None]:
    """oneDNN's bfloat16 gradient of a 3×3 convolution with stride 2 on 2×2 pixels is garbage (torch 2.14.1)."""
    with torch.backends.mkldnn.flags(enabled=False):
        yield


@pytest.mark.usefixtures("without_onednn")
def test_half_precision_is_nearly_the_same_and_the_weights_stay_whole() -> None:
    model, half = small_dsod(), small_dsod()
    images, targets = zip(*(PICTURES[i] for i in range(8)), strict=True)
    (whole,) = Learner(model, quick(batch_size=8), CPU).backpropagate(images, targets)
    (losses,) = Learner(half, quick(batch_size=8, precision="bfloat16"), CPU).backpropagate(images, targets)
    assert losses["loss"] == pytest.approx(whole["loss"], rel=0.05)
    assert losses["loss"] != whole["loss"]
    assert {p.dtype for p in half.parameters()} == {torch.float32}
    gradients = [torch.cat([p.grad.flatten() for p in m.parameters()]) for m in (model, half)]  # type: ignore[union-attr]
    assert torch.cosine_similarity(gradients[0], gradients[1], dim=0) > 0.9


@pytest.mark.usefixtures("without_onednn")
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_steps_in_half_precision_learn(precision: str) -> None:
    """float16's scale of the loss is too large at first: steps are left out until it fits."""
    learner = Learner(small_dsod(), quick(batch_size=8, precision=precision, warmup_steps=0), CPU)
    images, targets = zip(*(PICTURES[i] for i in range(8)), strict=True)
    losses = [
        learner.step(images, targets, step, learning_rate_at(step, 24, learner.config))[0]["loss"] for step in range(24)
    ]
    assert losses[-1] < 0.7 * losses[0]
    if precision == "float16":
        assert learner.scaler.get_scale() < 65536


def test_half_precision_is_for_gpus() -> None:
    with pytest.raises(ValueError, match="precision is 'bfloat16', which is for GPUs; on a CPU it has to be 'float32'"):
        train(small_dsod(), PICTURES, None, quick(precision="bfloat16"))


def test_a_compiled_network_learns_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of torch.compile but the C++ compiler, which takes minutes and is tested with `fast_network`."""
    compile_module = nn.Module.compile
    compiled_ones: list[nn.Module] = []

    def without_code(module: nn.Module) -> None:
        compiled_ones.append(module)
        compile_module(module, backend="aot_eager")

    monkeypatch.setattr(nn.Module, "compile", without_code)
    plain, compiled = small_dsod(), small_dsod()
    one = train(plain, PICTURES, None, quick(epochs=2))
    other = train(compiled, PICTURES, None, quick(epochs=2, compile=True))
    for ours, theirs in zip(one, other, strict=True):
        assert theirs["loss"] == pytest.approx(ours["loss"], rel=1e-3)
    assert compiled_ones == [compiled.network]
    assert plain.state_dict().keys() == compiled.state_dict().keys()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"precision": "float8"}, "precision is 'float8'; it is 'float32'"),
        ({"weight_average": 1.0}, "weight_average is 1.0"),
        ({"checkpoint_every": 0}, "checkpoint_every is 0"),
        ({"skip_at_most": -1}, "skip_at_most is -1"),
        ({"compile": True, "norm_average": 0.9}, "compile: norm_average"),
        ({"compile": True, "save_memory": True}, "compile: what save_memory"),
    ],
)
def test_settings_that_make_no_sense_are_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        quick(**fields)


def test_only_a_dsod_is_compiled() -> None:
    with pytest.raises(ValueError, match="compile: is for a DSOD's network; leave it out for a Toy"):
        train(Toy(), PICTURES, None, quick(compile=True))


# --- pictures that cannot be read ----------------------------------------------------------------------------


class Unreadable(Rectangles):
    def __getitem__(self, index: int) -> Any:
        if index in (2, 3):
            raise DataError(f"pictures/{index}.jpg: cannot be read as a picture: broken data stream")
        return super().__getitem__(index)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")
def test_another_picture_takes_an_unreadable_ones_place_and_it_is_named_once(workers: int, tmp_path: Path) -> None:
    model, twin = Toy(), Toy()
    with pytest.warns(UserWarning, match=r"3\.jpg: cannot be read as a picture") as caught:
        train(model, Unreadable(8), None, quick(epochs=3, skip_at_most=2, workers=workers), tmp_path)
    assert len([w for w in caught if "the next picture takes its place" in str(w.message)]) == 2
    record = json.loads((tmp_path / "run.json").read_text())
    assert [message[:14] for message in sorted(record["unreadable"])] == ["pictures/2.jpg", "pictures/3.jpg"]

    replaced = Rectangles(8)
    replaced.items[2] = replaced.items[3] = replaced.items[4]
    train(twin, replaced, None, quick(epochs=3))
    assert same_weights(model, twin)


def test_too_many_unreadable_pictures_stop_the_run_by_name() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(DataError, match=r"[23]\.jpg: .* \(unreadable .* in this epoch: 2; skip_at_most is 1\)"):
            train(Toy(), Unreadable(8), None, quick(skip_at_most=1))
    with pytest.raises(DataError, match=r"in this epoch: 1; skip_at_most is 0\)"):
        train(Toy(), Unreadable(8), None, quick())  # one in a thousand, and there are eight


def test_a_run_that_unreadable_pictures_stopped_goes_on_with_more_patience(tmp_path: Path) -> None:
    """As its message suggests."""
    model, twin, kept = Toy(), Toy(), quick(batch_size=2, checkpoint_every=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        train(twin, Unreadable(8), None, replace(kept, skip_at_most=2), tmp_path / "whole")
        with pytest.raises(DataError, match="skip_at_most is 1"):
            train(Toy(), Unreadable(8), None, replace(kept, skip_at_most=1), tmp_path / "run")
        assert (tmp_path / "run/checkpoint.pt").exists()
        train(model, Unreadable(8), None, replace(kept, skip_at_most=2), tmp_path / "run", resume=True)
    assert same_weights(model, twin)


def test_a_real_broken_photograph_among_whole_ones(tmp_path: Path) -> None:
    data = write_voc(tmp_path / "data", train=Rectangles(8))
    pictures = datasets.VOCDataset(data, "train")
    broken = data / "JPEGImages/train_picture2.png"
    broken.write_bytes(broken.read_bytes()[:-40])
    with pytest.warns(UserWarning, match=r"train_picture2\.png: cannot be read"):
        train(Toy(), pictures, None, quick(skip_at_most=1), tmp_path / "run")


# --- processes that die, disks that are full -----------------------------------------------------------------


class Deadly(Rectangles):
    """The process that loads picture 5 is killed, as the system does when memory runs out; from the second epoch on."""

    loads = 0

    def __getitem__(self, index: int) -> Any:
        self.loads += 1
        if index == 5 and self.loads > 8:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(index)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")
def test_a_loading_process_that_dies_stops_the_run_which_can_be_resumed(tmp_path: Path) -> None:
    config = quick(epochs=4, workers=1)
    with pytest.raises(LoadingError, match=r"workers: a process that loads pictures died .* with fewer than 1"):
        train(small_dsod(), Deadly(8), None, config, tmp_path / "died")
    assert load_checkpoint(tmp_path / "died")["epoch"] >= 1
    train(small_dsod(), Rectangles(8), None, config, tmp_path / "died", resume=True)
    train(small_dsod(), Rectangles(8), None, config, tmp_path / "whole")
    assert same(numbers(tmp_path / "died"), numbers(tmp_path / "whole"))


def fill_the_disk(folder: Path) -> None:
    """Goes on with the run, where no file may grow beyond 200 kB: half of a checkpoint."""
    import resource  # Windows has none

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        train(small_dsod(), PICTURES, None, quick(epochs=4), folder, resume=True)
    except OSError as error:
        print(error.errno, Path(error.filename).name, *(path.name for path in folder.glob("*.part")))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of a process's files")
def test_a_full_disk_leaves_the_last_checkpoint_whole(tmp_path: Path) -> None:
    def stop(history: list[Any]) -> None:
        if len(history) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(small_dsod(), PICTURES, None, quick(epochs=4), tmp_path / "full", after_epoch=stop)
    assert (tmp_path / "full/checkpoint.pt").stat().st_size > 400_000
    script = f"import pathlib, test_step\ntest_step.fill_the_disk(pathlib.Path({str(tmp_path / 'full')!r}))"
    child = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parent, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests/helpers")))},
    )  # fmt: skip
    assert child.stdout.split() == [str(errno.EFBIG), "checkpoint.pt"], child.stderr  # and no half of a file
    assert load_checkpoint(tmp_path / "full")["epoch"] == 2
    train(small_dsod(), PICTURES, None, quick(epochs=4), tmp_path / "full", resume=True)
    train(small_dsod(), PICTURES, None, quick(epochs=4), tmp_path / "whole")
    assert same(numbers(tmp_path / "full"), numbers(tmp_path / "whole"))


# --- watching ------------------------------------------------------------------------------------------------


def test_a_sheet_of_detections_whenever_they_are_judged(tmp_path: Path) -> None:
    train(small_dsod(), PICTURES, Rectangles(3), quick(epochs=3, evaluate_every=2), tmp_path)
    sheets = sorted((tmp_path / "samples").iterdir())
    assert [path.name for path in sheets] == ["epoch_0002.jpg", "epoch_0003.jpg"]
    with Image.open(sheets[0]) as sheet:
        assert sheet.width > 300
        assert len(sheet.getcolors(2**24) or []) > 100


def test_a_sheet_shows_eight_pictures_and_what_is_surer_than_two_in_five(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr("dsod_lite.training.watching.plt.close", drawn.append)
    found = {
        "boxes": torch.tensor([[0.0, 0, 9, 9], [9, 9, 30, 30], [5, 5, 20, 20]]),
        "labels": torch.tensor([1, 2, 1]),
        "scores": torch.tensor([0.9, 0.41, 0.39]),
    }
    Watch(tmp_path).show({"epoch": 1, "loss": 0.5}, Rectangles(12), [found] * 12)
    shown = [axes for axes in drawn[0].axes if axes.images]
    assert len(shown) == 8
    texts = " ".join(text.get_text() for axes in shown for text in axes.texts)
    assert (texts.count("0.90"), texts.count("0.41"), texts.count("0.39")) == (8, 8, 0)


def test_tensorboard_reads_the_curves(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    history = train(small_dsod(), PICTURES, Rectangles(3), quick(epochs=3, evaluate_every=3), tmp_path)
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    for name in ("loss", "bbox_regression", "lr", "val_ap50"):
        expected = [(entry["epoch"], entry[name]) for entry in history if name in entry]
        found = [(event.step, event.value) for event in events.Scalars(name)]
        assert [step for step, _ in found] == [step for step, _ in expected]
        assert [value for _, value in found] == pytest.approx([value for _, value in expected], rel=1e-5)
    assert [image.step for image in events.Images("detections")] == [3]


def test_nothing_is_kept_without_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    watch = Watch(None)
    watch.show({"epoch": 1, "loss": 2.0}, PICTURES, [])
    watch.close()
    assert list(tmp_path.iterdir()) == []


def test_a_notebooks_curve_grows_with_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    display = pytest.importorskip("IPython.display")
    shown: list[int] = []

    class Handle:
        def update(self, figure: Any) -> None:
            shown.append(points(figure))

    def first(figure: Any, display_id: bool) -> Handle:
        assert display_id
        shown.append(points(figure))
        return Handle()

    def points(figure: Any) -> int:
        return len(figure.axes[0].lines[0].get_xdata())

    monkeypatch.setattr(display, "display", first)
    train(Toy(), PICTURES, None, quick(epochs=3), after_epoch=LiveHistory())
    assert shown == [1, 2, 3]

"""A detector over a data set: in order, in pixels of each picture, and with the model left as it was."""

import os
import platform
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from tiny import Rectangles, Toy, quick, same, small_dsod
from torch import Tensor, nn

from dsod_lite import predict, train
from dsod_lite.support.batches import worker_count
from dsod_lite.support.errors import LoadingError, SettingError

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # on one core


class Sizes(Rectangles):
    """Pictures of different sizes, each recognised by its brightness."""

    SIZES = ((20, 70), (64, 64), (130, 31), (9, 9), (64, 65), (1, 200), (50, 50))  # (height, width)

    def __init__(self) -> None:
        nothing = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)}
        self.items = [
            (torch.full((3, *size), (i + 1) / 10), nothing | {"image_id": i}) for i, size in enumerate(self.SIZES)
        ]
        self.augment = False


@pytest.mark.parametrize("batch_size", [1, 3, 7, 16])
def test_answers_come_in_the_order_of_the_pictures_and_in_their_pixels(batch_size: int) -> None:
    detections, targets = predict(Toy(), Sizes(), batch_size, progress=False)
    assert [t["image_id"] for t in targets] == list(range(7))
    assert [round(float(d["scores"][0]), 4) for d in detections] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert [d["boxes"][0].tolist() for d in detections] == [[0, 0, w, h] for h, w in Sizes.SIZES]


@pytest.mark.parametrize(("pixels", "batches"), [(200 * 65, [3, 3, 1]), (2 * 64 * 65, [2, 2, 2, 1]), (9, [1] * 7)])
def test_large_pictures_are_fewer_at_a_time(pixels: int, batches: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    pictures, seen = Sizes(), []

    class Counting(Toy):
        def forward(self, images: Any, *rest: Any) -> Any:
            seen.append(len(images))
            return super().forward(images, *rest)

    usual = predict(Toy(), pictures, 3, progress=False)
    pictures.sizes = [(w, h) for h, w in Sizes.SIZES]  # type: ignore[attr-defined]
    monkeypatch.setattr(sys.modules["dsod_lite.evaluation.predict"], "PIXELS_AT_ONCE", pixels)
    assert same(predict(Counting(), pictures, 3, progress=False), usual)
    assert seen == batches


def test_loading_processes_change_nothing() -> None:
    assert same(predict(Toy(), Sizes(), 2, workers=2, progress=False), predict(Toy(), Sizes(), 2, progress=False))


def test_judging_loads_as_training_does() -> None:
    assert worker_count(None, torch.device("cpu")) == 0
    assert 1 <= worker_count(None, torch.device("cuda")) <= 8
    assert worker_count(3, torch.device("cpu")) == worker_count(3, torch.device("cuda")) == 3
    assert worker_count(0, torch.device("cuda")) == 0


class Deadly(Rectangles):
    """A data set that kills the process that loads its last picture."""

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Any]]:
        if index == len(self) - 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(index)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_loading_process_that_dies_is_said_in_words() -> None:
    with pytest.raises(LoadingError, match="fewer than 1"):
        predict(Toy(), Deadly(4), batch_size=2, workers=1, progress=False)


@pytest.mark.parametrize("setting", [{"batch_size": 0}, {"workers": -1}])
def test_settings_that_cannot_be_are_named(setting: dict[str, int]) -> None:
    with pytest.raises(SettingError, match=next(iter(setting))):
        predict(Toy(), Sizes(), **setting)


def test_a_dsod_finds_the_same_in_batches_as_one_by_one() -> None:
    model, pictures = small_dsod().eval(), Sizes()
    detections, _ = predict(model, pictures, batch_size=4, progress=False)
    for found, (image, _) in zip(detections, pictures.items, strict=True):
        with torch.no_grad():
            alone = model([image])[0]
        assert found.keys() == alone.keys()
        assert len(found["scores"]) == len(alone["scores"]) > 0
        torch.testing.assert_close(found["scores"], alone["scores"], rtol=1e-4, atol=1e-6)
        assert found["boxes"].shape == (len(found["labels"]), 4)


def test_an_empty_data_set_has_no_answers() -> None:
    assert predict(small_dsod(), Rectangles(0), progress=False) == ([], [])


@pytest.mark.parametrize("training", [True, False])
def test_a_model_is_left_in_the_mode_it_came_in_and_unchanged(training: bool) -> None:
    model = small_dsod().train(training)
    frozen = next(m for m in model.modules() if isinstance(m, nn.BatchNorm2d))
    frozen.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    predict(model, Rectangles(2), progress=False)
    assert model.training is training
    assert frozen.training is False
    assert all(m.training is training for m in model.modules() if m is not frozen)
    assert same(model.state_dict(), before)  # BatchNorm's statistics too


class Broken(Rectangles):
    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Any]]:
        if index == 5:
            raise ValueError("picture 5 is broken")
        return super().__getitem__(index)


def test_a_model_is_left_in_its_mode_when_a_picture_is_broken() -> None:
    model = Toy().train()
    with pytest.raises(ValueError, match="picture 5 is broken"):
        predict(model, Broken(8), batch_size=2, progress=False)
    assert model.training


class Kept(torch.utils.data.Dataset[Any]):
    """Makes its pictures when they are first asked for, and keeps them."""

    classes = Rectangles.classes

    def __init__(self) -> None:
        self.made: dict[int, Any] = {}

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        if index not in self.made:
            self.made[index] = Rectangles(4).items[index]
        return self.made[index]


def test_pictures_that_were_judged_can_be_trained_on_and_detections_changed() -> None:
    pictures = Kept()
    detections, _ = predict(small_dsod(), pictures, progress=False)
    detections[0]["boxes"] += 1  # torch forbids it for tensors that were made in inference mode
    assert all(not d["boxes"].requires_grad for d in detections)
    train(small_dsod(), pictures, None, quick(epochs=1))


def test_detections_and_targets_are_whole_and_on_the_cpu() -> None:
    def tensors(records: list[dict[str, Any]]) -> Iterator[Tensor]:
        return (value for record in records for value in record.values() if isinstance(value, Tensor))

    pictures = Rectangles(3)
    detections, targets = predict(small_dsod(), pictures, progress=False)
    assert all(value.device.type == "cpu" for value in [*tensors(detections), *tensors(targets)])
    assert same(targets, [target for _, target in pictures.items])
    assert all(set(d) == {"boxes", "labels", "scores"} for d in detections)


GROWTH = """
import torch
from torch import nn

from dsod_lite.evaluation.predict import predict


class Finds(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, images):
        return [
            {"boxes": torch.rand(9, 4), "scores": torch.rand(9), "labels": torch.ones(9, dtype=torch.int64)}
            for _ in images
        ]


class Pictures(torch.utils.data.Dataset):
    def __len__(self):
        return 320

    def __getitem__(self, index):
        target = {"boxes": torch.rand(3, 4), "labels": torch.ones(3, dtype=torch.int64), "image_id": index}
        return torch.zeros(3, 480, 640, dtype=torch.uint8), target


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


before = resident()
found, _ = predict(Finds(), Pictures(), progress=False)
print(len(found), (resident() - before) // 2**20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_memory_does_not_grow_with_the_pictures() -> None:
    """What is kept of a picture is a hundredth of it: 320 of 640×480 pixels took 300 MB, and 120,000 all there was."""
    done = subprocess.run([sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True)
    pictures, megabytes = map(int, done.stdout.split())
    assert pictures == 320
    assert megabytes < 100

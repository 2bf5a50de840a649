"""The training loop: what a seed fixes, the schedule, what is decayed, what stops it, and that it learns."""

import copy
import itertools
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import Rectangles, Toy, quick, same, same_weights, small_dsod, without_seconds
from torch import Tensor, nn
from torch.utils.data import Subset
from torchvision.models import detection

from dsod_lite import NonFiniteLoss, TrainConfig, dsod300, dsod_tiny, evaluate_voc, load_model, predict, train
from dsod_lite.support.errors import DataError
from dsod_lite.support.processes import pick_device
from dsod_lite.training.checks import describe_step
from dsod_lite.training.loading import Loader
from dsod_lite.training.loop import validation_ap50
from dsod_lite.training.optimizer import learning_rate_at, make_optimizer, norm_momentum_at, parameter_groups
from dsod_lite.training.pace import CLOCK_STEPS, LOOKS
from dsod_lite.training.recipe import RECIPES

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # on one core

PICTURES = Rectangles(8, augment=True)
CPU = torch.device("cpu")

# --- what a seed fixes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize("make", [small_dsod, Toy])  # Toy has random numbers of its own, for its dropout
def test_a_seed_fixes_the_run_whoever_loads_the_pictures(make: Any, optimizer: str) -> None:
    models = [make() for _ in range(4)]
    same_start = [same_weights(model, models[0]) for model in models]
    assert all(same_start)
    configs = [quick(optimizer=optimizer, **f) for f in ({}, {}, {"workers": 2}, {"seed": 1})]
    histories: list[Any] = []
    for model, config in zip(models, configs, strict=True):
        torch.rand(len(histories))  # what was rolled before has no part in it
        histories.append(without_seconds(train(model, PICTURES, Rectangles(4, seed=9), config)))
    assert histories[0] == histories[1] == histories[2] != histories[3]
    assert same_weights(models[0], models[1])
    assert same_weights(models[0], models[2])
    assert not same_weights(models[0], models[3])


def test_another_initial_model_ends_elsewhere() -> None:
    one, other = small_dsod(0), small_dsod(1)
    for model in (one, other):
        train(model, PICTURES, None, quick(epochs=1))
    assert not same_weights(one, other)


def test_every_epoch_has_an_order_and_random_numbers_of_its_own() -> None:
    class Watching(Toy):
        shown: list[Any]

        def forward(self, images: list[Tensor], targets: Any = None) -> Any:
            self.shown.append(
                [(t["image_id"], round(x.mean().item(), 6)) for x, t in zip(images, targets, strict=True)]
            )
            return super().forward(images, targets)

    model = Watching()
    model.shown = []
    train(model, PICTURES, None, quick(epochs=2))
    first, second = (list(itertools.chain(*model.shown[i : i + 2])) for i in (0, 2))
    assert [i for i, _ in first] != [i for i, _ in second]
    assert sorted(i for i, _ in first) == sorted(i for i, _ in second) == list(range(8))
    assert not {mean for _, mean in first} & {mean for _, mean in second}  # noise of its own on each picture


# --- the schedule --------------------------------------------------------------------------------------------


def test_the_learning_rate_by_hand() -> None:
    config = quick(learning_rate=1.0, warmup_steps=4)
    rates = [learning_rate_at(step, 10, config) for step in range(10)]
    half_cosine = [0.5 + 0.5 * math.cos(math.radians(angle)) for angle in (0, 30, 60, 90, 120, 150)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1.0, *half_cosine])
    assert rates[7] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("total", "expected"), [(1, [0.2]), (2, [0.2, 0.2]), (3, [0.2, 0.2, 0.1]), (4, [0.1, 0.2, 0.2, 0.1])]
)
def test_a_run_of_a_few_steps_warms_up_for_half_of_them_at_most(total: int, expected: list[float]) -> None:
    config = quick(learning_rate=0.2, warmup_steps=100)
    assert [learning_rate_at(step, total, config) for step in range(total)] == pytest.approx(expected)


@given(st.integers(1, 400), st.integers(0, 150), st.floats(1e-6, 10))
def test_the_learning_rate_rises_to_its_peak_and_falls_to_nearly_nothing(total: int, warmup: int, peak: float) -> None:
    config = quick(learning_rate=peak, warmup_steps=warmup)
    rates = [learning_rate_at(step, total, config) for step in range(total)]
    top = min(warmup, total // 2)
    assert rates[top] == pytest.approx(peak) == pytest.approx(max(rates))
    rounding = 1e-12 * peak
    assert all(a <= b + rounding for a, b in itertools.pairwise(rates[: top + 1]))
    assert all(a >= b - rounding for a, b in itertools.pairwise(rates[top:]))
    assert min(rates) > 0
    if total - top > 10:
        assert rates[-1] < 0.03 * peak


def test_the_optimizer_is_given_the_schedule() -> None:
    config = quick(epochs=2, learning_rate=0.01, warmup_steps=1)  # 8 pictures, batches of 4: 4 steps
    history = train(Toy(), PICTURES, None, config)
    assert [entry["lr"] for entry in history] == pytest.approx([learning_rate_at(s, 4, config) for s in (1, 3)])


# --- the config ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"epochs": 0},
        {"epochs": -1},
        {"minutes": 0.0},
        {"minutes": math.nan},
        {"minutes": math.inf},
        {"batch_size": 0},
        {"learning_rate": 0.0},
        {"learning_rate": math.nan},
        {"momentum": -0.1},
        {"weight_decay": -1e-4},
        {"warmup_steps": -1},
        {"evaluate_every": 0},
        {"workers": -1},
        {"optimizer": "adam"},
        {"seed": -1},
        {"seed": 2**32},
    ],
)
def test_a_config_that_cannot_train_is_refused_by_the_name_of_its_field(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(fields))} is "):
        quick(**fields)


@pytest.mark.parametrize("fields", [{}, {"epochs": 1, "minutes": 1.0}])
def test_a_run_is_as_long_as_epochs_or_as_minutes_say(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="epochs, minutes: give one of the two"):
        TrainConfig(**fields)


@pytest.mark.parametrize("name", ["gpu", "cuda:99", ""])
def test_a_device_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"^device is '{name}': "):
        pick_device(name)


def test_auto_is_a_gpu_where_there_is_one() -> None:
    assert pick_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


class Named(Rectangles):
    """The same pictures, with other names for the classes."""

    def __init__(self, *classes: str) -> None:
        super().__init__(4)
        self.classes = classes  # type: ignore[assignment]


def test_model_pictures_and_config_have_to_fit_together() -> None:
    with pytest.raises(
        ValueError, match=r"num_classes is 5; it has to be 3, for the background and the pictures' 2 classes"
    ):
        train(small_dsod(num_classes=5), PICTURES, None, quick())
    with pytest.raises(ValueError, match=r"classes: \['red', 'blue'\] to train on, but \['blue', 'red'\] to judge on"):
        train(small_dsod(), PICTURES, Named("blue", "red"), quick())
    with pytest.raises(ValueError, match="batch_size is 1; it has to be 2 or more"):
        train(small_dsod(), PICTURES, None, quick(batch_size=1))
    with pytest.raises(ValueError, match="norm_batch_size is 1; it has to be 2 or more"):
        train(small_dsod(), PICTURES, None, quick(batch_size=4, norm_batch_size=1))
    with pytest.raises(ValueError, match="batch_size is 9, but there are only 8 pictures"):
        train(small_dsod(), PICTURES, None, quick(batch_size=9))


# --- the length of a run -------------------------------------------------------------------------------------


class Clock:
    """A clock that a toy's steps move on: `pace` says how many seconds each takes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *pace: tuple[float, float]) -> None:
        self.now, self.pace = 0.0, pace
        monkeypatch.setattr("dsod_lite.training.pace.time.perf_counter", lambda: self.now)

    def step(self) -> None:
        self.now += next(seconds for until, seconds in self.pace if self.now < until)


class Timed(Toy):
    """A toy whose steps take as long as the clock says, and which remembers the rates it was trained at."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock, self.judged = clock, 0

    def forward(self, images: list[Tensor], targets: Any = None) -> Any:
        if self.training:
            self.clock.step()
        else:
            self.judged += 1
        return super().forward(images, targets)


BUSY = ((60, 1.0), (120, 20.0), (1e9, 1.0))
QUIET = ((60, 10.0), (1e9, 0.5))


@pytest.mark.parametrize("val_set", [None, Rectangles(4)])
def test_however_short_the_time_one_step_is_trained(val_set: Rectangles | None) -> None:
    (entry,) = train(Toy(), PICTURES, val_set, quick(minutes=1e-9))
    assert ("val_ap50" in entry) == (val_set is not None)


@pytest.mark.parametrize("pace", [((1e9, 1.0),), BUSY, QUIET])
def test_a_run_by_minutes_ends_with_them_however_busy_the_machine_becomes(
    pace: tuple[tuple[float, float], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch, *pace)
    history = train(Timed(clock), PICTURES, None, quick(minutes=5))
    assert 300 <= history[-1]["seconds"] <= 300 + pace[-1][1]
    for entry in history:  # the rate of a step is that of the moment when it began: half a cosine over the minutes
        begun = entry["seconds"] - next(seconds for until, seconds in pace if entry["seconds"] <= until)
        share = begun / 300
        expected = learning_rate_at(CLOCK_STEPS * share, CLOCK_STEPS, quick(minutes=5))
        assert entry["lr"] == pytest.approx(expected, rel=0.2, abs=1e-4)
    assert history[-1]["lr"] < 0.05 * quick(minutes=5).learning_rate


def test_warm_up_is_a_twentieth_of_a_run_by_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, (1e9, 1.0))
    rates = [entry["lr"] for entry in train(Timed(clock), PICTURES, None, quick(minutes=5, batch_size=8))]
    assert rates.index(max(rates)) == pytest.approx(300 / 20, abs=1)


def test_a_run_by_minutes_looks_at_the_validation_pictures_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, (1e9, 1.0))
    model = Timed(clock)
    history = train(model, PICTURES, Rectangles(4), quick(minutes=5, batch_size=8, evaluate_every=1))
    assert "val_ap50" in history[-1]
    assert 0.8 * LOOKS <= sum("val_ap50" in entry for entry in history) == model.judged <= LOOKS + 1


def test_a_run_whose_time_is_up_when_it_has_judged_judges_no_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Timed):
        def forward(self, images: list[Tensor], targets: Any = None) -> Any:
            self.clock.now += 0 if self.training else 90
            return super().forward(images, targets)

    model = Slow(Clock(monkeypatch, (1e9, 1.0)))
    history = train(model, PICTURES, Rectangles(4), quick(minutes=1, batch_size=8, evaluate_every=1))
    assert model.judged == 1
    assert [entry for entry in history if "val_ap50" in entry] == history[-1:]


def test_a_pass_that_is_longer_than_the_run_is_left_in_its_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, (1e9, 40.0))
    (entry,) = train(Timed(clock), PICTURES, None, quick(minutes=1, batch_size=2))  # four steps would take 160 seconds
    assert entry["seconds"] == 80


def test_a_run_by_minutes_is_gone_on_with_for_the_rest_of_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(Exception):
        pass

    def kill(history: list[dict[str, float]]) -> None:
        if len(history) == 4:
            raise KilledError

    clock = Clock(monkeypatch, (1e9, 5.0))
    config = quick(minutes=1)
    with pytest.raises(KilledError):
        train(Timed(clock), PICTURES, None, config, tmp_path, after_epoch=kill)
    clock.now += 1000  # until somebody notices
    history = train(Timed(clock), PICTURES, None, config, tmp_path, resume=True)
    assert [entry["seconds"] for entry in history] == [10, 20, 30, 40, 50, 60]
    assert train(Timed(clock), PICTURES, None, config, tmp_path, resume=True) == history


def test_early_stopping_ends_a_run_that_gets_no_better(tmp_path: Path) -> None:
    history = train(Toy(), PICTURES, Rectangles(4), quick(epochs=50, evaluate_every=1, patience=3), tmp_path)
    assert len(history) == 4  # a toy finds what it finds: the first look is the best
    assert json.loads((tmp_path / "run.json").read_text())["epochs"] == 4


def test_the_best_epoch_is_kept_beside_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aps = iter([0.2, 0.6, 0.6, 0.4])
    kept: list[Tensor] = []
    monkeypatch.setattr("dsod_lite.training.loop.validation_ap50", lambda *_: next(aps))
    model = small_dsod()

    def remember(history: list[dict[str, float]]) -> None:
        kept.append(model.state_dict()["network.stem.0.0.weight"].clone())

    train(model, PICTURES, Rectangles(4), quick(epochs=4, evaluate_every=1), tmp_path, after_epoch=remember)
    best, last = load_model(tmp_path / "best.pt")[0], load_model(tmp_path)[0]
    assert torch.equal(best.state_dict()["network.stem.0.0.weight"], kept[1])
    assert torch.equal(last.state_dict()["network.stem.0.0.weight"], kept[3])


def test_the_last_incomplete_batch_is_left_out() -> None:
    class Counting(Toy):
        sizes: list[int]

        def forward(self, images: list[Tensor], targets: Any = None) -> Any:
            self.sizes.append(len(images))
            return super().forward(images, targets)

    model = Counting()
    model.sizes = []
    train(model, Rectangles(11), None, quick(epochs=2))
    assert model.sizes == [4, 4, 4, 4]


# --- the curve -----------------------------------------------------------------------------------------------


def test_the_validation_pictures_are_judged_now_and_then_and_at_the_end() -> None:
    history = train(Toy(), PICTURES, Rectangles(4), quick(epochs=5, evaluate_every=2))
    assert [entry["epoch"] for entry in history] == [1, 2, 3, 4, 5]
    assert [entry["epoch"] for entry in history if "val_ap50" in entry] == [2, 4, 5]
    seconds = [entry["seconds"] for entry in history]
    assert seconds == sorted(seconds)


def test_an_entry_is_the_mean_over_the_epoch_and_the_parts_sum_up() -> None:
    (entry,) = train(small_dsod(), PICTURES, None, quick(epochs=1))
    assert set(entry) == {"epoch", "loss", "bbox_regression", "classification", "lr", "seconds"}
    assert entry["loss"] == pytest.approx(entry["bbox_regression"] + entry["classification"])

    class Listed(Toy):
        left: list[int]

        def forward(self, images: list[Tensor], targets: Any = None) -> Any:
            return {"error": self.value.sum() * 0 + len(self.left), "other": torch.tensor(float(self.left.pop()))}

    model = Listed()
    model.left = [5, 1]  # the first step sees 2 and pops 1, the second sees 1 and pops 5
    (entry,) = train(model, PICTURES, None, quick(epochs=1))
    assert (entry["error"], entry["other"], entry["loss"]) == (1.5, 3.0, 4.5)


class Nameless(torch.utils.data.Dataset[Any]):
    """Pictures without class names, such as a Subset; all objects have label 1."""

    def __init__(self, objects: bool = True) -> None:
        self.count = int(objects)

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        boxes = torch.tensor([[0.0, 0.0, 64.0, 64.0]])[: self.count]
        return torch.full((3, 64, 64), 0.5), {"boxes": boxes, "labels": torch.ones(self.count, dtype=torch.int64)}


def test_pictures_without_class_names_can_be_judged() -> None:
    # Toy answers label 2, which no object has: a class that does not count, not an error that loses the run.
    nothing = Nameless(objects=False)
    assert validation_ap50(*predict(Toy(), Nameless(), progress=False), Nameless()) == 0.0
    assert math.isnan(validation_ap50(*predict(Toy(), nothing, progress=False), nothing))
    assert "val_ap50" in train(Toy(), Nameless(), Subset(PICTURES, [1, 2]), quick(epochs=1))[-1]


# --- it learns -----------------------------------------------------------------------------------------------


def test_a_few_pictures_are_learned_by_heart() -> None:
    pictures = Rectangles(8)
    model = small_dsod(block_layers=(2, 2, 2, 2))
    history = train(model, pictures, pictures, quick(epochs=40, warmup_steps=10, evaluate_every=40))
    assert history[-1]["loss"] < 0.25 * history[0]["loss"]
    assert history[-1]["val_ap50"] > 0.9
    detections, targets = predict(model, pictures, progress=False)
    assert evaluate_voc(detections, targets, 3, method="all-point").mean_ap == history[-1]["val_ap50"]


class Background(Rectangles):
    """Pictures of which the first `empty` show no object."""

    def __init__(self, length: int, empty: int) -> None:
        super().__init__(length)
        for i in range(empty):
            self.items[i] = (
                self.items[i][0],
                {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64), "image_id": i},
            )


@pytest.mark.parametrize("min_negatives", [0, 10])  # the authors', which learns nothing of them, and dsod_tiny's
@pytest.mark.parametrize("empty", [1, 6])
def test_pictures_without_objects_are_trained_on_as_background(empty: int, min_negatives: int) -> None:
    model = small_dsod(min_negatives=min_negatives)
    history = train(model, Background(8, empty), None, quick(epochs=6, warmup_steps=1))
    assert all(math.isfinite(value) for entry in history for value in entry.values())


def test_pictures_of_nothing_but_background_are_nothing_to_learn_from() -> None:
    with pytest.raises(DataError, match=r"epoch 1: no prior .* was matched with an object"):
        train(small_dsod(), Background(8, 8), None, quick(epochs=6))


# --- the optimizer, and what its weight decay spares ---------------------------------------------------------


def test_weight_decay_spares_the_heads_batchnorm_and_nothing_else() -> None:
    for model in (small_dsod(), dsod300(prediction="plain")):
        decayed, spared = parameter_groups(model, 0.25)
        assert (decayed["weight_decay"], spared["weight_decay"]) == (0.25, 0.0)
        names = {parameter: name for name, parameter in model.named_parameters()}
        ours = {names[p] for p in spared["params"]}
        maps = len(model.config.map_sizes)
        assert ours == {
            f"network.head.{kind}.{i}.1.{part}"
            for kind in ("offsets", "logits")
            for i in range(maps)
            for part in ("weight", "bias")
        }
        each = [*decayed["params"], *spared["params"]]
        assert len(each) == len(set(each)) == len(names)
        assert any("norm" in names[p] or ".0.weight" in names[p] for p in decayed["params"])


def test_the_optimizer_is_the_one_that_is_named() -> None:
    for config, kind in ((quick(optimizer="sgd", momentum=0.8), torch.optim.SGD), (quick(), torch.optim.AdamW)):
        optimizer = make_optimizer(small_dsod(), config)
        assert type(optimizer) is kind
        assert [group["weight_decay"] for group in optimizer.param_groups] == [config.weight_decay, 0.0]
        assert all(group["lr"] == config.learning_rate for group in optimizer.param_groups)
        assert all(group.get("momentum", 0.8) == 0.8 for group in optimizer.param_groups)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_the_spared_are_not_decayed_and_the_rest_is(optimizer: str) -> None:
    """Without any gradient a step only decays."""
    config = quick(optimizer=optimizer, learning_rate=0.5, weight_decay=0.1)
    model, before = small_dsod(), small_dsod()
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    make_optimizer(model, config).step()
    for (name, now), old in zip(model.named_parameters(), before.parameters(), strict=True):
        spared = re.fullmatch(r"network\.head\.(offsets|logits)\.\d\.1\.(weight|bias)", name)
        torch.testing.assert_close(now, old if spared else 0.95 * old, rtol=1e-5, atol=0)


def test_a_frozen_parameter_is_left_out_and_another_detector_is_decayed_whole() -> None:
    model = small_dsod()
    frozen = model.network.stem
    for parameter in frozen.parameters():
        parameter.requires_grad = False
    before = {name: p.clone() for name, p in frozen.named_parameters()}
    train(model, PICTURES, None, quick(epochs=1))
    assert same(dict(frozen.named_parameters()), before)
    decayed, spared = parameter_groups(Toy(), 0.1)
    assert (len(decayed["params"]), spared["params"]) == (1, [])


# --- a loss that is not finite -------------------------------------------------------------------------------


class Failing(Rectangles):
    """Sound pictures, until one of them is poisoned."""

    poisoned = -1

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Any]]:
        image, target = super().__getitem__(index)
        return (image * math.nan if index == self.poisoned else image), target


class PoisonedAfter(Failing):
    """Picture 5 turns into NaN once so many pictures have been asked for."""

    def __init__(self, length: int, sound: int) -> None:
        super().__init__(length)
        self.left = sound

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Any]]:
        self.left -= 1
        self.poisoned = 5 if self.left < 0 else -1
        return super().__getitem__(index)


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    model = small_dsod()
    with pytest.raises(NonFiniteLoss) as caught:
        train(model, PoisonedAfter(8, sound=16), None, quick(epochs=5), tmp_path)
    message = str(caught.value)
    step = int(message.split()[1])
    assert step in (4, 5)  # the third epoch's two
    assert f"step {step} (epoch 3): the loss is not finite" in message
    assert "classification nan" in message
    pictures = message.split("pictures: ")[1].split(", ")
    assert len(pictures) == 4
    assert "picture5" in pictures

    # What is kept is the run after two epochs: with the picture mended it goes on as if nothing had been.
    mended, whole = small_dsod(1), small_dsod()
    history = train(mended, Rectangles(8), None, quick(epochs=5), tmp_path, resume=True)
    assert without_seconds(history) == without_seconds(train(whole, Rectangles(8), None, quick(epochs=5)))
    assert same_weights(mended, whole)


class Cliff(Toy):
    """Finite losses throughout, but in one step the gradient is that of a root at 0: infinite."""

    def __init__(self, fall: int) -> None:
        super().__init__()
        self.steps, self.fall = 0, fall

    def forward(self, images: list[Tensor], targets: Any = None) -> Any:
        self.steps += 1
        return {"error": (self.value * (0.0 if self.steps == self.fall else 1.0)).square().sum().sqrt()}


def test_weights_that_turn_infinite_in_an_epochs_last_step_are_not_kept(tmp_path: Path) -> None:
    with pytest.raises(NonFiniteLoss, match="epoch 2: value is not finite any more, though every loss was"):
        train(Cliff(fall=4), Rectangles(8), None, quick(epochs=5), tmp_path)
    kept = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert kept["epoch"] == 1
    assert kept["model"]["value"].isfinite().all()


def test_within_an_epoch_only_sound_weights_are_kept(tmp_path: Path) -> None:
    with pytest.raises(NonFiniteLoss, match="epoch 1: value is not finite any more"):
        train(Cliff(fall=3), Rectangles(16), None, quick(checkpoint_every=1), tmp_path)
    kept = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert kept["step"] == 2
    assert kept["model"]["value"].isfinite().all()


def test_the_message_does_with_what_a_target_has() -> None:
    def said(targets: Sequence[dict[str, Any]], names: Any) -> str:
        dataset = SimpleNamespace(names=names) if names else SimpleNamespace()
        return describe_step(7, 2, {"error": math.inf}, targets, dataset)

    start = "step 7 (epoch 3): the loss is not finite (error inf); pictures: "
    ids: list[dict[str, Any]] = [{"image_id": 1}, {"image_id": torch.tensor([0])}]
    assert said(ids, ["a", "b"]) == start + "b, a"
    assert said(ids, None) == start + "1, 0"
    assert said([{"image_id": "left.png"}, {}], ["a", "b"]) == start + "left.png, one without an image_id"
    assert said([{"image_id": 139}], ["a", "b"]) == start + "139"
    assert said([{}], ["a"]) == start + "one without an image_id"


# --- other people's detectors --------------------------------------------------------------------------------


def test_torchvisions_ssd_is_trained_and_run_unchanged(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = detection.ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=3)
    pictures = Rectangles(4)
    history = train(model, pictures, pictures, quick(epochs=1, batch_size=2, learning_rate=0.01), tmp_path)
    assert all(math.isfinite(value) for entry in history for value in entry.values())
    assert {"bbox_regression", "classification", "val_ap50"} < set(history[0])
    detections, targets = predict(model, pictures, progress=False)
    assert len(detections) == len(targets) == 4
    assert all(set(d) == {"boxes", "labels", "scores"} for d in detections)


def test_the_random_numbers_of_torchvisions_faster_rcnn_are_the_seeds_too() -> None:
    def run() -> tuple[nn.Module, Any]:
        torch.manual_seed(0)
        sizes = {"num_classes": 3, "min_size": 64, "max_size": 64}
        model = detection.fasterrcnn_mobilenet_v3_large_320_fpn(weights=None, weights_backbone=None, **sizes)
        torch.rand(len(results))  # it samples its proposals with torch's generator
        return model, train(model, Rectangles(4), None, quick(epochs=1, batch_size=2, learning_rate=1e-3))

    results: list[Any] = []
    for _ in range(2):
        results.append(run())
    (one, history), (other, again) = results
    assert without_seconds(history) == without_seconds(again)
    assert same_weights(one, other)


def test_dsod_tiny_itself_trains_at_128() -> None:
    torch.manual_seed(0)
    history = train(dsod_tiny(3), Rectangles(4, size=128), None, quick(epochs=1))
    assert math.isfinite(history[0]["loss"])


# --- what BatchNorm sees -------------------------------------------------------------------------------------


def test_parts_of_a_batch_give_the_mean_of_their_losses() -> None:
    """The authors' mean of ratios: 8 pictures in parts of 4 are two losses, averaged, and one step."""
    torch.manual_seed(0)
    model = small_dsod()
    model.network.double()  # the parts pass together, and add up in another order
    model.mean = model.mean.double()
    twin = copy.deepcopy(model)
    pictures = Rectangles(8)
    config = quick(epochs=1, batch_size=8, norm_batch_size=4, optimizer="sgd", learning_rate=0.1, warmup_steps=0)
    (entry,) = train(model, pictures, None, config)

    order = [index for index, _ in Loader(pictures, config, CPU).sampler]
    losses = []
    for part in (order[:4], order[4:]):
        images, targets = zip(*(pictures[i] for i in part), strict=True)
        losses.append(sum(twin.train()(list(images), list(targets)).values()))
    mean = torch.stack(losses).mean()
    mean.backward()
    assert entry["loss"] == pytest.approx(mean.item(), rel=1e-5)
    for group in parameter_groups(twin, config.weight_decay):
        for parameter in group["params"]:
            assert parameter.grad is not None
            parameter.data -= 0.1 * (parameter.grad + group["weight_decay"] * parameter.data)
    for (name, value), other in zip(model.state_dict().items(), twin.state_dict().values(), strict=True):
        torch.testing.assert_close(value, other, rtol=1e-4, atol=1e-5, msg=f"{name}: {{}}".format)


@pytest.mark.parametrize("average", [0.999, 0.5, 0.0])
def test_batchnorms_average_is_caffes(average: float) -> None:
    """Against Caffe's own bookkeeping: a decaying sum, and a decaying count to divide it by."""
    norm = nn.BatchNorm2d(2)
    batches = torch.randn(7, 3, 2, 5, 5, generator=torch.Generator().manual_seed(0)) * 3 + 1
    mean_sum, variance_sum, count = torch.zeros(2), torch.zeros(2), 0.0
    for passes, batch in enumerate(batches):
        norm.momentum = norm_momentum_at(passes, average)
        norm(batch)
        mean_sum = mean_sum * average + batch.mean(dim=(0, 2, 3))
        variance_sum = variance_sum * average + batch.var(dim=(0, 2, 3), correction=1)
        count = count * average + 1
        torch.testing.assert_close(norm.running_mean, mean_sum / count)
        torch.testing.assert_close(norm.running_var, variance_sum / count)


def test_each_part_counts_once_in_batchnorms_average() -> None:
    seen: list[float] = []

    class Watched(nn.BatchNorm2d):
        def forward(self, x: Tensor) -> Tensor:
            assert self.momentum is not None
            seen.append(self.momentum)
            return super().forward(x)

    model = small_dsod()
    model.network.stem[0][1] = Watched(model.network.stem[0][1].num_features)
    train(model, Rectangles(8), None, quick(epochs=1, batch_size=4, norm_batch_size=2, norm_average=0.5))
    assert seen == [norm_momentum_at(passes, 0.5) for passes in range(4)]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"batch_size": 6, "norm_batch_size": 8}, "norm_batch_size is 8; it is 1 to batch_size, which is 6"),
        ({"norm_batch_size": 0}, "norm_batch_size is 0"),
        ({"norm_average": 1.0}, "norm_average is 1.0"),
    ],
)
def test_what_batchnorm_cannot_see_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        quick(**fields)


# --- the authors' recipe -------------------------------------------------------------------------------------


def test_the_authors_schedule() -> None:
    """lr 0.1, divided by ten at 20, 40, 60 and 80 thousand of 100 thousand steps."""
    config = RECIPES["voc0712"]
    rates = [learning_rate_at(step, 100_000, config) for step in (0, 19_999, 20_000, 40_000, 60_000, 80_000, 99_999)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-5])
    assert config.batch_size // config.norm_batch_size == 32
    coco = RECIPES["coco"]
    at = [learning_rate_at(step, 320_000, coco) for step in (79_999, 80_000, 139_999, 140_000, 200_000, 260_000)]
    assert at == pytest.approx([0.1, 0.01, 0.01, 1e-3, 1e-4, 1e-5])


@pytest.mark.parametrize(
    ("name", "pictures", "steps"), [("voc0712", 16_551, 100_000), ("voc0712plus", 21_503, 100_000)]
)
def test_recipes_are_as_long_as_the_authors(name: str, pictures: int, steps: int) -> None:
    config = RECIPES[name]
    assert config.epochs is not None
    assert config.epochs * (pictures // config.batch_size) == pytest.approx(steps, rel=1e-3)


@pytest.mark.parametrize("drops", [(0.5, 0.2), (0.0,), (1.0,)])
def test_drops_that_are_no_rising_shares_are_refused(drops: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="drops is"):
        quick(drops=drops)

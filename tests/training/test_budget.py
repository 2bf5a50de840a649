"""What a run takes, said before it starts: operations, hours, the half of precision, and what has room."""

import itertools
from typing import Any

import pytest
import torch
from tiny import Rectangles, Toy, quick, same, small_dsod
from torch.utils.flop_counter import FlopCounterMode

from dsod_lite import dsod300
from dsod_lite.training import step as step_module
from dsod_lite.training.budget import FIRST, hours_to_expect, training_flops
from dsod_lite.training.memory import fitting, half_of, kept_bytes
from dsod_lite.training.recipe import RECIPES
from dsod_lite.training.step import Learner

CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)
PICTURES = Rectangles(8)


def test_a_picture_costs_what_a_real_pass_does() -> None:
    model = small_dsod()
    with FlopCounterMode(display=False) as counter:
        offsets, logits = model.network(torch.rand(2, 3, 64, 64))
        (offsets.sum() + logits.sum()).backward()
    assert training_flops(model) == counter.get_total_flops() // 2


def test_the_authors_run_and_the_short_one() -> None:
    """The paper's 31 billion a picture, three times: there, and back for inputs and for weights."""
    picture = training_flops(dsod300())
    assert 100_000 * 128 * picture == pytest.approx(1.2e18, rel=0.05)
    short = RECIPES["voc0712_short"]
    assert short.epochs is not None
    steps = short.epochs * (16_551 // short.batch_size)
    assert steps == 31_020  # the recipe's docstring has it
    # At a tenth of what its maker says of a T4, 65e12 a second, it ends well within half a day.
    assert steps * short.batch_size * picture / 6.5e12 / 3600 < 4


def test_the_hours_by_a_clock_whose_steps_take_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0, 2)
    monkeypatch.setattr("dsod_lite.training.budget.time.perf_counter", lambda: float(next(clock)))
    model = Toy()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert hours_to_expect(model, PICTURES, quick(epochs=450)) == pytest.approx(2 * 2 * 450 / 3600)
    assert next(clock) == 2 * (1 + 2 * (FIRST + 10))  # two looks a step
    assert same(before, dict(model.state_dict()))
    with pytest.raises(ValueError, match="epochs: has to be given"):
        hours_to_expect(model, PICTURES, quick(minutes=3))


@pytest.mark.parametrize(("has_units", "half"), [(True, "bfloat16"), (False, "float16")])
def test_the_half_that_a_card_is_fast_in(has_units: bool, half: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def supported(including_emulation: bool = True) -> bool:
        return has_units or including_emulation  # torch says yes to a T4, which then computes it without units

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert half_of(CUDA) == half
    assert half_of(CPU) == "bfloat16"


@pytest.mark.parametrize(("began", "then"), [("bfloat16", "float16"), ("float16", "bfloat16")])
def test_a_run_in_half_precision_goes_on_with_the_other_half(
    began: str, then: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def learner(half: str) -> Learner:
        monkeypatch.setattr(step_module, "half_of", lambda device: half)
        return Learner(small_dsod(), quick(batch_size=8, precision="half", warmup_steps=0), CPU)

    images, targets = zip(*(PICTURES[i] for i in range(8)), strict=True)
    first, second = learner(began), learner(then)
    with torch.backends.mkldnn.flags(enabled=False):  # see test_step.py's `without_onednn`
        first.step(images, targets, 0, 2)
        state = first.state()
        second.load(state)
        assert same(second.state().model, state.model)
        assert second.scaler.is_enabled() == (then == "float16")
        second.step(images, targets, 1, 2)


def test_batchnorm_sees_as_much_of_a_batch_as_has_room(monkeypatch: pytest.MonkeyPatch) -> None:
    model, config = small_dsod(), quick(batch_size=32)

    def sees(free: float, **fields: Any) -> int | None:
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, free))
        return fitting(model, quick(batch_size=32, **fields), CUDA).norm_batch_size

    need = kept_bytes(model, 32) / 0.7
    assert [sees(need * share) for share in (1.01, 0.99, 0.26, 0)] == [None, 16, 8, 2]
    assert [sees(need * 0.51, precision=kind) for kind in ("float32", "half")] == [16, None]
    assert fitting(model, config, CPU) == config

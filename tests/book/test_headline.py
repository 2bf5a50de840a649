"""The headline runs: the rule that chooses rates, arms with as many steps as they are to have, resamples, the plan."""

import dataclasses
import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from book.experiments import in_order
from book.experiments.comparisons import classifier, headline_long, headline_middle, headline_short, rates
from book.experiments.machinery import catalogue, flatness, records
from book.experiments.machinery.resampling import resampled_ap50
from book.experiments.parts import common, headline, search
from book.experiments.parts.headline import ARMS, Settings
from book.experiments.parts.search import GRID, asked_for, best
from dsod_lite import evaluate_voc
from dsod_lite.support.files import write_json

PLAN = (Path(in_order.__file__).parent / "PLAN.md").read_text(encoding="utf-8")


def write(folder: Path, name: str, variant: str, seed: int, result: dict[str, Any]) -> None:
    record = {"experiment": name, "variant": variant, "seed": seed, "epochs": 9, "result": result}
    write_json(folder / name / f"{variant}-{seed}.json", record)


class TestSearch:
    @pytest.mark.parametrize(
        ("scores", "expected"),
        [
            ({}, [0.003, 0.01, 0.03]),
            ({0.01: 0.9}, [0.003, 0.03]),
            ({0.003: 0.1, 0.01: 0.3, 0.03: 0.2}, []),
            ({0.003: 0.3, 0.01: 0.2, 0.03: 0.1}, [0.001]),
            ({0.001: 0.4, 0.003: 0.3, 0.01: 0.2, 0.03: 0.1}, []),  # the grid's end
            ({0.003: 0.1, 0.01: 0.2, 0.03: 0.3}, [0.1]),
            ({0.003: 0.1, 0.01: 0.2, 0.03: 0.3, 0.1: 0.2}, []),
            ({0.003: 0.2, 0.01: 0.2, 0.03: 0.1}, [0.001]),  # of equal ones the lowest
        ],
    )
    def test_it_goes_on_while_the_best_is_at_an_end(self, scores, expected):
        assert asked_for(scores) == expected

    def test_the_grid_rises_by_about_as_much_everywhere(self):
        steps = [math.log(high / low) for low, high in itertools.pairwise(GRID)]
        assert steps == pytest.approx([math.log(10) / 2] * 4, abs=0.06)

    def test_a_trial_of_another_process_is_waited_for(self, monkeypatch):
        asked: list[list[str]] = []
        waited: list[float] = []
        monkeypatch.setattr(search, "run_all", lambda name, variants: asked.append(variants))
        monkeypatch.setattr(search, "wanted", lambda experiment, arm: [] if waited else ["ssd_rate_0.01"])
        monkeypatch.setattr(search.time, "sleep", waited.append)
        search.make_trials("rates", ["ssd"])
        assert (asked, waited) == ([["ssd_rate_0.01"]], [search.SECONDS_TO_WAIT])

    def test_best_by_hand(self):
        assert best({0.03: 0.5, 0.01: 0.5, 0.1: 0.4}) == 0.01

    def test_an_arm_has_its_settings_when_the_search_is_over(self, tmp_path):
        with pytest.raises(ValueError, match=r"ssd has no learning rate yet: .*--variant ssd_rate_0.003 "):
            rates.chosen("ssd", tmp_path)
        for rate, found in ((0.003, 0.4), (0.01, 0.41), (0.03, 0.2)):
            write(tmp_path, "rates", f"ssd_rate_{rate}", 100, {"AP50": found})
        assert rates.wanted("ssd", tmp_path) == ["ssd_rate_0.01_decay_0.1"]
        write(tmp_path, "rates", "ssd_rate_0.01_decay_0.1", 100, {"AP50": 0.35})
        assert rates.wanted("ssd", tmp_path) == []
        assert rates.chosen("ssd", tmp_path) == Settings(0.01, 0.02)
        assert rates.close_calls("ssd", tmp_path) == ["ssd_rate_0.003"]
        write(tmp_path, "rates", "ssd_rate_0.01_decay_0.1", 100, {"AP50": 0.45})
        assert rates.chosen("ssd", tmp_path) == Settings(0.01, 0.1)
        assert rates.close_calls("ssd", tmp_path) == []

    def test_half_of_the_steps_take_the_settings_of_all(self, tmp_path):
        for rate in (0.003, 0.01, 0.03):
            write(tmp_path, "rates", f"scratch_50_rate_{rate}", 100, {"AP50": 0.5 - abs(rate - 0.01)})
        write(tmp_path, "rates", "scratch_50_rate_0.01_decay_0.1", 100, {"AP50": 0.4})
        assert rates.chosen("scratch_half_50", tmp_path) == Settings(0.01, 0.02)
        assert not [trial for trial in rates.VARIANTS if "half" in trial]


@pytest.mark.parametrize("epochs", [headline_short.EPOCHS, headline_middle.EPOCHS, headline_long.EPOCHS])
@pytest.mark.parametrize("name", ARMS)
def test_each_arm_has_its_share_of_the_steps(name, epochs):
    arm = ARMS[name]
    steps = headline.passes(arm, epochs) * (arm.pictures // headline.BATCH)
    assert steps == pytest.approx(arm.share * epochs * 125, rel=0.01)


def test_the_long_budget_is_ten_times_the_short_and_the_search_is_between_them():
    assert headline_long.EPOCHS == 10 * headline_short.EPOCHS
    assert rates.EPOCHS == headline_middle.EPOCHS
    assert pytest.approx(headline_long.EPOCHS * headline_short.EPOCHS, rel=0.11) == rates.EPOCHS**2


def test_no_series_of_pictures_has_two_uses():
    series = (common.TRAIN_SEED, common.TEST_SEED, headline.VALIDATION_SEED, headline.FRESH_SEED)
    assert len(set(series)) == 4
    assert max(catalogue.seeds_of(catalogue.experiment(name)) for name in catalogue.experiments()) < rates.FIRST_SEED


def test_the_plan_has_the_code_s_arms_budgets_and_grid():
    for name in ARMS:
        family = name.replace("_50", "_N").replace("_1000", "_N") if "half" in name else name
        assert f"`{family}`" in PLAN
    for module in (headline_short, headline_middle, headline_long):
        name = module.__name__.rpartition(".")[2]
        row = next(line for line in PLAN.splitlines() if line.startswith(f"| `{name}`"))
        assert f"| {module.EPOCHS} | {module.EPOCHS * 125:,} | 0 to {module.SEEDS - 1} |" in row
    assert f"The grid is {', '.join(map(str, GRID))}." in PLAN
    assert f"validation** pictures, series {headline.VALIDATION_SEED}." in PLAN
    assert f"{headline.JUDGED} of series {headline.FRESH_SEED}," in PLAN


class TestRuns:
    @pytest.fixture(autouse=True)
    def _few(self, monkeypatch):
        """Sixteen pictures, two steps a pass, whatever an arm asks for."""
        few = {name: dataclasses.replace(arm, pictures=32) for name, arm in ARMS.items()}
        monkeypatch.setattr(headline, "ARMS", few)
        monkeypatch.setattr(headline, "STEPS", 2)
        monkeypatch.setattr(headline, "JUDGED", 4)

    def run(self, name: str, folder: Path | None = None, epochs: int = 2, series: int = headline.FRESH_SEED) -> Any:
        torch.manual_seed(0)
        return headline.learn(name, 0, epochs, Settings(0.003, 0.1), series, folder)

    @pytest.mark.parametrize("name", ["dsod", "ssd_norm", "residual_15", "densenet_stem"])
    def test_a_run_fits_in_a_record(self, name, tmp_path):
        result = self.run(name, tmp_path / "run")
        assert (result["setup"]["train"]["learning_rate"], result["setup"]["train"]["weight_decay"]) == (0.003, 0.1)
        assert set(result["validation"]) == {"AP50", "AP"}
        assert len(result["resampled_ap50"]) == 200
        assert [entry["epoch"] for entry in result["curve"]] == [1, 2]
        assert not (tmp_path / "run").exists()
        json.dumps(result, allow_nan=False)

    def test_a_trial_looks_at_validation_pictures_alone(self, monkeypatch):
        asked, whole = [], headline.shapes

        def shapes(pictures: int, seed: int = common.TRAIN_SEED, *args: Any, **fields: Any) -> common.Pictures:
            asked.append(seed)
            return whole(pictures, seed, *args, **fields)

        monkeypatch.setattr(headline, "shapes", shapes)
        assert "validation" not in self.run("dsod", epochs=1, series=headline.VALIDATION_SEED)
        assert set(asked) == {common.TRAIN_SEED, headline.VALIDATION_SEED}

    def test_a_run_that_was_stopped_goes_on_with_the_same_numbers(self, tmp_path, monkeypatch):
        whole = self.run("dsod")
        judge = common.judge
        monkeypatch.setattr(common, "judge", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            self.run("dsod", tmp_path / "run")
        monkeypatch.setattr(common, "judge", judge)
        done_again = lambda *_: pytest.fail("an epoch that was done is done again")  # noqa: E731
        monkeypatch.setitem(common.train.__globals__, "train_epoch", done_again)
        again = self.run("dsod", tmp_path / "run")
        assert [entry["loss"] for entry in again["curve"]] == [entry["loss"] for entry in whole["curve"]]
        assert again["AP50"] == whole["AP50"]
        assert again["resampled_ap50"] == whole["resampled_ap50"]

    def test_a_pre_trained_arm_has_the_classifier_s_body_and_says_how_good_it_is(self, tmp_path, monkeypatch):
        found: dict[float, float] = {}
        monkeypatch.setattr(classifier, "scores", lambda folder=None: found)
        with pytest.raises(ValueError, match="the classifier has no learning rate yet"):
            self.run("pretrained_50")
        found.update({0.003: 0.1, 0.01: 0.9, 0.03: 0.2})
        rate_used = []

        def pretrain(model: nn.Module, steps: int, seed: int, rate: float) -> dict[str, Any]:
            rate_used.append((steps, rate))
            with torch.no_grad():
                model.network.stem[0][0].weight.fill_(0.5)
            return {"accuracy": 0.95}

        monkeypatch.setattr(classifier, "pretrain", pretrain)
        classifier.trained.cache_clear()
        model = ARMS["pretrained_50"].make()
        before = torch.random.get_rng_state()
        assert classifier.start_from_classifier(model, 0) == {"accuracy": 0.95, "pretrain_learning_rate": 0.01}
        assert torch.equal(torch.random.get_rng_state(), before)
        assert rate_used == [(3750, 0.01)]
        assert (model.network.stem[0][0].weight == 0.5).all()
        classifier.trained.cache_clear()


class TestOrder:
    def test_every_arm_has_one_place(self):
        placed = [arm for group in in_order.GROUPS for arm in group]
        assert sorted(placed) == sorted(ARMS)

    def test_search_first_and_no_trial_twice(self, monkeypatch):
        asked: list[tuple[str, tuple[str, ...]]] = []
        scores: dict[str, float] = {}

        def run_all(name: str, seeds: int | None = None, variants: list[str] | None = None) -> None:
            asked.append((name, tuple(variants or ())))
            scores.update({f"{name}/{variant}": 1 / (1 + len(scores)) for variant in variants or ()})

        def found(arm: str, decay: float, folder: Path = records.RECORDS) -> dict[float, float]:
            names = {rate: f"rates/{rates.named(arm, rate, decay)}" for rate in GRID}
            return {rate: scores[name] for rate, name in names.items() if name in scores}

        monkeypatch.setattr(in_order, "run_all", run_all)
        monkeypatch.setattr(in_order, "SECONDS_TO_WAIT", 0)
        monkeypatch.setattr(rates, "scores", found)
        of_classifier = lambda: {r: scores[f"classifier/rate_{r}"] for r in GRID if f"classifier/rate_{r}" in scores}  # noqa: E731
        monkeypatch.setattr(classifier, "scores", lambda folder=None: of_classifier())
        in_order.main()
        trials = [variant for name, variants in asked if name == "rates" for variant in variants]
        assert len(trials) == len(set(trials)) == 5 * len(rates.SEARCHED)
        assert {trial.split("_rate_")[0] for trial in trials} == set(rates.SEARCHED)
        names = [name for name, _ in asked]
        first_long = asked.index(("headline_long", in_order.GROUPS[0]))
        assert all(name == "rates" for name in names[:first_long])
        assert names[first_long + 1] == "headline_short"
        assert names[-1] == "headline_middle"
        assert names.count("headline_long") == len(in_order.GROUPS)
        before_pretrained = names[: asked.index(("headline_long", in_order.GROUPS[3]))]
        assert "classifier" in before_pretrained


class TestResampling:
    def pictures(self, count: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Detections, good ones and others, of two classes."""
        generator = torch.Generator().manual_seed(5)
        detections, targets = [], []
        for _ in range(count):
            corner = 60 * torch.rand(3, 2, generator=generator)
            boxes = torch.cat([corner, corner + 10 + 20 * torch.rand(3, 2, generator=generator)], dim=1)
            labels = torch.tensor([1, 2, 1])
            jitter = 6 * torch.randn(3, 4, generator=generator)
            found = torch.cat([boxes + jitter, boxes + 40])
            scores = torch.rand(6, generator=generator)
            detections.append({"boxes": found, "labels": labels.repeat(2), "scores": scores})
            targets.append({"boxes": boxes, "labels": labels})
        return detections, targets

    def test_each_is_the_ap_of_the_pictures_drawn(self):
        detections, targets = self.pictures(12)
        found = resampled_ap50(detections, targets, 3, times=5, seed=7)
        draws = np.random.default_rng(7).integers(12, size=(5, 12))
        for value, drawn in zip(found, draws, strict=True):
            whole = [detections[i] for i in drawn], [targets[i] for i in drawn]
            assert value == pytest.approx(evaluate_voc(*whole, 3, method="all-point").mean_ap, abs=1e-5)
        assert len(set(found)) == 5

    def test_by_hand(self):
        """One picture right and one missed: AP is the share of right ones among those drawn."""
        box, one = torch.tensor([[0.0, 0, 10, 10]]), torch.ones(1, dtype=torch.int64)
        nothing = {"boxes": box[:0], "labels": one[:0], "scores": torch.zeros(0)}
        detections = [{"boxes": box, "labels": one, "scores": torch.ones(1)}, nothing]
        targets = [{"boxes": box, "labels": one}] * 2
        found = resampled_ap50(detections, targets, 2, times=400)
        assert {value: found.count(value) / 400 for value in set(found)} == {
            0.0: pytest.approx(0.25, abs=0.07),
            0.5: pytest.approx(0.5, abs=0.07),
            1.0: pytest.approx(0.25, abs=0.07),
        }

    def test_the_draws_are_the_same_for_every_detector(self):
        detections, targets = self.pictures(12)
        nothing = [{key: value[:0] for key, value in each.items()} for each in detections]
        assert resampled_ap50(nothing, targets, 3, times=3) == [0, 0, 0]
        assert resampled_ap50(detections, targets, 3, times=3) == resampled_ap50(detections, targets, 3, times=5)[:3]


def test_chosen_settings_are_those_of_the_recorded_runs():
    for name in ("headline_short", "headline_middle", "headline_long"):
        for variant, runs in records.load(name).items():
            settings = rates.chosen(variant)
            for run in runs:
                assert (run["train"]["learning_rate"], run["train"]["weight_decay"]) == dataclasses.astuple(settings)


class TestFlatness:
    def test_a_gain_from_the_search_to_the_long_runs_by_hand(self, tmp_path):
        assert flatness.gains(tmp_path) == []
        for arm, middle in (("dsod", 0.8), ("ssd", 0.4)):
            for rate, found in ((0.003, 0.3), (0.01, middle), (0.03, 0.2)):
                write(tmp_path, "rates", f"{arm}_rate_{rate}", 100, {"AP50": found})
            write(tmp_path, "rates", f"{arm}_rate_0.01_decay_0.1", 100, {"AP50": 0.1})
        for seed, (dsod, ssd) in enumerate(((0.81, 0.5), (0.82, 0.6))):
            write(tmp_path, "headline_long", "dsod", seed, {"AP50": 0.9, "validation": {"AP50": dsod}})
            write(tmp_path, "headline_long", "ssd", seed, {"AP50": 0.9, "validation": {"AP50": ssd}})
        assert [(*gain[:2], round(gain.long, 3), gain.flat) for gain in flatness.gains(tmp_path)] == [
            ("dsod", 0.8, 0.815, True), ("ssd", 0.4, 0.55, False),
        ]  # fmt: skip

    def test_an_arm_whose_search_is_not_at_its_end_has_no_row(self, tmp_path):
        write(tmp_path, "headline_long", "dsod", 0, {"AP50": 0.9, "validation": {"AP50": 0.8}})
        write(tmp_path, "rates", "dsod_rate_0.01", 100, {"AP50": 0.7})
        assert flatness.gains(tmp_path) == []

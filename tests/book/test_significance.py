"""How sure a difference is, worked by hand; and the table of findings from records made up for it."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from book.experiments.__main__ import main as command_line
from book.experiments.machinery import forest, table
from book.experiments.machinery.catalogue import experiment
from book.experiments.machinery.findings import FINDINGS, HEADLINE, HEADS, PHOTOGRAPHS, Finding, judged
from book.experiments.machinery.questions import QUESTIONS, asked_at
from book.experiments.machinery.records import load
from book.experiments.machinery.significance import holm, improvement, over_seeds_and_pictures, p_value
from dsod_lite.support.files import write_json


def write(folder: Path, name: str, variant: str, seed: int, value: float, **result: Any) -> None:
    record = {
        "experiment": name, "variant": variant, "seed": seed, "epochs": experiment(name).EPOCHS,
        "train": {"epochs": experiment(name).EPOCHS, "batch_size": 16}, "result": {"AP50": value, **result},
    }  # fmt: skip
    write_json(folder / name / f"{variant}-{seed}.json", record)


class TestByHand:
    def test_p_value(self):
        """Differences 1, 2, 3: t = 2 / (1 / √3) = 3.464; with two degrees of freedom p is 1 - t / √(2 + t²)."""
        t = 2 * math.sqrt(3)
        assert p_value([1, 2, 3]) == pytest.approx(1 - t / math.sqrt(2 + t * t))
        assert p_value([-1, -2, -3]) == pytest.approx(p_value([1, 2, 3]))
        assert p_value([0.2, 0.2, 0.2]) == 0
        assert p_value([0.0, 0.0, 0.0]) == 1
        with pytest.raises(ValueError, match="2 seeds or more, not 1"):
            p_value([0.1])

    def test_holm(self):
        # 0.01 · 4, 0.02 · 3, 0.03 · 2 which may not fall below the one before, 0.5 · 1
        assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
        assert holm([0.9, 0.8]) == [1.0, 1.0]
        assert holm([]) == []

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
    def test_holm_lies_between_no_correction_and_bonferroni(self, numbers):
        corrected = holm(numbers)
        for before, after in zip(numbers, corrected, strict=True):
            assert before <= after <= min(1, len(numbers) * before) + 1e-12
        assert sorted(range(len(numbers)), key=lambda i: (corrected[i], numbers[i])) == sorted(
            range(len(numbers)), key=lambda i: numbers[i]
        )

    def test_improvement(self):
        # of six pairs 0.5 beats 0.4 and 0.3, ties with none; 0.4 ties with 0.4, beats 0.3; 0.2 beats none
        assert improvement([0.5, 0.4, 0.2], [0.4, 0.3]) == pytest.approx((2 + 1.5 + 0) / 6)
        assert improvement([1, 2], [3, 4]) == 0

    def test_seeds_and_pictures_together(self):
        differences = [0.3, 0.4, 0.5]  # margin 4.3027 · 0.1 / √3 = 0.248
        # means over the seeds: 0.3 and 0.5, of which the standard deviation is 0.1414
        resampled = [[0.2, 0.4], [0.3, 0.5], [0.4, 0.6]]
        mean, low, high = over_seeds_and_pictures(differences, resampled)
        margin = math.hypot(0.248414, 1.959964 * 0.141421)
        assert (mean, low, high) == pytest.approx((0.4, 0.4 - margin, 0.4 + margin), abs=1e-5)


class TestQuestions:
    def test_each_is_asked_at_each_budget_that_has_its_arms(self):
        assert asked_at("headline_long") == asked_at("headline_short") == list(QUESTIONS)
        assert asked_at("headline_middle") == list(QUESTIONS[:4])
        assert len(HEADLINE) == 2 * len(QUESTIONS) + 4 + len(HEADS) + len(PHOTOGRAPHS)
        assert not set(HEADLINE) & set(FINDINGS)

    @pytest.mark.parametrize("finding", HEADLINE, ids=table.label)
    def test_each_compares_variants_that_there_are(self, finding):
        assert {finding.a, finding.b, *(finding.minus or ())} <= set(experiment(finding.experiment).VARIANTS)

    def test_they_are_the_plan_s(self):
        plan = (Path(table.__file__).parents[1] / "PLAN.md").read_text(encoding="utf-8")
        asked = [
            line.split("|")[3:6]
            for line in plan.splitlines()
            if line.startswith("| ") and line.split("|")[1].strip().isdigit()
        ]
        assert len(asked) == len(QUESTIONS)
        for (a, b, expected), question in zip(asked, QUESTIONS, strict=True):
            arms = [question.a, question.b]
            pairs = [arms, list(question.minus)] if question.minus else [[question.a], [question.b]]
            assert [cell.replace("`", "").split() for cell in (a, b)] == [" − ".join(pair).split() for pair in pairs]
            assert expected.strip() == "a > b"

    def test_a_difference_of_differences_by_hand(self, tmp_path):
        finding = next(f for f in HEADLINE if f.minus and f.experiment == "headline_long")
        assert judged(finding, tmp_path).startswith("not judged: 0 of 3")
        for seed, (dense, residual) in enumerate(((0.8, 0.6), (0.9, 0.65), (0.85, 0.63))):
            write(tmp_path, "headline_long", "dense_30", seed, dense)
            write(tmp_path, "headline_long", "residual_30", seed, residual)
            write(tmp_path, "headline_long", "dense_15", seed, 0.7)
            write(tmp_path, "headline_long", "residual_15", seed, 0.6 + seed / 100)
        found = next(r for r in table.rows(tmp_path) if r["question"] == finding.sentence and r["seeds"])
        # 0.2 - 0.1, 0.25 - 0.09, 0.22 - 0.08
        assert found["differences"] == pytest.approx([0.1, 0.16, 0.14])
        assert found["improvement"] is None


@pytest.fixture
def made_up(tmp_path):
    """The long budget's first two questions: `dsod` far ahead with every seed, `ssd_norm` nowhere certain."""
    for seed in range(3):
        pictures = [0.1 * (i % 3 - 1) for i in range(6)]
        for variant, value in (("dsod", 0.9), ("faster_rcnn_norm", 0.5 + seed / 1000), ("ssd_norm", 0.5 + seed / 50)):
            samples = [value + (p if variant == "dsod" else 0) for p in pictures]
            write(tmp_path, "headline_long", variant, seed, value, resampled_ap50=samples)
        write(tmp_path, "headline_long", "ssd", seed, 0.3 + seed / 10)
    return tmp_path


class TestTable:
    def test_a_row_has_all_that_was_asked_for(self, made_up, tmp_path):
        file = tmp_path / "out.json"
        assert command_line(["findings", "--json", str(file), "--output", str(made_up)]) == 0
        found = json.loads(file.read_text(encoding="utf-8"))
        assert len(found) == len(FINDINGS) + len(HEADLINE)
        wanted = {
            "experiment", "question", "budget_steps", "seeds", "difference", "low", "high", "p", "p_holm", "verdict",
            "shares_runs_with", "headline",
        }  # fmt: skip
        assert all(wanted <= set(each) for each in found)
        assert [each["headline"] for each in found] == [True] * len(HEADLINE) + [False] * len(FINDINGS)
        assert [each["experiment"] for each in found[:12]] == ["headline_long"] * 12

    def test_verdicts_after_holm(self, made_up):
        found = {each["question"]: each for each in table.rows(made_up)[:12]}
        two_stages = found["DSOD beats two stages with normalisation."]
        assert two_stages["verdict"] == "held"
        assert two_stages["budget_steps"] == 3750
        assert two_stages["improvement"] == 1
        # four of the twelve are judged: 4 times the smallest p
        assert two_stages["p_holm"] == pytest.approx(4 * two_stages["p"])
        assert two_stages["interval_over"] == "seeds and pictures"
        assert two_stages["low"] < 0.4 - 0.15 < two_stages["low_corrected"]  # pictures matter here, and seeds do not
        normalised = found["Normalisation alone helps SSD."]
        assert normalised["interval_over"] == "seeds"  # ssd has no resamples
        assert normalised["verdict"] == "open"
        assert found["The stem helps."]["verdict"] == "not judged"
        assert found["The stem helps."]["p_holm"] is None

    def test_no_difference_that_matters(self, tmp_path):
        for seed, gain in enumerate((0.004, -0.002, 0.001)):
            write(tmp_path, "headline_short", "dsod", seed, 0.5 + gain)
            write(tmp_path, "headline_short", "densenet_stem", seed, 0.5)
        found = next(r for r in table.rows(tmp_path) if r["seeds"] == 3)
        assert found["verdict"] == "no difference that matters"
        assert found["verdict_uncorrected"] == "not seen at this size"

    def test_contrary(self, tmp_path):
        for seed, loss in enumerate((0.1, 0.101, 0.102)):
            write(tmp_path, "headline_short", "dsod", seed, 0.5 - loss)
            write(tmp_path, "headline_short", "densenet_stem", seed, 0.5)
        assert next(r for r in table.rows(tmp_path) if r["seeds"] == 3)["verdict"] == "contrary"

    def test_shared_runs_are_said(self, made_up):
        found = {(each["experiment"], each["question"]): each for each in table.rows(made_up)}
        shared = found["headline_long", "The stem helps."]["shares_runs_with"]
        assert shared == [
            "headline_long: DSOD beats two stages with normalisation.",
            "headline_long: DSOD's structure brings more than normalisation alone.",
            "headline_long: Dense prediction helps.",
        ]
        # three experiments have the same arm under their own names
        transition = found["transition", "And more than three wider blocks of as many parameters."]["shares_runs_with"]
        assert "prediction: Dense prediction finds more than plain of as many parameters." in transition
        assert not [each for each in transition if each.startswith("depth")]

    def test_arms_of_one_name_have_one_setting(self):
        """What is counted as the same arm has the same config, training and curve in the records."""
        runs = [load(name)[variant][0] for name, variant in table.SAME_ARM]
        assert all(run["train"] == runs[0]["train"] for run in runs)
        assert all(run["config"] == runs[0]["config"] for run in runs)
        assert all(run["result"]["curve"] == runs[0]["result"]["curve"] for run in runs)

    def test_the_steps_of_a_run(self):
        run = {"experiment": "stem", "train": {"epochs": 2, "batch_size": 16}, "result": {}}
        assert table.steps(run) == 374
        assert table.steps(run | {"experiment": "pictures", "result": {"pictures": 50}}) == 6
        assert table.steps(run | {"experiment": "speed", "train": None}) == 0

    def test_the_three_that_survived_before_there_was_a_plan(self):
        """36 findings of the exploration: 19 held by themselves, three after Holm's correction."""
        found = [each for each in table.rows() if not each["headline"]]
        assert [each["verdict_uncorrected"] for each in found].count("held") == 19
        assert [each["verdict"] for each in found].count("held") == 3

    def test_the_printed_table(self, made_up, capsys):
        command_line(["findings", "--output", str(made_up)])
        lines = capsys.readouterr().out.splitlines()
        place = lines.index("DSOD beats two stages with normalisation. (3 seeds, 3,750 steps)")
        assert lines[place + 1].startswith("  held: +0.399 [")
        assert max(map(len, lines)) <= table.COLUMN
        missing = dict(line.strip().split(": ") for line in lines if line.endswith(" questions"))
        assert missing["headline_short"] == f"{len(QUESTIONS)} questions"
        assert "headline_long" in missing


class TestFigures:
    def test_the_forest_has_a_line_for_each_judged_question(self, made_up):
        figure = forest.forest(folder=made_up)
        ax = figure.axes[0]
        labels = [label.get_text() for label in ax.get_yticklabels()]
        assert labels[-1] == "ssd norm − faster rcnn norm, 3,750 steps"
        assert len(labels) == 4
        dots = [line for line in ax.lines if line.get_marker() == "o" and len(line.get_ydata()) == 1]
        assert dots[-1].get_xdata()[0] == pytest.approx(0.499 - 0.399, abs=0.1)
        assert {line.get_color() for line in ax.lines} >= {forest.COLORS["held"], forest.COLORS["open"]}

    def test_the_longest_budget_stands_for_a_question(self, made_up):
        for seed in range(3):
            write(made_up, "headline_short", "dsod", seed, 0.4 + seed / 100)
            write(made_up, "headline_short", "faster_rcnn_norm", seed, 0.1)
        assert len(forest.forest(folder=made_up).axes[0].get_yticklabels()) == 4
        panels = {ax.get_title(): ax for ax in forest.by_budget(made_up).axes}
        drawn = panels["dsod − faster rcnn norm"].lines[0]
        assert list(drawn.get_xdata()) == [375, 3750]
        assert drawn.get_ydata() == pytest.approx([0.31, 0.399])

    def test_what_became_of_the_first_editions_findings(self):
        """Each has its own interval, and around it the one for all together; the page tells their number in words."""
        ax = forest.before_and_after().axes[0]
        thin, thick = ([line for line in ax.lines if line.get_linewidth() == width] for width in (1, 4))
        assert len(thin) == len(thick) == 19 + 2
        for outer, inner in zip(thin, thick, strict=True):
            assert outer.get_xdata()[0] < inner.get_xdata()[0] < inner.get_xdata()[1] < outer.get_xdata()[1]
            assert inner.get_xdata()[0] > 0 or inner.get_xdata()[1] < 0
        assert sum(line.get_xdata()[0] * line.get_xdata()[1] > 0 for line in thin) == 3

    def test_without_records_that_is_said(self, tmp_path):
        drawn = (forest.forest, forest.by_budget, forest.before_and_after)
        for figure in (forest.forest(False, tmp_path), *(draw(folder=tmp_path) for draw in drawn)):
            assert "is recorded yet" in figure.axes[0].texts[0].get_text()

    def test_the_exploration_has_average_precisions_alone(self):
        labels = [label.get_text() for label in forest.forest(False).axes[0].get_yticklabels()]
        assert len(labels) == len([f for f in FINDINGS if f.measure.startswith("AP")]) == 35


def test_a_finding_is_exploration_unless_it_says_so():
    assert Finding("x.", "stem", "a", "b").headline is False

"""The folded box of a chapter, and the checklist's sums: from records alone."""

from pathlib import Path
from typing import Any

import pytest

from book.experiments.machinery.account import Sum, account, asked_for
from book.experiments.machinery.catalogue import experiments
from book.experiments.machinery.findings import FINDINGS
from book.experiments.machinery.sure import how_sure
from dsod_lite.support.files import write_json


def write(folder: Path, name: str, variant: str, seed: int, result: dict[str, Any], **fields: Any) -> None:
    train = {"epochs": 3, "batch_size": 16}
    write_json(
        folder / name / f"{variant}-{seed}.json",
        {"experiment": name, "variant": variant, "seed": seed, "epochs": 3, "device": "an abacus", "threads": 1,
         "train": train, "seconds": 1800.0, "result": result, **fields},
    )  # fmt: skip


def test_the_box_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed, gain in enumerate((0.02, 0.03, 0.04)):  # 0.03 ± 4.30 · 0.01 / √3
        write(tmp_path, "stem", "densenet", seed, {"AP50": 0.4, "APs": 0.1, "AP": 0.2})
        write(tmp_path, "stem", "stem", seed, {"AP50": 0.4 + gain, "APs": 0.1, "AP": 0.2 + gain / 2})
    how_sure("stem", plan=(6,), folder=tmp_path)
    said = capsys.readouterr().out.splitlines()
    assert said[:5] == [
        f"Exploration, without a plan. Judged among {len(FINDINGS)} findings.",
        "- DSOD's stem is better than DenseNet's.",
        "    open: 561 steps, 3 seeds, p 0.07",  # two findings are judged; 0.036 by itself
        "      AP50 +0.030 [+0.005, +0.055]",
        "      AP   +0.015 [+0.003, +0.027]",
    ]
    assert said[-2:] == ["The plan's question 6: The stem helps.", "    not run yet: long, short"]


def test_the_box_says_what_is_too_little_and_what_was_not_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in range(3):
        write(tmp_path, "prediction", "plain", seed, {"AP50": 0.4})
        write(tmp_path, "prediction", "dense", seed, {"AP50": 0.5 + seed / 100})
    for seed in range(2):
        for arm in ("dsod", "plain_prediction"):
            write(tmp_path, "headline_long", arm, seed, {"AP50": 0.5, "AP": 0.2})
    how_sure("prediction", plan=(7,), folder=tmp_path)
    said = capsys.readouterr().out
    assert "      AP   was not recorded\n" in said
    assert "    headline_long: 2 seeds are recorded, too few to judge\n    not run yet: short\n" in said


def test_a_study_of_the_plan_is_judged_among_its_own_questions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in range(3):
        for arm, ap50 in (("priors", 0.4), ("centres", 0.6), ("one_to_one", 0.5)):
            write(tmp_path, "heads", arm, seed, {"AP50": ap50 + seed / 100, "AP": 0.2, "AP50_unsuppressed": ap50})
    how_sure("heads", folder=tmp_path)
    said = capsys.readouterr().out
    assert said.startswith("A study of the plan. Judged among its 3 questions.\n- Without priors a detector finds")
    assert said.count("    held: ") == 2  # the third, without suppression, is contrary
    assert "Exploration" not in said
    how_sure("heads", about="nothing|suppression", folder=tmp_path)
    some = capsys.readouterr().out
    assert some.startswith("A study of the plan. Judged among its 3 questions.\n- Without suppression")
    assert some.count("- ") == 1


def test_runs_are_added_up(tmp_path: Path) -> None:
    write(tmp_path, "stem", "stem", 0, {"train_seconds": 3600.0})  # was stopped, and went on
    write(tmp_path, "stem", "stem", 1, {"AP50": 0.5}, train=None)
    write(tmp_path, "labels_short", "first", 0, {"AP50": 0.5}, threads=2)
    write_json(tmp_path / "alone.json", {"device": "an abacus", "threads": 1, "seconds": 900.0, "result": [1, 2]})
    kinds, machines = account(tmp_path)
    assert kinds == {"exploration": Sum(3, 1, 1.75), "planned": Sum(1, 1, 0.5)}
    assert asked_for(tmp_path)["labels_short"] == (1, 6)
    assert "rates" not in asked_for(tmp_path)
    assert machines == {"an abacus, 1 thread": Sum(3, 1, 1.75), "an abacus, 2 threads": Sum(1, 1, 0.5)}


def test_all_records_that_ship_have_what_is_added_up() -> None:
    kinds, machines = account()
    assert sum(each.runs for each in kinds.values()) == sum(each.runs for each in machines.values())
    assert kinds["exploration"].runs >= 272  # PLAN.md: what there was before
    assert {"rates", "classifier", "labels_judged", "headline_long"} <= set(experiments())

"""The study of photographs: what each arm learns from and is judged by, on a folder made up for it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from folders import make_folder

from book.experiments.comparisons import classifier, photographs, photographs_rates
from book.experiments.machinery import account
from book.experiments.machinery.findings import PHOTOGRAPHS
from book.experiments.parts import photographs as part
from book.experiments.parts import search
from dsod_lite.datasets import upless_augmentation

CAT = [("cat", 5, 6, 40, 40)]
DOG = [("dog", 20, 20, 60, 45)]
PLAN = (Path(account.__file__).parents[1] / "PLAN.md").read_text(encoding="utf-8")


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Cells that are cats and dogs: 48 to learn from, two each to choose by and to judge by."""
    train = {f"t{i}": CAT if i % 2 else DOG for i in range(48)}
    folder = make_folder(tmp_path / "cells", train=train, val={"v0": CAT, "v1": DOG}, test={"x0": DOG, "x1": CAT})
    monkeypatch.setitem(part.SETS, "cells", (lambda: folder, upless_augmentation))
    monkeypatch.setattr(part, "STEPS", 4)
    return tmp_path


def learn(name: str, kept: Path, split: str = "test", epochs: int = 1) -> dict[str, Any]:
    torch.manual_seed(0)
    return part.learn(name, 0.003, 0, epochs, split, kept)


@pytest.mark.parametrize(
    ("name", "passes"),
    [
        ("cells_dsod", 1),
        ("cells_plain_30", 1),
        ("cells_one_to_one", 1),
        ("cells_scratch_30", 4),
        ("cells_scratch_half_30", 2),
    ],
)
def test_a_run_fits_in_a_record(name: str, passes: int, made_up: Path) -> None:
    result = learn(name, made_up / "kept")
    arm = part.ARMS[name][1]
    assert (result["pictures"], result["judged"]) == (arm.pictures or 48, 2)
    assert result["setup"]["train"]["epochs"] == len(result["curve"]) == passes
    assert result["setup"]["train"]["learning_rate"] == 0.003
    assert 0 <= result["AP50_unsuppressed"] <= 1
    assert ("growth_rate" in result["setup"]["config"]) != arm.other_blocks
    assert set(result["ap50"]) == {"cat", "dog"}
    assert len(result["resampled_ap50"]) == 200
    assert not (made_up / "kept").exists()
    json.dumps(result, allow_nan=False)


def test_the_first_pictures_alone_are_learned_from_and_val_or_test_judges(
    made_up: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []

    def train_and_judge(model: Any, train_set: Any, judged_by: Any, *args: Any, **fields: Any) -> dict[str, Any]:
        (made_up / "kept").mkdir()
        seen.append([*(str(i) for i in train_set.indices), *judged_by.names])
        return {"setup": {}}

    monkeypatch.setattr(part, "train_and_judge", train_and_judge)
    for split in ("val", "test"):
        learn("cells_scratch_30", made_up / "kept", split)
    assert [names[:30] for names in seen] == [list(map(str, range(30)))] * 2
    assert [names[30:] for names in seen] == [["v0", "v1"], ["x0", "x1"]]


def test_a_pre_trained_arm_begins_with_the_classifier_s_body_and_its_own_head(
    made_up: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(5)
    body = classifier.dsod_tiny(image_size=classifier.SIDE).state_dict()
    monkeypatch.setattr(classifier, "wanted", lambda: [])
    monkeypatch.setattr(classifier, "scores", lambda: {0.01: 0.95})
    monkeypatch.setattr(classifier, "trained", lambda *_: (body, {"accuracy": 0.95}))
    model = part.ARMS["cells_pretrained"][1].make(3)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    assert classifier.start_from_classifier(model, 0)["accuracy"] == 0.95
    for name, weight in model.state_dict().items():
        own = re.match(r"network\.(prediction|head)", name)
        assert torch.equal(weight, before[name] if own else body[name]), name


def test_each_arm_has_the_rate_of_its_own_search_and_half_of_the_steps_that_of_all(
    made_up: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []

    def chosen(experiment: str, arm: str) -> float:
        asked.append((experiment, arm))
        return 0.02

    monkeypatch.setattr(photographs, "chosen", chosen)
    monkeypatch.setattr(photographs, "learn", lambda name, rate, *rest: asked.append((name, rate)))
    for variant in ("cards_plain_30", "cells_scratch_half", "cells_pretrained_half_30"):
        photographs.run(variant, 0, 6)
    assert asked[::2] == [
        ("photographs_rates", "cards_plain_30"),
        ("photographs_rates", "cells_dsod"),
        ("photographs_rates", "cells_pretrained_30"),
    ]
    assert {rate for _, rate in asked[1::2]} == {0.02}
    assert {search.named(arm, 0.003) for arm in photographs_rates.SEARCHED} <= set(photographs_rates.VARIANTS)
    assert not [trial for trial in photographs_rates.VARIANTS if "half" in trial]


def test_as_many_steps_for_all_of_a_set() -> None:
    whole = {"cells": 205, "cards": 237}
    for name, (chosen, arm) in part.ARMS.items():
        pictures = arm.pictures or whole[chosen]
        steps = part.passes(arm, pictures, photographs.EPOCHS) * (pictures // part.BATCH)
        assert steps == pytest.approx(arm.share * 750, rel=0.03), name


def test_the_plan_has_the_arms_and_the_questions() -> None:
    section = " ".join(PLAN[PLAN.index("## Photographs") : PLAN.index("## Changes")].split())
    for arm in part.PRINCIPLES | part.HEADS:
        assert f"`{arm}`" in section
    assert (photographs.EPOCHS * 125, photographs_rates.EPOCHS * 125) == (750, 375)
    assert "750 steps" in section
    assert "375 steps" in section
    assert len(PHOTOGRAPHS) == 18
    for finding in PHOTOGRAPHS:
        assert f"`{finding.a.split('_', 1)[1]}` > `{finding.b.split('_', 1)[1]}`" in section

"""The verdicts on the paper's findings: from records alone, and never from too few."""

from pathlib import Path

import pytest

from book.experiments.findings import FINDINGS, Finding, judged, picture, report
from book.experiments.runner import experiment, experiments
from dsod_lite.checkpoint import write_json

STEMS = Finding("The stem helps.", "stem", "stem", "densenet")


def record(folder: Path, variant: str, seed: int, value: float) -> None:
    result = {"AP50": value, "APs": value / 2, "parameters": 600_000}
    write_json(
        folder / "stem" / f"{variant}-{seed}.json",
        {"experiment": "stem", "variant": variant, "seed": seed, "epochs": 2, "device": "an abacus", "threads": 1,
         "torch": "2.9", "started": "2026-01-01T00:00:00Z", "result": result},
    )  # fmt: skip


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda finding: finding.sentence)
def test_each_finding_compares_two_variants_that_there_are(finding: Finding) -> None:
    variants = experiment(finding.experiment).VARIANTS
    assert finding.a in variants
    assert finding.b in variants
    assert finding.sentence.endswith(".")


def test_each_experiment_has_a_finding_or_is_a_table() -> None:
    tables = {"speed", "gpu_shapes", "gpu_blood_cells"}
    assert set(experiments()) - {finding.experiment for finding in FINDINGS} <= tables


def test_a_verdict_waits_for_three_seeds_of_both(tmp_path: Path) -> None:
    assert judged(STEMS, tmp_path) == "not judged: 0 of 5 seeds recorded"
    for seed, gain in enumerate((0.02, 0.03, 0.04)):
        record(tmp_path, "densenet", seed, 0.4)
        if seed < 2:
            record(tmp_path, "stem", seed, 0.4 + gain)
    assert judged(STEMS, tmp_path) == "not judged: 2 of 5 seeds recorded"
    record(tmp_path, "stem", 2, 0.44)
    assert judged(STEMS, tmp_path) == "held: +0.030 [+0.005, +0.055] AP50, 3 seeds"
    record(tmp_path, "stem", 2, 0.5)
    assert judged(STEMS, tmp_path) == "not seen at this size: +0.050 [-0.058, +0.158] AP50, 3 seeds"
    for seed in range(3):
        record(tmp_path, "stem", seed, 0.3 - seed / 100)
    assert judged(STEMS, tmp_path).startswith("contrary: -0.110 [")


def test_the_report_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report("stem", tmp_path)
    assert "nothing recorded" in capsys.readouterr().out
    record(tmp_path, "stem", 0, 0.5)
    record(tmp_path, "stem", 1, 0.7)
    report("stem", tmp_path)
    said = capsys.readouterr().out
    assert "epochs: 2; an abacus, 1 thread, torch 2.9, 2026-01-01" in said
    assert "densenet  not run (0 of 5 seeds)" in said
    line = next(line for line in said.splitlines() if line.startswith("stem "))
    assert " ".join(line.split()) == "stem AP50 0.600 [-0.671, 1.871] 600,000 parameters (2 of 5 seeds)"
    assert "not judged: 0 of 5 seeds recorded" in said


def test_the_picture_has_every_seed_or_says_that_there_is_none(tmp_path: Path) -> None:
    assert "No run of “stem” is recorded yet." in [text.get_text() for text in picture("stem", tmp_path).axes[0].texts]
    for seed in range(3):
        record(tmp_path, "stem", seed, 0.5 + seed / 10)
    ax = picture("stem", tmp_path).axes[0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["stem"]
    assert sorted(ax.lines[0].get_ydata()) == pytest.approx([0.5, 0.6, 0.7])

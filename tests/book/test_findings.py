"""The verdicts on the paper's findings: from records alone, and never from too few."""

from pathlib import Path
from typing import Any

import pytest

from book.experiments.comparisons import pictures
from book.experiments.machinery.catalogue import experiment, experiments
from book.experiments.machinery.figures import ENGINES, by_layer, curves, frontier, picture, published_map, undominated
from book.experiments.machinery.findings import FINDINGS, HEADLINE, Finding, judged, report
from dsod_lite.support.files import write_json

STEMS = Finding("The stem helps.", "stem", "stem", "densenet")


def record(folder: Path, variant: str, seed: int, value: float) -> None:
    write(folder, "stem", variant, seed, {"AP50": value, "APs": value / 2, "parameters": 600_000})


def write(folder: Path, name: str, variant: str, seed: int, result: dict[str, Any]) -> None:
    write_json(
        folder / name / f"{variant}-{seed}.json",
        {"experiment": name, "variant": variant, "seed": seed, "epochs": 2, "device": "an abacus", "threads": 1,
         "torch": "2.9", "started": "2026-01-01T00:00:00Z", "result": result},
    )  # fmt: skip


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda finding: finding.sentence)
def test_each_finding_compares_two_variants_that_there_are(finding: Finding) -> None:
    variants = experiment(finding.experiment).VARIANTS
    assert finding.a in variants
    assert finding.b in variants
    assert finding.sentence.endswith(".")


def test_each_experiment_has_a_finding_or_is_a_table() -> None:
    tables = {"speed", "gpu_shapes", "gpu_blood_cells", "rates", "classifier", "heads_rates", "photographs_rates"}
    tables |= {"labels_judged", "labels_short", "labels_long", "few_pictures"}  # studies by themselves, see PLAN.md
    assert set(experiments()) - {finding.experiment for finding in (*FINDINGS, *HEADLINE)} <= tables


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
    assert said.startswith("epochs: 2; 2026-01-01\nan abacus, 1 thread, torch 2.9\n")
    assert "densenet  not run (0 of 5 seeds)" in said
    lines = iter(said.splitlines())
    line = next(line for line in lines if line.startswith("stem "))
    assert " ".join(line.split()) == "stem AP50 0.600 [0.000, 1.000] (2 of 5 seeds)"
    assert next(lines) == "    600,000 parameters"
    assert "not judged: 0 of 5 seeds recorded" in said


def test_the_report_has_both_aps_and_what_a_variant_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed, seconds in enumerate((10.2, 11.4, 60)):
        result = {"AP50": 0.5 + seed / 10, "AP": 0.2 + seed / 20, "parameters": 7_000, "train_seconds": seconds}
        write(tmp_path, "prediction", "dense", seed, result)
    report("prediction", tmp_path)
    assert "    AP 0.250 [0.126, 0.374]\n    7,000 parameters, 11 s\n" in capsys.readouterr().out


def test_the_report_leaves_a_count_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in range(3):
        write(tmp_path, "speed", "dsod300", seed, {"multiply_adds": 12_345_678})
    report("speed", tmp_path)
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("dsod300 "))
    assert " ".join(line.split()) == "dsod300 multiply_adds 12,345,678"


def test_the_picture_has_every_seed_or_says_that_there_is_none(tmp_path: Path) -> None:
    assert "No run of “stem” is recorded yet." in [
        text.get_text() for text in picture("stem", folder=tmp_path).axes[0].texts
    ]
    for seed in range(3):
        record(tmp_path, "stem", seed, 0.5 + seed / 10)
    ax = picture("stem", folder=tmp_path).axes[0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["stem"]
    assert sorted(ax.lines[0].get_ydata()) == pytest.approx([0.5, 0.6, 0.7])
    small = picture("stem", "APs", tmp_path).axes[0]
    assert sorted(small.lines[0].get_ydata()) == pytest.approx([0.25, 0.3, 0.35])


def test_curves_go_through_the_means_with_their_intervals(tmp_path: Path) -> None:
    said = curves("pictures", pictures.STARTS, pictures.PICTURES, "pictures", tmp_path).axes[0].texts
    assert "No run of “pictures” is recorded yet." in [text.get_text() for text in said]
    for number, value in ((50, 0.2), (200, 0.4)):
        for seed, step in enumerate((-0.01, 0, 0.01)):
            write(tmp_path, "pictures", f"chain_{number}", seed, {"AP50": value + step})
    write(tmp_path, "pictures", "chain_1000", 0, {"AP50": 0.9})  # one seed has no interval
    ax = curves("pictures", pictures.STARTS, pictures.PICTURES, "pictures", tmp_path).axes[0]
    drawn = {container.get_label(): container for container in ax.containers}
    assert list(drawn) == list(pictures.STARTS)
    line, _, (bars,) = drawn["chain"]
    assert line.get_ydata() == pytest.approx([0.2, 0.4])
    hollow = [list(one.get_ydata()) for one in ax.lines if one.get_markerfacecolor() == "none"]
    assert [each for each in hollow if each] == [[0.9]]
    margin = 4.30265 * 0.01 / 3**0.5  # t with two degrees of freedom
    assert [end[1] for end in bars.get_segments()[0]] == pytest.approx([0.2 - margin, 0.2 + margin])


def test_every_layer_is_drawn_for_every_seed(tmp_path: Path) -> None:
    for seed in range(2):
        moments = [{"step": i, "agreement": [0.9, 0.8 - i / 10], "lengths": [1.0, 2.0]} for i in range(3)]
        write(tmp_path, "gradients", "plain", seed, {"moments": moments})
    before, after = by_layer(folder=tmp_path).axes
    assert [list(line.get_ydata()) for line in before.lines] == [[0.9, 0.8]] * 2
    assert [list(line.get_ydata()) for line in after.lines] == [pytest.approx([0.9, 0.6])] * 2
    assert by_layer("lengths", tmp_path).axes[0].get_yscale() == "log"


def test_the_frontier_has_the_papers_numbers_and_the_median_time(tmp_path: Path) -> None:
    assert published_map()["DSOD300", "dense"] == 77.7  # and not the later run's 78.9
    assert published_map()["SSD300*", "plain"] == 77.2
    for seed, slower in enumerate((0, 5, 100)):
        times = {engine: 10.0 * (i + 1) + slower for i, engine in enumerate(ENGINES)}
        write(tmp_path, "speed", "dsod300", seed, {"milliseconds": times})
    ax = frontier(tmp_path).axes[0]
    assert ax.lines[0].get_xdata() == pytest.approx([15, 25, 35, 45])
    assert ax.lines[0].get_ydata() == pytest.approx([77.7] * 4)
    assert [text.get_text() for text in ax.texts] == ["dsod300"]
    dashed = next(line for line in ax.lines if line.get_label() == "frontier")
    assert list(dashed.get_xdata()) == [15]  # its fastest engine of those with floats


def test_the_frontier_leaves_out_what_another_beats() -> None:
    assert undominated([(3, 70), (1, 60), (2, 50), (4, 65), (1, 55)]) == [(1, 60), (3, 70)]

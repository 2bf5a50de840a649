"""evaluate --interval, compare, errors and suspects: the commands say what the functions say."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from tiny import Rectangles, small_dsod, write_voc

from dsod_lite import __main__, evaluate_voc, load_model, predict, save_model
from dsod_lite.datasets import open_split
from dsod_lite.evaluation.bootstrap import bootstrap_ap50, interval
from dsod_lite.evaluation.errors import TIDE, costs
from dsod_lite.evaluation.suspects import suspects

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # on one core


def call(*words: object) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dsod_lite/__main__.py", *map(str, words)])
        return __main__.main()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_voc(tmp_path_factory.mktemp("data"), val=Rectangles(6))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two detectors that have learned nothing, and so make every mistake."""
    paths = [tmp_path_factory.mktemp("runs") / f"{seed}.pt" for seed in (0, 1)]
    for seed, path in enumerate(paths):
        save_model(path, small_dsod(seed), ("blue", "red"), threshold=0.3)
    return paths


def judged(run: Path, data: Path) -> Any:
    model, classes = load_model(run)
    return predict(model, open_split(data, "val", classes), progress=False)


def test_evaluate_says_how_sure_it_is(data: Path, runs: list[Path], tmp_path: Path) -> None:
    words = ("evaluate", "--checkpoint", runs[0], "--data", data, "--split", "val", "--device", "cpu")
    assert call(*words, "--interval", "--json", tmp_path / "a.json") == 0
    result = json.loads((tmp_path / "a.json").read_text())
    assert result["AP50_interval"] == list(interval(bootstrap_ap50(*judged(runs[0], data), 3)))  # type: ignore[call-arg]
    assert call(*words, "--json", tmp_path / "b.json") == 0
    assert "AP50_interval" not in json.loads((tmp_path / "b.json").read_text())


def test_compare_is_paired(data: Path, runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--data", data, "--split", "val", "--device", "cpu", "--json", tmp_path / "a.json")
    assert call("compare", *runs, *options) == 0
    result = json.loads((tmp_path / "a.json").read_text())
    aps = [evaluate_voc(*judged(run, data), 3, method="all-point").mean_ap for run in runs]  # type: ignore[call-arg, misc]
    assert result["AP50"] == aps
    first, second = (bootstrap_ap50(*judged(run, data), 3) for run in runs)  # type: ignore[call-arg]
    assert result["interval"] == list(interval(second - first))
    assert result["probability"] == pytest.approx(((second > first) + 0.5 * (second == first)).mean())
    assert "probability that it is better" in capsys.readouterr().out
    assert call("compare", runs[0], runs[0], *options) == 0
    assert json.loads((tmp_path / "a.json").read_text())["probability"] == 0.5


def test_compare_refuses_what_cannot_be_compared(
    data: Path, runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.pt"
    save_model(other, small_dsod(), ("red", "blue"))
    assert call("compare", runs[0], other, "--data", data, "--split", "val", "--device", "cpu") == 2
    assert "finds red, blue" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["errors", "suspects"])
def test_a_sheet_is_a_picture(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call(command, "--checkpoint", "nowhere", "--data", "nowhere", "--sheet", "worst")
    assert "--sheet: worst is no picture's name; take worst.png" in capsys.readouterr().err


def test_difficult_objects_cost_nothing(runs: list[Path], tmp_path: Path) -> None:
    """Where all are difficult nothing is right, and nothing is missed."""
    root, folder = write_voc(tmp_path / "data", val=Rectangles(6)), tmp_path / "data/Annotations"
    for path in folder.iterdir():
        path.write_text(path.read_text().replace("<object>", "<object><difficult>1</difficult>"))
    options = ("--checkpoint", runs[0], "--data", root, "--device", "cpu", "--json", tmp_path / "a.json")
    assert call("errors", *options) == 0
    counts = json.loads((tmp_path / "a.json").read_text())["counts"]
    assert (counts["right"], counts["missed"]) == (0, 0)


def test_errors_and_suspects(data: Path, runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--checkpoint", runs[0], "--data", data, "--device", "cpu")
    for command in ("errors", "suspects"):
        output = ("--json", tmp_path / f"{command}.json", "--sheet", tmp_path / f"{command}.png")
        assert call(command, *options, *output) == 0
        assert (tmp_path / f"{command}.png").stat().st_size > 1000
    said = capsys.readouterr().out
    result = json.loads((tmp_path / "errors.json").read_text())
    assert list(result["costs"]) == list(TIDE)
    assert result["costs"] == costs(*judged(runs[0], data), 3)  # type: ignore[call-arg]
    assert result["threshold"] == 0.3
    assert result["counts"]["right"] + result["counts"]["missed"] == 9
    assert [line.split()[0] for line in said.splitlines() if "   +" in line or "   -" in line] == list(TIDE)
    rows = json.loads((tmp_path / "suspects.json").read_text())
    expected = suspects(*judged(runs[0], data), 0.3)  # type: ignore[call-arg]
    assert [(row["kind"], round(row["score"], 4)) for row in rows] == [(s.kind, round(s.score, 4)) for s in expected]

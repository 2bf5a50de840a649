"""The experiments' runner, on an experiment that takes no time; what their records say, worked by hand; the modules."""

import ast
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import LineCollection
from torch import nn

from book.experiments import comparisons
from book.experiments.__main__ import main as command_line
from book.experiments.comparisons import batchnorm, depth, gradients, ladder, matching, prediction, stem, transition
from book.experiments.machinery import catalogue, records, runner
from book.experiments.parts import common

ROOT = Path(__file__).resolve().parents[2]

TINY = '''"""A question that is answered at once."""
import os, time
from pathlib import Path

EPOCHS = 2
SEEDS = 2
MEASURE = "score"
VARIANTS = {"a": 0.5, "b": 0.7}

def run(variant, seed, epochs):
    log = Path(os.environ["TINY_LOG"])
    with log.open("a") as file:
        file.write(f"{variant}-{seed} {os.getpid()}\\n")
    while log.with_name(f"wait-{variant}-{seed}").exists():
        time.sleep(0.01)
    setup = {"architecture": "Oracle", "config": None, "train": {"learning_rate": 0.1}}
    return {"score": VARIANTS[variant] + seed / 100, "parameters": 1, "curve": [], "setup": setup}
'''

START = """
import sys
from book.experiments import comparisons
comparisons.__path__.append(sys.argv.pop(1))
from book.experiments.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A folder with an experiment named `tiny`, beside the book's; its log says which runs were made, and by whom."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "tiny.py").write_text(TINY)
    monkeypatch.setenv("TINY_LOG", str(tmp_path / "log"))
    monkeypatch.setattr(comparisons, "__path__", [*comparisons.__path__, str(tmp_path / "modules")])
    yield tmp_path
    sys.modules.pop("book.experiments.comparisons.tiny", None)


def made(folder):
    """The runs that were begun, in order."""
    log = folder / "log"
    return [line.split()[0] for line in log.read_text().splitlines()] if log.exists() else []


def record(folder, variant, seed):
    return json.loads((folder / "out" / "tiny" / f"{variant}-{seed}.json").read_text())


def start(folder):
    """The runner in a process of its own."""
    arguments = [str(folder / "modules"), "tiny", "--output", str(folder / "out")]
    return subprocess.Popen([sys.executable, "-c", START, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def wait_until(condition, process):
    while not condition():
        assert process.poll() is None, "the runner has ended too early"
        time.sleep(0.01)


RECORDED = sorted(records.RECORDS.glob("*/*.json"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_each_record_says_how_it_was_made(path):
    found = json.loads(path.read_text(encoding="utf-8"))
    module = catalogue.experiment(found["experiment"])
    assert path == catalogue.record_path(records.RECORDS, found["experiment"], found["variant"], found["seed"])
    assert found["variant"] in module.VARIANTS
    assert found["epochs"] == module.EPOCHS
    assert {"command", "device", "threads", "python", "torch", "torchvision", "commit", "started"} < set(found)
    assert found["seconds"] > 0
    assert found["result"][catalogue.measure_of(module)] is not None
    assert (found["config"] is not None) == (found["architecture"] in ("DSOD", "CellDetector"))  # see parts/heads.py
    if found["train"]:
        assert found["train"]["seed"] == found["seed"]
        assert len(found["result"]["curve"]) == found["train"]["epochs"]


class TestRunner:
    def test_runs_all_seed_by_seed_and_nothing_twice(self, tiny, capsys):
        out = tiny / "out"
        assert command_line(["tiny", "--output", str(out)]) == 0
        assert made(tiny) == ["a-0", "b-0", "a-1", "b-1"]
        found = record(tiny, "b", 1)
        assert found["result"] == {"score": 0.71, "parameters": 1, "curve": []}
        assert found["command"] == "python -m book.experiments tiny --variant b --seeds 2 --epochs 2"
        assert (found["experiment"], found["variant"], found["seed"], found["epochs"]) == ("tiny", "b", 1, 2)
        assert (found["architecture"], found["config"], found["train"]) == ("Oracle", None, {"learning_rate": 0.1})
        assert found["threads"] == 1
        assert found["torch"] == torch.__version__
        before = record(tiny, "a", 0)
        command_line(["tiny", "--output", str(out), "--seeds", "3", "--variant", "a"])
        assert made(tiny)[4:] == ["a-2"]
        assert record(tiny, "a", 0) == before
        assert "b, seed 1: score 0.7100" in capsys.readouterr().out

    def test_a_seed_fixes_torchs_generator(self, tiny, monkeypatch):
        module = catalogue.experiment("tiny")
        monkeypatch.setattr(module, "run", lambda variant, seed, epochs: {"score": torch.rand(()).item()})
        first, again, other = (runner.make_run(module, "tiny", "a", seed, 1)["result"]["score"] for seed in (4, 4, 5))
        assert first == again != other

    def test_another_number_of_epochs_is_refused(self, tiny, capsys):
        out = str(tiny / "out")
        command_line(["tiny", "--output", out])
        with pytest.raises(SystemExit):
            command_line(["tiny", "--output", out, "--epochs", "3"])
        assert "a-0.json: epochs: the record has 2, not 3" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["tiny", "--variant", "c"], "tiny has no variant 'c'; it has a, b"),
            (["teeny"], "invalid choice: 'teeny'"),
            (["tiny", "--seeds", "0"], "'0' is no whole number above 0"),
            (["verify"], "no variant of an experiment has two recorded seeds"),
        ],
    )
    def test_what_is_wrong_is_said(self, tiny, arguments, message, capsys):
        with pytest.raises(SystemExit) as stop:
            command_line([*arguments, "--output", str(tiny / "out")])
        assert stop.value.code == 2
        assert message in capsys.readouterr().err

    def test_a_killed_run_leaves_no_record_and_is_begun_again(self, tiny):
        hold = tiny / "wait-b-0"
        hold.touch()
        process = start(tiny)
        wait_until(lambda: "b-0" in made(tiny), process)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert [path.name for path in (tiny / "out" / "tiny").iterdir()] == ["a-0.json"]
        hold.unlink()
        process = start(tiny)  # the lock was freed with the process that held it
        assert "tiny: all recorded" in process.communicate()[0]
        assert made(tiny) == ["a-0", "b-0", "b-0", "a-1", "b-1"]

    def test_two_processes_share_the_runs(self, tiny):
        hold = tiny / "wait-a-0"
        hold.touch()
        first = start(tiny)
        wait_until(lambda: made(tiny) == ["a-0"], first)
        second = start(tiny)  # finds the first run taken, makes all others, and ends
        assert "tiny: 1 runs are being made by other processes" in second.communicate()[0]
        hold.unlink()
        assert "tiny: all recorded" in first.communicate()[0]
        assert made(tiny) == ["a-0", "b-0", "a-1", "b-1"]
        processes = [line.split()[1] for line in (tiny / "log").read_text().splitlines()]
        assert processes == [str(first.pid), *[str(second.pid)] * 3]

    def test_list_says_what_is_missing(self, tiny, capsys):
        command_line(["tiny", "--output", str(tiny / "out"), "--seeds", "1", "--variant", "a"])
        capsys.readouterr()
        command_line(["list", "--output", str(tiny / "out")])
        lines = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert ["a", "seeds", "0", "missing", "1"] in lines
        assert ["b", "seeds", "none", "missing", "0", "1"] in lines

    def test_seeds_may_begin_elsewhere(self, tiny, monkeypatch, capsys):
        monkeypatch.setattr(catalogue.experiment("tiny"), "FIRST_SEED", 100, raising=False)
        command_line(["tiny", "--output", str(tiny / "out"), "--variant", "a"])
        assert made(tiny) == ["a-100", "a-101"]
        assert record(tiny, "a", 101)["command"].endswith("--variant a --seeds 2 --epochs 2")
        capsys.readouterr()
        command_line(["list", "--output", str(tiny / "out")])
        lines = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert ["b", "seeds", "none", "missing", "100", "101"] in lines

    def test_verify_makes_a_recorded_run_again(self, tiny, capsys):
        out = tiny / "out"
        command_line(["tiny", "--output", str(out)])
        capsys.readouterr()
        assert command_line(["verify", "--seed", "1", "--output", str(out)]) == 0
        printed = capsys.readouterr().out
        again = made(tiny)[4]
        variant, seed = again.split("-")
        assert f"again: tiny, {variant}, seed {seed}, 2 epochs" in printed
        assert "inside where one run more would lie beside the 2 recorded" in printed
        command_line(["verify", "--seed", "1", "--output", str(out)])
        assert made(tiny)[5] == again  # a seed fixes which

    def test_verify_finds_records_that_do_not_come_out_again(self, tiny, capsys):
        command_line(["tiny", "--output", str(tiny / "out"), "--seeds", "3"])
        for path in (tiny / "out" / "tiny").glob("*.json"):
            changed = json.loads(path.read_text())
            changed["result"]["score"] += 0.1
            path.write_text(json.dumps(changed))
        assert command_line(["verify", "--output", str(tiny / "out")]) == 1
        assert "OUTSIDE where one run more would lie beside the 3 recorded" in capsys.readouterr().out

    def test_the_help_teaches(self, capsys):
        with pytest.raises(SystemExit):
            command_line(["--help"])
        printed = capsys.readouterr().out
        assert "python -m book.experiments ladder" in printed
        assert "verify" in printed


def runs(**by_seed):
    """Records with the AP50 of the seeds given, s0=0.5 and so on."""
    return [
        {"experiment": "tiny", "variant": "a", "seed": int(name[1:]), "result": {"AP50": value}}
        for name, value in by_seed.items()
    ]


class TestRecords:
    def test_interval_by_hand(self):
        # mean 0.4, deviations -0.1, 0, 0.1: standard deviation 0.1; 4.3027 · 0.1 / √3
        assert records.interval([0.3, 0.4, 0.5]) == pytest.approx((0.4, 0.4 - 0.248414, 0.4 + 0.248414), abs=1e-6)

    def test_one_run_more_by_hand(self):
        """4.3027 · 0.1 · √(1 + 1/3)."""
        assert records.further([0.3, 0.4, 0.5]) == pytest.approx((0.4, 0.4 - 0.496828, 0.4 + 0.496828), abs=1e-5)

    def test_a_wider_interval_for_a_higher_level(self):
        # 99 %: Student's quantile for two degrees of freedom is 9.925
        assert records.interval([0.3, 0.4, 0.5], 0.99)[2] == pytest.approx(0.4 + 0.573, abs=1e-3)

    def test_an_average_precision_has_no_interval_beyond_0_and_1(self):
        assert records.clipped((0.9, 0.7, 1.1), "AP50") == (0.9, 0.7, 1.0)
        assert records.clipped((0.1, -0.2, 0.4), "APs") == (0.1, 0.0, 0.4)
        assert records.clipped((3.0, -1.0, 7.0), "seconds") == (3.0, -1.0, 7.0)

    @pytest.mark.parametrize("count", [0, 1])
    def test_an_interval_of_too_few_is_refused(self, count):
        with pytest.raises(ValueError, match=f"2 numbers or more, not {count}"):
            records.interval([0.5] * count)

    def test_difference_is_paired_by_seed(self):
        a = runs(s0=0.50, s1=0.60, s2=0.70, s3=0.9)
        b = runs(s2=0.65, s1=0.58, s0=0.47)
        assert records.paired(a, b) == pytest.approx([0.03, 0.02, 0.05])
        # far less sure if they were not paired
        assert records.interval(records.paired(a, b))[1:] == pytest.approx((-0.004614, 0.071280), abs=1e-5)

    @pytest.mark.parametrize(
        ("gains", "expected", "verdict"),
        [
            ((0.03, 0.02, 0.04), "a > b", "held"),
            ((0.03, 0.02, 0.04), "a < b", "contrary"),
            ((-0.03, -0.02, -0.04), "a > b", "contrary"),
            ((-0.03, -0.02, -0.04), "a < b", "held"),
            ((0.03, -0.02, 0.04), "a > b", "not seen at this size"),
            ((0.0, 0.0, 0.0), "a > b", "not seen at this size"),
        ],
    )
    def test_verdict(self, gains, expected, verdict):
        assert records.verdict(gains, expected) == verdict

    def test_no_verdict_from_two_seeds(self):
        with pytest.raises(ValueError, match="3 seeds or more that both have run, not 2"):
            records.verdict(records.paired(runs(s0=0.5, s1=0.6, s2=0.7), runs(s0=0.1, s1=0.1, s3=0.1)))

    def test_a_missing_number_is_named(self):
        with pytest.raises(ValueError, match="tiny, a, seed 1: has no APs"):
            records.values(runs(s1=0.1), "APs")

    def test_rank_correlation_by_hand(self):
        # ranks 1 2 3 4 5 against 2 1 4 3 5: 1 - 6 · 4 / (5 · 24)
        assert records.rank_correlation([1, 2, 3, 4, 5], [0.2, 0.1, 0.4, 0.3, 0.9]) == pytest.approx(0.8)
        # ranks 1 2 3 4 against 1.5 1.5 3 4: covariance 4.5, over √(5 · 4.5)
        assert records.rank_correlation([1, 2, 3, 4], [5, 5, 6, 7]) == pytest.approx(4.5 / math.sqrt(22.5))

    @given(st.lists(st.floats(-10, 10), min_size=2, max_size=12, unique=True))
    def test_rank_correlation_knows_the_order_only(self, numbers):
        assert records.rank_correlation(numbers, [2 * x for x in numbers]) == pytest.approx(1)
        assert records.rank_correlation(numbers, [-x for x in numbers]) == pytest.approx(-1)

    def test_rank_correlation_refuses_what_has_no_order(self):
        with pytest.raises(ValueError, match="2 numbers cannot be paired with 3"):
            records.rank_correlation([1, 2], [1, 2, 3])
        with pytest.raises(ValueError, match="no order"):
            records.rank_correlation([1, 2], [3, 3])

    def test_load(self, tiny):
        out = tiny / "out"
        assert records.load("tiny", out) == {}
        runner.run_all("tiny", output=out, seeds=11, variants=["b"])
        runner.run_all("tiny", output=out, seeds=1)
        found = records.load("tiny", out)
        assert list(found) == ["a", "b"]
        assert [r["seed"] for r in found["b"]] == list(range(11))  # by number, where the files' names have 10 before 2
        assert records.values(found["b"], "score") == pytest.approx([0.7 + seed / 100 for seed in range(11)])
        other = record(tiny, "a", 0) | {"epochs": 5}
        (out / "tiny" / "a-0.json").write_text(json.dumps(other))
        with pytest.raises(ValueError, match=r"epochs: .*a-0.json has 5, .*b-0.json has 2"):
            records.load("tiny", out)

    def test_dots(self):
        ax = plt.figure().subplots()
        records.dots(ax, {"one_seed": runs(s0=0.5), "three": runs(s0=0.3, s1=0.4, s2=0.5)})
        dots = [line.get_ydata().tolist() for line in ax.lines if line.get_marker() == "o"]
        assert dots == [[0.5], [0.3, 0.4, 0.5]]
        assert [label.get_text() for label in ax.get_xticklabels()] == ["one seed", "three"]
        (lines,) = ax.collections
        assert isinstance(lines, LineCollection)
        (bar,) = lines.get_segments()
        assert bar[:, 1].tolist() == pytest.approx([0.4 - 0.248414, 0.4 + 0.248414], abs=1e-6)
        plt.close(ax.figure)

    @pytest.mark.parametrize(("measure", "inside"), [("AP50", True), ("seconds", False)])
    def test_the_axis_of_an_average_precision_ends_at_0_and_1(self, measure, inside):
        ax = plt.figure().subplots()
        recorded = [{"seed": value, "result": {measure: float(value)}} for value in (0, 1)]
        records.dots(ax, {"wide": recorded}, measure)
        low, high = ax.get_ylim()
        assert (0 <= low < high <= 1) == inside
        plt.close(ax.figure)


class TestCommon:
    def test_shapes_are_the_drawn_pictures(self):
        few, many = common.shapes(3, seed=9), common.shapes(5, seed=9)
        drawn = common.ShapesDataset(3, 64, seed=9)
        assert [len(few), len(many)] == [3, 5]
        for i in range(3):
            for pictures in (few, many):
                assert torch.equal(pictures[i][0], drawn[i][0])
                assert torch.equal(pictures[i][1]["boxes"], drawn[i][1]["boxes"])

    def test_augmented_anew_each_time_and_never_in_memory(self):
        plain, augmented = common.shapes(2, seed=9), common.shapes(2, seed=9, augment=True)
        before = plain[0][0].clone()
        torch.manual_seed(0)
        first, second = augmented[0], augmented[0]
        assert not torch.equal(first[0], second[0])
        assert first[0].shape == (3, 64, 64)
        assert first[0].dtype == torch.float32
        torch.manual_seed(0)
        assert torch.equal(augmented[0][0], first[0])
        assert torch.equal(plain[0][0], before)

    def test_judge_sorts_objects_by_their_share_of_the_picture(self):
        """A detector that finds the large objects and no others: of sides 10, 30 and 60 in a picture of 96."""

        class Large(nn.Linear):
            def forward(self, images):
                found = [target["boxes"][2:] for _, target in items]
                return [{"boxes": b, "labels": torch.ones(1).long(), "scores": torch.ones(1)} for b in found]

        boxes = torch.tensor([[0.0, 0, 10, 10], [10, 10, 40, 40], [30, 30, 90, 90]])
        target = {"boxes": boxes, "labels": torch.ones(3).long()}
        items = [(torch.zeros(3, 96, 96, dtype=torch.uint8), target)] * 2
        result = common.judge(Large(1, 1), common.Pictures(items, ("thing", "nothing")))
        assert [result[name] for name in ("APs", "APm", "APl")] == [0, 0, pytest.approx(1)]
        assert result["AP50"] == pytest.approx(1 / 3)
        assert result["ap50"] == {"thing": pytest.approx(1 / 3), "nothing": None}
        json.dumps(result, allow_nan=False)


@pytest.fixture
def few_pictures(monkeypatch):
    """Thirty-two pictures to learn from, four to be judged by, whatever the experiment asks for."""
    whole = common.shapes

    def few(pictures, seed=common.TRAIN_SEED, image_size=64):
        return whole(4 if seed == common.TEST_SEED else 32, seed, image_size)

    for module in (common, gradients, stem):
        monkeypatch.setattr(module, "shapes", few)


class TestModules:
    def test_names_and_figures_import_no_experiment_and_not_what_locks_a_run(self):
        program = """
import sys
from book.experiments.machinery import catalogue, figures
assert "ladder" in catalogue.experiments()
print([name for name in sys.modules if name.startswith("book.experiments.")])
"""
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
        imported = {name.removeprefix("book.experiments.") for name in ast.literal_eval(done.stdout)}
        reading = {"machinery.catalogue", "machinery.records", "machinery.figures"}
        assert imported == {"comparisons", "machinery", *reading}

    def test_names_can_be_files_and_budgets_are_there(self):
        found = catalogue.experiments()
        assert {"ladder", "stem", "transition", "prediction", "gradients", "depth", "batchnorm"} <= set(found)
        for module in map(catalogue.experiment, found):
            assert all(variant.replace("_", "").replace(".", "").isalnum() for variant in module.VARIANTS)
            assert module.EPOCHS >= 1
            assert module.__doc__

    @pytest.mark.parametrize(
        ("module", "variant"),
        [
            (ladder, "1_base"),
            (stem, "densenet"),
            (transition, "three_deeper"),
            (prediction, "plain_narrow"),
            (depth, "residual_15"),
            (batchnorm, "batch_2"),
            (batchnorm, "group_norm"),
            (gradients, "dense"),
        ],
    )
    def test_a_run_fits_in_a_record(self, module, variant, few_pictures):
        torch.manual_seed(0)
        result = module.run(variant, 0, 1)
        assert result["setup"]["architecture"] == "DSOD"
        assert result["setup"]["train"]["epochs"] == 1
        json.dumps(result.pop("setup"), allow_nan=False)
        assert json.loads(json.dumps(result, allow_nan=False)) == result
        assert math.isfinite(result[catalogue.measure_of(module)])
        assert result["parameters"] > 0
        assert [entry["epoch"] for entry in result["curve"]] == [1]

    def test_a_record_leaves_out_what_other_blocks_overrule(self, few_pictures):
        config = depth.run("plain_15", 0, 1)["setup"]["config"]
        assert not {"block_layers", "bottleneck", "growth_rate", "compression"} & set(config)
        assert config["prediction_channels"] == (64, 64, 32, 32)

    def test_a_record_has_the_matching_that_was_tried(self):
        config = matching.build(**matching.VARIANTS["negatives_7"]).config
        assert (config.negatives_per_positive, config.match_threshold) == (7, 0.4)

    def test_the_ladder_has_the_papers_rungs(self):
        """Widths a quarter of the paper's, and the same three parts."""
        rows = [line.split(",") for line in (ROOT / "data/paper/ladder.csv").read_text().splitlines()[1:]]
        assert len(rows) == len(ladder.VARIANTS)
        for row, variant in zip(rows, ladder.VARIANTS, strict=True):
            model, _, skips_pooling, kind, structure = row[2:7]
            config = common_config(variant)
            a, b, k, theta = model.removeprefix("DS/").split("-")
            widths = (config.stem_channels, config.bottleneck, config.growth_rate)
            assert widths == (int(a) / 4, int(b) / 4, int(k) / 4)
            assert config.compression == float(theta)
            assert config.transition_without_pooling == (skips_pooling == "yes")
            assert (config.stem, config.prediction) == (kind, structure)

    @pytest.mark.parametrize(
        ("module", "pair"),
        [
            (transition, ("three_wider", "four_blocks")),
            (transition, ("three_deeper", "four_blocks")),
            (prediction, ("plain_narrow", "dense")),
            (stem, ("densenet", "stem")),
        ],
    )
    def test_variants_that_are_to_have_as_many_parameters(self, module, pair):
        counts = [parameters(common_detector(module.VARIANTS[variant])) for variant in pair]
        assert counts[0] == pytest.approx(counts[1], rel=0.006)

    @pytest.mark.parametrize("layers", depth.DEPTHS)
    def test_depths(self, layers):
        found = {}
        for kind in depth.KINDS:
            network = depth.make_detector(kind, layers).network
            blocks = nn.ModuleList([network.block1, network.block2, network.block3, network.block4])
            convs = [m for m in blocks.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
            assert len(convs) == layers
            found[kind] = parameters(blocks)
        assert found["plain"] == found["residual"]
        assert found["dense"] == pytest.approx(found["plain"], rel=0.35)

    def test_group_norm_takes_every_place_of_batchnorm(self):
        model = batchnorm.four_maps()
        assert model.config.map_sizes == (12, 6, 3, 2)
        places = sum(isinstance(m, nn.BatchNorm2d) for m in model.modules())
        batchnorm.with_group_norm(model)
        norms = [m for m in model.modules() if isinstance(m, nn.GroupNorm)]
        assert len(norms) == places
        assert not any(isinstance(m, nn.BatchNorm2d) for m in model.modules())
        batch = torch.rand(3, 3, 96, 96, generator=torch.Generator().manual_seed(0))
        alone, together = model.network(batch[:1]), model.network(batch)  # in training mode: no picture sees another
        torch.testing.assert_close(alone[1][0], together[1][0], rtol=1e-3, atol=1e-4)

    def test_gradients_are_the_losss(self):
        """A step along the first layer's gradient raises the loss by the step times the gradient's length squared."""
        torch.manual_seed(0)
        model = depth.make_detector("dense", 15).double().train()
        train_set = common.shapes(4, image_size=common.SIDE)
        images, targets = map(list, zip(*(train_set[i] for i in range(4)), strict=True))
        found = gradients.gradients(model, images, targets)
        assert len(found) == 15
        weight = model.network.block1[0].grow[2].weight
        assert found[0].shape == (weight.numel(),)

        def loss_at(step):
            with torch.no_grad():
                weight.sub_(step * found[0].view_as(weight))
                value = sum(model(images, targets).values()).item()
                weight.add_(step * found[0].view_as(weight))
            return value

        step = 1e-5 / found[0].norm().item()
        slope = (loss_at(-step) - loss_at(step)) / (2 * step)
        assert slope == pytest.approx(found[0].square().sum().item(), rel=1e-2)


def common_detector(fields):
    return transition.dsod_tiny(image_size=96, **fields)


def common_config(variant):
    return common_detector(ladder.fields_of(variant)).config


def parameters(module):
    return sum(p.numel() for p in module.parameters())

"""The experiments that want a GPU, in small on a CPU: what they build, count, keep, and say where there is none."""

import json

import pytest
import torch
from tiny import Rectangles, small_dsod
from torch import nn
from torchvision.models.detection import SSD300_VGG16_Weights, ssd300_vgg16
from torchvision.ops.misc import FrozenBatchNorm2d

import dsod_lite
from book.experiments import gpu_speed
from book.experiments.__main__ import main as command_line
from book.experiments.comparisons import gpu_blood_cells, gpu_shapes
from book.experiments.machinery import catalogue
from book.experiments.machinery.verify import verify
from book.experiments.parts import gpu_cases, gpu_clock, rivals
from book.experiments.parts.counting import multiply_adds
from dsod_lite import DSOD
from dsod_lite.datasets.shapes.dataset import write_shapes
from dsod_lite.support.errors import NonFiniteLoss
from dsod_lite.training.step import Learner

CPU = torch.device("cpu")
SMALL = {
    "ours": lambda: dsod_lite.dsod_tiny(7, 64, block_layers=(1, 1, 1, 1)),
    "theirs": lambda: rivals.small_ssd(7, 64, normalised=True),
}


# the runner


@pytest.fixture
def no_gpu(monkeypatch):
    """As if this machine had none."""
    monkeypatch.setattr(catalogue, "pick_device", without_gpu)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def without_gpu(name):
    if name == "cuda":
        raise ValueError("device is 'cuda': there is none")
    return torch.device(name)


@pytest.mark.parametrize("name", ["gpu_shapes", "gpu_blood_cells"])
def test_without_a_gpu_nothing_is_run_and_all_is_missing(name, no_gpu, tmp_path, capsys):
    assert command_line([name, "--output", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{name} needs a GPU; nothing was run\n"
    assert not list(tmp_path.iterdir())
    command_line(["list", "--output", str(tmp_path)])
    listed = capsys.readouterr().out.split(f"\n{name}: ")[1].splitlines()[1:5]
    assert [line.split()[0] for line in listed] == list(gpu_shapes.VARIANTS)
    assert all(line.endswith("missing 0 1 2") for line in listed)


def test_verify_leaves_out_what_this_machine_cannot_make(no_gpu, tmp_path):
    for seed in range(2):
        path = catalogue.record_path(tmp_path, "gpu_shapes", "dsod300", seed)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"variant": "dsod300", "seed": seed, "epochs": 12, "result": {"AP50": 0.5}}))
    with pytest.raises(FileNotFoundError, match="no variant"):
        verify(0, tmp_path)


# what is trained


def test_the_rivals_have_random_weights_that_are_all_trained():
    for name, (make, rates) in gpu_shapes.VARIANTS.items():
        with torch.device("meta"):
            model = make(7)
        assert all(p.requires_grad for p in model.parameters()), name
        assert not any(isinstance(m, FrozenBatchNorm2d) for m in model.modules()), name
        assert len(set(rates)) == 3
        normalised = any(isinstance(m, nn.BatchNorm2d) for m in model.modules())
        assert normalised == (name != "ssd300_vgg16")


def test_faster_rcnn_s_anchors_fit_pictures_of_300():
    with torch.device("meta"):
        first, second = (gpu_shapes.VARIANTS[f"fasterrcnn_resnet50_fpn{version}"][0](7) for version in ("", "_v2"))
    for model in (first, second):
        assert model.rpn.anchor_generator.sizes == ((12,), (24,), (48,), (96,), (192,))
        assert model.transform.fixed_size == (300, 300)
        assert model.roi_heads.score_thresh == DSOD().config.score_threshold
    head = [any(isinstance(m, nn.BatchNorm2d) for m in model.roi_heads.modules()) for model in (first, second)]
    assert head == [False, True]


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Two small detectors on a CPU and few pictures, in a folder of runs of their own."""
    makes = {"dsod300": lambda n: small_dsod(num_classes=n), "ssd300_vgg16": lambda n: rivals.small_ssd(n, 64, True)}
    rates = {"dsod300": (0.001, 0.01), "ssd300_vgg16": (0.0001, 0.001)}
    for module in (gpu_shapes, gpu_blood_cells):
        monkeypatch.setattr(module, "VARIANTS", {name: (make, rates[name]) for name, make in makes.items()})
        monkeypatch.setattr(module, "SIDE", 64)
        monkeypatch.setattr(module, "DEVICE", "cpu")
    for name, number in (("TRAIN", 32), ("TRIAL", 4), ("TEST", 4)):
        monkeypatch.setattr(gpu_shapes, f"{name}_PICTURES", number)
    monkeypatch.setattr(gpu_shapes, "RUNS", tmp_path / "runs")
    return tmp_path


@pytest.mark.parametrize("variant", ["dsod300", "ssd300_vgg16"])
def test_a_run_on_drawn_pictures_fits_in_a_record(variant, small):
    options = ["--variant", variant, "--seeds", "1", "--epochs", "1", "--output", str(small)]
    command_line(["gpu_shapes", *options])
    record = json.loads((small / "gpu_shapes" / f"{variant}-0.json").read_text())
    result = record["result"]
    assert 0 <= result["AP50"] <= 1
    assert result["AP"] is not None
    assert result["pictures_seen"] == 32
    best = max(result["trials"], key=result["trials"].get)
    assert result["learning_rate"] == float(best)
    assert len(result["ap50"]) == 6
    assert not (small / "runs" / "gpu_shapes" / f"{variant}-1" / "0").exists(), "a finished run would be taken up"


def test_blood_cells_are_found_and_their_lists_used(small, monkeypatch):
    write_shapes(small / "cells", 64, train=16, val=4, test=3)
    lists = small / "cells" / "ImageSets" / "Main"
    (lists / "trainval.txt").write_text((lists / "train.txt").read_text() + (lists / "val.txt").read_text())
    monkeypatch.setenv("DSOD_LITE_BCCD", str(small / "cells"))
    seen = []

    def judged(model, train_set, test_set, **how):
        seen.append((len(train_set), len(test_set), how["weight_decay"], how["learning_rate"]))
        if how.get("output"):
            how["output"].mkdir(parents=True)
        return {"AP50": how["learning_rate"]}

    monkeypatch.setattr(gpu_shapes, "train_and_judge", judged)
    assert gpu_blood_cells.run("dsod300", 0, 10)["learning_rate"] == 0.01
    assert seen == [(16, 4, 0.05, 0.001), (16, 4, 0.05, 0.01), (20, 3, 0.05, 0.01)]


def rectangles():
    train, held_out, test = Rectangles(16), Rectangles(4, seed=1), Rectangles(4, seed=2)
    return gpu_shapes.Data(train, test, train, held_out)


def test_a_stopped_run_goes_on_to_the_same_numbers(small, monkeypatch):
    class Stopped(Exception):  # noqa: N818
        pass

    steps: list[int] = []
    whole_step = Learner.step

    def counted(self, *arguments):
        if len(steps) == stop_after:
            raise Stopped
        steps.append(1)
        return whole_step(self, *arguments)

    monkeypatch.setattr(Learner, "step", counted)
    stop_after = None
    straight = gpu_shapes.compare("straight", "dsod300", 3, 3, rectangles(), "cpu", batch_size=8)
    assert len(steps) == 2 * 2 + 3 * 2  # two trials of one epoch, a run of three; two steps each
    steps.clear()
    stop_after = 7  # within the run's second epoch
    with pytest.raises(Stopped):
        gpu_shapes.compare("stopped", "dsod300", 3, 3, rectangles(), "cpu", batch_size=8)
    stop_after = None
    resumed = gpu_shapes.compare("stopped", "dsod300", 3, 3, rectangles(), "cpu", batch_size=8)
    assert len(steps) == 7 + 4  # neither trials nor the first epoch were made again
    clock = {"train_seconds"}
    assert {k: v for k, v in resumed.items() if k not in clock} == {k: v for k, v in straight.items() if k not in clock}


def test_a_run_whose_loss_explodes_counts_as_nothing_found(small, monkeypatch):
    def explode(model, train_set, test_set, **how):
        if how["learning_rate"] > 0.005 or how.get("output"):
            if how.get("output"):
                how["output"].mkdir(parents=True)
            raise NonFiniteLoss("step 5 (epoch 1): the loss is not finite")
        return {"AP50": 0.3}

    monkeypatch.setattr(gpu_shapes, "train_and_judge", explode)
    result = gpu_shapes.compare("explosive", "dsod300", 0, 2, rectangles(), "cpu")
    assert result["trials"] == {"0.001": 0.3, "0.01": 0.0}
    assert (result["AP50"], result["learning_rate"]) == (0.0, 0.001)
    assert "step 5" in result["diverged"]


# speed


def test_without_a_gpu_speed_says_so_and_writes_nothing(no_gpu, tmp_path, capsys):
    assert gpu_speed.main(["--output", str(tmp_path / "speed.json")]) == 2
    assert capsys.readouterr().err == "gpu_speed needs a GPU; nothing was measured\n"
    assert not list(tmp_path.iterdir())


@pytest.fixture
def uncompiled(monkeypatch):
    """Compilers are left out, and what would have been compiled is noted."""
    asked = []

    def compiled(module, **how):
        asked.append("fast_network")
        return module

    monkeypatch.setattr(nn.Module, "compile", lambda module: asked.append(type(module).__name__))
    monkeypatch.setattr(torch, "compile", compiled)
    return asked


def test_every_switch_is_measured_and_the_record_is_whole(uncompiled, monkeypatch):
    def few(model, half):  # the halves are slow on a CPU, and only `all` has one here
        return tuple({k: v for k, v in each.items() if "float16" not in k} for each in switches_for(model, half))

    switches_for = gpu_cases.switches_for
    monkeypatch.setattr(gpu_speed, "switches_for", few)
    record = gpu_speed.measure(SMALL, 64, 2, CPU, rounds=1, calls=1, matrix_side=32)
    record = json.loads(json.dumps(record, allow_nan=False))
    assert not [row for row in record["rows"] if "failed" in row]
    trained: dict[str, set[str]] = {name: set() for name in SMALL}
    for row in record["rows"]:
        assert row["pictures_per_second"] > 0
        if row["part"] == "training":
            trained[row["model"]].add(row["switches"])
        times = 3 if row["part"] == "training" else 1
        work = times * record["flops_per_picture"][row["model"]] * row["pictures_per_second"]
        share = work / record["matrix_flops_per_second"][row["precision"]]
        assert row["matrix_share"] == pytest.approx(share, abs=1e-4)
    assert trained["ours"] - trained["theirs"] == {"save_memory", "all, save_memory for compile"}
    assert {"none", "channels_last", "compile", "fused", "all"} <= trained["theirs"]
    assert set(record["ratios"]) == {
        "training of 2",
        *(f"{p} of {n}" for p in ("network", "detections") for n in (1, 2)),
    }
    fastest = max(
        row["pictures_per_second"] for row in record["rows"] if row["part"] == "training" and row["model"] == "ours"
    )
    assert record["hours"]["ours"] == pytest.approx(12_800_000 / fastest / 3600, abs=0.01)
    assert uncompiled.count("fast_network") == 2
    assert uncompiled.count("SSDBackbone") == uncompiled.count("SSDHead") == 5
    table = gpu_speed.lines({"device": "a card", "torch": "2", **record})
    assert len(table) == 1 + len(record["rows"]) + 5 + 1


def test_switches_do_what_they_are_called(uncompiled, monkeypatch):
    learners = []

    class Kept(Learner):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            learners.append(self)

    monkeypatch.setattr(gpu_cases, "Learner", Kept)
    on = gpu_cases.Switches(channels_last=True, precision="bfloat16", compile=True, fused=True, save_memory=True)
    for switches in (gpu_cases.Switches(), on):
        gpu_cases.training(SMALL["ours"], switches, 2, 64, CPU)
    for learner, expected in zip(learners, (False, True), strict=True):
        weight = next(p for p in learner.model.parameters() if p.ndim == 4 and min(p.shape) > 1)
        assert weight.is_contiguous(memory_format=torch.channels_last) == expected
        assert weight.is_contiguous() != expected
        assert bool(learner.forwards) == expected
        assert bool(learner.optimizer.defaults["fused"]) == expected
        assert (learner.precision == torch.bfloat16) == expected
    assert uncompiled == ["Network"]


@pytest.mark.parametrize("name", list(SMALL))
def test_detections_are_of_the_made_up_answers_and_networks_answer_for_themselves(name, uncompiled):
    torch.manual_seed(0)
    calls = gpu_cases.inference(SMALL[name], gpu_cases.Switches(), True, 2, 64, CPU)
    offsets, logits = calls["network"]()
    assert offsets.shape[0] == logits.shape[0] == 2
    assert offsets.shape[2] == 4
    assert (logits[..., 0].mean() - logits[..., 1:].mean()).abs() < gpu_cases.BACKGROUND / 2
    first, again = calls["detections"](), calls["detections"]()
    assert all(torch.equal(a["boxes"], b["boxes"]) for a, b in zip(first, again, strict=True))
    assert all(len(found["boxes"]) > 0 for found in first)


def test_about_1400_boxes_pass_the_threshold():
    logits = torch.randn(8744, 21, generator=torch.Generator().manual_seed(0))
    logits[:, 0] = gpu_cases.BACKGROUND
    assert (logits.softmax(dim=1)[:, 1:] > 0.01).sum().item() == pytest.approx(1400, rel=0.1)


def test_a_case_that_fails_is_named_and_the_others_go_on():
    def fail():
        raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate")

    calls = []
    cases = [
        gpu_clock_case("broken", fail),
        gpu_clock_case("whole", lambda: calls.append(1)),
    ]
    broken, whole = gpu_clock.race(cases, CPU, rounds=2, calls=4)
    assert broken["failed"].startswith("CUDA out of memory")
    assert "pictures_per_second" not in broken
    assert len(calls) == 3 + 2 * (2 + 4)  # the timer warms up with two
    assert len(whole["rounds"]) == 2
    assert gpu_speed.fastest([broken], "broken", "training", 1) is None
    assert gpu_speed.ratios([broken, whole], "broken", "whole") == {}
    assert gpu_speed.hours([broken, whole], "broken") is None


def gpu_clock_case(model, call):
    return gpu_cases.Case(model, "training", "none", "float32", 1, call)


def test_operations_are_those_that_torchvision_states():
    """Its figure is for 91 classes, in billions, and counts a product and its sum as one."""
    stated = SSD300_VGG16_Weights.COCO_V1.meta["_ops"]
    counted = gpu_speed.flops(lambda: ssd300_vgg16(weights=None, weights_backbone=None, num_classes=91), 300)
    assert counted / 2e9 == pytest.approx(stated, rel=0.01)
    dsod = gpu_speed.flops(gpu_speed.MODELS["dsod300"], 300)
    assert dsod == 2 * multiply_adds(gpu_speed.MODELS["dsod300"]().eval().network, torch.rand(1, 3, 300, 300))


def test_a_training_step_of_ssd300_takes_three_times_its_forward_pass():
    """What the share of the matrix rate takes for granted: backward passes cost twice the forward pass."""
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"):
        model = ssd300_vgg16(weights=None, weights_backbone=None, num_classes=21)
        with FlopCounterMode(display=False) as counter:
            sum(a.sum() for a in gpu_speed.SSDNetwork(model)(torch.zeros(1, 3, 300, 300))).backward()
    assert counter.get_total_flops() == pytest.approx(
        3 * gpu_speed.flops(gpu_speed.MODELS["ssd300_vgg16"], 300), rel=0.03
    )

"""The command line from end to end: train, evaluate, detect, check, and what it says when something is wrong."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from folders import make_folder
from PIL import Image
from tiny import Rectangles, Toy, quick, same, write_annotation, write_voc

from dsod_lite import __main__, evaluate_coco, evaluate_voc, load_model, predict, save_model, train
from dsod_lite.commands import train as train_command
from dsod_lite.commands.detect import drawn
from dsod_lite.datasets import VOCDataset, in_memory, labelled, open_split
from dsod_lite.evaluation import predict as predict_module
from dsod_lite.training import loop as train_loop
from dsod_lite.weights.checkpoint import load_checkpoint, load_threshold, save_checkpoint

REPOSITORY = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # on one core
FAST = ("--epochs", "2", "--batch-size", "4", "--workers", "0", "--device", "cpu")


def call(*words: object) -> int:
    """A command in this process; its exit status."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dsod_lite/__main__.py", *map(str, words)])
        return __main__.main()


def call_outside(*words: object) -> subprocess.CompletedProcess[str]:
    """A command as it is typed."""
    return subprocess.run(
        [sys.executable, "-m", "dsod_lite", *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures of 64x64."""
    root = tmp_path_factory.mktemp("data")
    return write_voc(root, train=Rectangles(8), val=Rectangles(4, seed=1), test=Rectangles(5, seed=2))


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder, made by the train command."""
    run = tmp_path_factory.mktemp("runs") / "first"
    assert call("train", "--data", data, "--output", run, *FAST) == 0
    return run


def strict(path: Path) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(path.read_text(), parse_constant=refuse)


# --- train ---------------------------------------------------------------------------------------------------


def test_train_leaves_a_detector_with_its_classes_and_a_record(trained: Path) -> None:
    model, classes = load_model(trained)
    assert classes == ("blue", "red")  # read from the annotations, sorted
    assert (model.config.num_classes, model.config.image_size) == (3, 64)
    record = strict(trained / "run.json")
    assert record["command"].startswith("python -m dsod_lite train --data ")
    assert (record["seed"], record["epochs"], record["pictures"]) == (0, 2, 8)
    assert "val_ap50" in record["history"][-1]


@pytest.mark.parametrize(("room", "times"), [(1 << 30, 1), (1000, 2)])
def test_pictures_are_read_once_where_memory_has_room(
    room: int, times: int, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    original = labelled.read_image

    def noted(path: Path) -> torch.Tensor:
        read.append(path.name)
        return original(path)

    monkeypatch.setattr(labelled, "read_image", noted)
    monkeypatch.setattr(in_memory, "ROOM", room)

    def two_epochs(model: torch.nn.Module, train_set: Any, *others: object) -> None:
        for _ in range(2):
            for image, _ in map(train_set.__getitem__, range(len(train_set))):
                assert image.shape == (3, 64, 64)  # augmented, for the network's input

    monkeypatch.setattr(train_command, "train", two_epochs)
    assert call("train", "--data", data, "--output", tmp_path / "run", *FAST) == 0
    assert sorted(read) == sorted(f"train_picture{i}.png" for i in range(8) for _ in range(times))


def test_a_seed_fixes_the_whole_command(data: Path, trained: Path, tmp_path: Path) -> None:
    for name, seed in (("same", 0), ("other", 1)):
        torch.rand(3)
        assert call("train", "--data", data, "--output", tmp_path / name, "--seed", seed, *FAST) == 0
    first = load_model(trained)[0].state_dict()
    assert same(load_model(tmp_path / "same")[0].state_dict(), first)
    assert not same(load_model(tmp_path / "other")[0].state_dict(), first)


@pytest.mark.parametrize(
    ("splits", "options", "said"),
    [
        ("train val", "", "training on train (8 pictures), judged on val (4)"),
        ("train val test", "", "training on train (8 pictures), judged on val (4)"),
        ("train val test trainval", "", "training on trainval (8 pictures), judged on test (5)"),
        ("train val trainval", "", "training on trainval (8 pictures), with no validation pictures"),
        ("train", "", "training on train (8 pictures), with no validation pictures"),
        ("train test", "--validation test", "training on train (8 pictures), judged on test (5)"),
        ("train val test trainval", "--split train", "training on train (8 pictures), judged on val (4)"),
    ],
)
def test_the_splits_that_are_trained_and_judged_on(
    splits: str,
    options: str,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trained_on: list[Sequence[Any]] = []
    monkeypatch.setattr(
        train_command, "train", lambda model, train_set, val_set, *_: trained_on.append((train_set, val_set))
    )
    lengths = {"train": 8, "trainval": 8, "val": 4, "test": 5}
    data = write_voc(tmp_path, **{name: Rectangles(lengths[name]) for name in splits.split()})
    assert call("train", "--data", data, "--output", tmp_path / "run", *options.split(), *FAST) == 0
    assert said in capsys.readouterr().out
    train_set, val_set = trained_on[0]
    assert all(name.startswith(f"{said.split()[2]}_") for name in train_set.names)
    assert (val_set is None) == ("no validation" in said)
    assert val_set is None or (val_set.names[0].split("_")[0] in said.split("judged on")[1] and not val_set.transform)


@pytest.mark.parametrize(
    ("options", "model", "size"),
    [
        ((), "dsod_tiny", 64),
        (("--image-size", "96"), "dsod_tiny", 96),
        (("--model", "dsod300_smallest"), "DS/64-64-16-1", 300),
    ],
)
def test_the_model_that_is_trained(
    options: tuple[str, ...], model: str, size: int, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    monkeypatch.setattr(train_command, "train", lambda *arguments: made.extend(arguments))
    assert call("train", "--data", data, "--output", tmp_path, "--augmentation", "ssd", *options, *FAST) == 0
    detector, train_set, _, config, output, resume = made
    assert (detector.config.image_size, detector.config.num_classes) == (size, 3)
    assert model in ("dsod_tiny", detector.config.name)
    assert train_set[0][0].shape == (3, size, size)  # augmented to the network's input
    assert config == quick(epochs=2)
    assert (output, resume) == (str(tmp_path), False)


def test_training_starts_from_a_checkpoint_with_other_classes(
    trained: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_voc(tmp_path / "other", train=Rectangles(8))
    for path in (tmp_path / "other/Annotations").glob("*.xml"):
        path.write_text(path.read_text().replace("red", "tomato"))
    begun = ("--start-from", trained, "--output")
    assert call("train", "--data", tmp_path / "other", *begun, tmp_path / "run", *FAST) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"weights from {trained}; at random: network.head.logits"
    assert load_model(tmp_path / "run")[1] == ("blue", "tomato")
    assert call("train", "--data", data, *begun, tmp_path / "same", *FAST) == 0
    assert "at random: none" in capsys.readouterr().out
    assert call("train", "--data", data, *begun, tmp_path / "o", "--image-size", "96", *FAST) == 2
    assert "--image-size: with --start-from it is the checkpoint's" in capsys.readouterr().err
    assert call("train", "--data", data, *begun, tmp_path / "o", "--model", "dsod300_smallest", *FAST) == 2
    assert "most of its layers do not fit" in capsys.readouterr().err


def test_a_run_whose_checkpoint_lost_its_size_is_refused(
    data: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = load_checkpoint(trained)
    del state["config"]["image_size"]
    save_checkpoint(tmp_path / "checkpoint.pt", state)
    assert call("train", "--data", data, "--output", tmp_path, "--epochs", 2, "--resume") == 2
    assert "checkpoint.pt: another run's: " in capsys.readouterr().err


def test_a_folder_without_objects_has_nothing_to_teach(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = make_folder(tmp_path, train={"a": [], "b": []})
    assert call("train", "--data", data, "--output", tmp_path / "run", *FAST) == 2
    assert "train: no picture has an object" in capsys.readouterr().err


def test_minutes_are_the_default_length(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[Any] = []
    monkeypatch.setattr(train_command, "train", lambda *a: lengths.append((a[3].epochs, a[3].minutes)))
    for options in ([], ["--minutes", "0.5"], ["--epochs", "7"]):
        assert call("train", "--data", data, "--output", tmp_path, *options) == 0
    assert lengths == [(None, 5.0), (None, 0.5), (7, None)]


# --- evaluate ------------------------------------------------------------------------------------------------


def test_evaluate_says_what_the_functions_say(
    data: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "new" / "result.json"
    assert (
        call("evaluate", "--checkpoint", trained, "--data", data, "--split", "val", "--json", file, "--device", "cpu")
        == 0
    )
    result = strict(file)
    model, classes = load_model(trained)
    detections, targets = predict(model, VOCDataset(data, "val", classes=classes), progress=False)
    voc = evaluate_voc(detections, targets, 3, method="all-point")
    assert result["AP50"] == voc.mean_ap
    assert result["AP50_by_class"] == {"blue": voc.ap[1], "red": voc.ap[2]}
    assert result["AP"] == evaluate_coco(detections, targets)["AP"]
    assert result["AP50_11point"] == evaluate_voc(detections, targets, 3).mean_ap
    assert (result["split"], result["pictures"]) == ("val", 4)
    printed = capsys.readouterr().out
    assert f"{voc.mean_ap:.3f}" in printed
    assert "blue" in printed
    assert "red" in printed


def test_a_number_that_nothing_speaks_for_is_null(trained: Path, tmp_path: Path) -> None:
    only_red = Rectangles(3)
    only_red.items = [item for item in Rectangles(8).items if item[1]["labels"].tolist() == [1]][:3]
    only_red.names = only_red.names[: len(only_red.items)]
    assert only_red.items
    data = write_voc(tmp_path / "data", test=only_red)
    file = tmp_path / "result.json"
    assert call("evaluate", "--checkpoint", trained / "checkpoint.pt", "--data", data, "--json", file) == 0
    result = strict(file)
    assert result["AP50_by_class"]["blue"] is None
    assert isinstance(result["AP50_by_class"]["red"], float)
    assert result["AP50"] == result["AP50_by_class"]["red"]
    assert result["coco"]["APl"] is None


# --- detect --------------------------------------------------------------------------------------------------


def test_detect_draws_and_lists_what_it_finds(data: Path, trained: Path, tmp_path: Path) -> None:
    folder, grey, wide = tmp_path / "pictures", tmp_path / "grey.png", tmp_path / "wide.jpg"
    (folder / "deep").mkdir(parents=True)
    for name in ("deep/b.png", "a.png"):
        (folder / name).write_bytes((data / "JPEGImages/test_picture0.png").read_bytes())
    (folder / "notes.txt").write_text("no picture")
    Image.new("L", (30, 20), 90).save(grey)
    Image.new("RGB", (900, 300), "red").save(wide)
    twin = tmp_path / "elsewhere"
    twin.mkdir()
    Image.new("RGB", (64, 64)).save(twin / "a.jpg")

    output = tmp_path / "deep" / "out"
    assert (
        call(
            "detect", folder, grey, wide, twin / "a.jpg", "--checkpoint", trained, "--output", output, "--min-score", 0
        )
        == 0
    )
    sizes = {path.name: Image.open(path).size for path in output.glob("*.png")}
    # Small pictures are drawn larger by a whole factor, to at least 480 pixels.
    assert sizes == {
        "a.png": (512, 512), "b.png": (512, 512), "grey.png": (480, 320), "wide.png": (900, 300), "a-2.png": (512, 512),
    }  # fmt: skip
    found = strict(output / "detections.json")
    assert list(found) == ["a.png", "b.png", "grey.png", "wide.png", "a-2.png"]
    assert found["a.png"]["objects"] == found["b.png"]["objects"]
    assert found["a.png"]["file"] == str(folder / "a.png")
    for name, (width, height) in {"a.png": (64, 64), "grey.png": (30, 20), "wide.png": (900, 300)}.items():
        assert (found[name]["width"], found[name]["height"]) == (width, height)
        scores = [one["score"] for one in found[name]["objects"]]
        assert scores == sorted(scores, reverse=True)
        assert scores
        for one in found[name]["objects"]:
            x0, y0, x1, y1 = one["box"]  # in pixels of the picture, not of the drawing
            assert 0 <= x0 <= x1 <= width
            assert 0 <= y0 <= y1 <= height
            assert one["class"] in ("red", "blue")


def test_detect_goes_on_past_a_broken_picture(
    data: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = sorted((data / "JPEGImages").glob("test_*.png"))[:2]
    folder = tmp_path / "pictures"
    folder.mkdir()
    for picture in pictures:
        (folder / picture.name).write_bytes(picture.read_bytes())
    (folder / "a_broken.png").write_bytes(pictures[0].read_bytes()[:200])
    assert call("detect", folder, "--checkpoint", trained, "--output", tmp_path / "out") == 1
    said = capsys.readouterr().out
    assert "left out:" in said
    assert "a_broken.png: cannot be read" in said
    assert "1 of 3 pictures" in said
    assert set(json.loads((tmp_path / "out/detections.json").read_text())) == {p.name for p in pictures}


def test_the_words_on_a_photograph_can_be_read() -> None:
    image = torch.full((3, 3000, 4000), 255, dtype=torch.uint8)  # as a telephone takes it
    found = {"boxes": torch.tensor([[1000.0, 1000, 3000, 2500]]), "labels": torch.tensor([1]), "scores": torch.ones(1)}
    inside = drawn(image, found, ("cat",))[0, 1020:2480, 1020:2980] < 230  # without the frame, which is 13 pixels wide
    rows = inside.any(dim=1).nonzero()
    assert 40 <= rows.max() - rows.min() < 200


def test_detect_looks_at_one_list_of_a_folder(data: Path, trained: Path, tmp_path: Path) -> None:
    options = ("--split", "val", "--checkpoint", trained, "--output", tmp_path)
    assert call("detect", data, *options) == 0
    assert set(strict(tmp_path / "detections.json")) == {f"val_picture{i}.png" for i in range(4)}


def test_detect_leaves_out_what_scores_too_low(data: Path, trained: Path, tmp_path: Path) -> None:
    picture = data / "JPEGImages/test_picture0.png"
    counts = []
    for score in ("0", "0.2", "1.1"):
        output = tmp_path / score
        assert call("detect", picture, "--checkpoint", trained, "--output", output, "--min-score", score) == 0
        found = strict(output / "detections.json")["test_picture0.png"]["objects"]
        assert all(one["score"] >= float(score) for one in found)
        counts.append(len(found))
    assert counts[0] > counts[2] == 0
    drawn = Image.open(tmp_path / "1.1" / "test_picture0.png").convert("RGB")
    assert drawn.size == (512, 512)  # a picture on which nothing is found is drawn all the same


def test_detect_shows_what_the_validation_pictures_say_is_worth_showing(
    data: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = load_checkpoint(trained)
    picture, file = data / "JPEGImages/test_picture0.png", tmp_path / "own.pt"
    for threshold in (0.02, 0.999):
        save_model(file, load_model(trained)[0], state["classes"], threshold)
        assert load_threshold(file) == threshold
        assert call("detect", picture, "--checkpoint", file, "--output", tmp_path / str(threshold)) == 0
        found = strict(tmp_path / str(threshold) / "detections.json")["test_picture0.png"]["objects"]
        assert all(one["score"] >= threshold for one in found)
        assert bool(found) == (threshold < 0.5)
    assert "0 objects (the best is " in capsys.readouterr().out


@pytest.mark.parametrize("name", ["voc", "yolo", "coco", "csv"])
def test_what_is_found_can_be_read_as_labels(name: str, data: Path, trained: Path, tmp_path: Path) -> None:
    options = ("--checkpoint", trained, "--output", tmp_path / "out", "--min-score", 0.02, "--format", name)
    assert call("detect", data, "--split", "test", *options) == 0
    found = strict(tmp_path / "out/detections.json")
    labels = open_split(tmp_path / "out" / name, "train", ("blue", "red"))
    assert sum(len(entry["objects"]) for entry in found.values()) > 0
    for i, picture in enumerate(labels.names):
        ours = found[f"{Path(picture).stem}.png"]["objects"]
        (_, target) = labels[i]
        assert target["labels"].tolist() == [("blue", "red").index(one["class"]) + 1 for one in ours]
        boxes = torch.tensor([one["box"] for one in ours]).reshape(-1, 4)
        torch.testing.assert_close(target["boxes"], boxes, atol=0.6, rtol=0)
    assert call("detect", data, "--split", "test", *options) == 2  # corrected labels are not written over


def test_detect_paints_over_no_picture(
    data: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "mine.png"
    picture.write_bytes((data / "JPEGImages/test_picture0.png").read_bytes())
    before = picture.read_bytes()
    assert call("detect", picture, "--checkpoint", trained, "--output", tmp_path) == 2
    assert "mine.png would be painted over" in capsys.readouterr().err
    assert picture.read_bytes() == before


def test_detect_says_that_it_leaves_out_what_is_below_its_output(
    data: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are drawings of an earlier call, or a user's own."""
    for name in ("a.jpg", "found/b.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (64, 64)).save(tmp_path / name)
    assert call("detect", tmp_path, "--checkpoint", trained, "--output", tmp_path / "found") == 0
    assert f"left out: 1 pictures in {tmp_path / 'found'}, which is for what is found" in capsys.readouterr().out
    assert list(strict(tmp_path / "found/detections.json")) == ["a.png"]


def test_class_names_in_any_script_are_drawn() -> None:
    found = {"boxes": torch.tensor([[5.0, 5, 40, 40]]), "labels": torch.tensor([2]), "scores": torch.tensor([0.9])}
    image = torch.zeros(3, 50, 50, dtype=torch.uint8)
    canvas = drawn(image, found, ("Größe", "猫"))
    assert canvas.shape == (3, 500, 500)
    painted = canvas.amax(0) > 25
    assert painted.any(1).nonzero()[-1].item() == pytest.approx(400, abs=4)  # ten times as large, the box too
    assert painted[200, 50 - 2 : 50 + 3].any()
    assert not painted[200, 60:390].any()
    twelve = tuple("abcdefghijkl")
    assert drawn(image, found | {"labels": torch.tensor([12])}, twelve).any()  # more classes than colours


# --- check, draw ---------------------------------------------------------------------------------------------


def test_check_lists_every_defect_and_says_so_in_its_status(data: Path, tmp_path: Path) -> None:
    assert call("check", data) == 0
    broken = write_voc(tmp_path, train=Rectangles(3))
    (broken / "Annotations/train_picture0.xml").write_text("<annotation>")
    picture = broken / "JPEGImages/train_picture1.png"
    picture.write_bytes(picture.read_bytes()[:200])
    done = call_outside("check", broken)
    assert done.returncode == 1
    for name in ("train_picture0.xml", "train_picture1.png"):
        assert sum(name in line for line in done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["yolo", "csv", "coco", "voc"])
def test_marks_that_a_format_has_no_place_for_are_said(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_voc(tmp_path / "in", train=Rectangles(3), val=Rectangles(2, seed=1))
    for path in (root / "Annotations").glob("val_*.xml"):
        path.write_text(path.read_text().replace("<object>", "<object><difficult>1</difficult>"))
    count = sum(len(target["labels"]) for _, target in Rectangles(2, seed=1).items)
    assert call("arrange", root, "--to", tmp_path / "out", "--format", name) == 0
    said = f"{count} objects are no longer marked as difficult, for which {name} has no place\n"
    assert (said in capsys.readouterr().out) == (name in ("yolo", "csv"))


def test_drawn_folders_have_no_defects(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("draw", tmp_path, "--train", 3, "--val", 2, "--test", 1, "--image-size", 64) == 0
    assert call("check", tmp_path) == 0
    assert "no defects" in capsys.readouterr().out
    assert len(VOCDataset(tmp_path, "train")) == 3


def test_a_warning_is_one_line_about_the_users_files(tmp_path: Path) -> None:
    root = make_folder(tmp_path / "data", train={"tue": [("cat", 5, 5, 5, 5), ("cat", 5, 5, 9, 9)]})
    done = call_outside("train", "--data", root, "--output", tmp_path / "run", "--image-size", 0)
    warning, error = done.stderr.splitlines()
    assert warning.startswith(f"warning: {root} (train): 1 boxes without width or height")
    assert error.startswith("error: --image-size")


# --- what it says ---------------------------------------------------------------------------------------------

OPTIONS = {
    "train": "--model --start-from --data --split --validation --epochs --minutes --image-size --batch-size "
    "--optimizer --learning-rate --weight-decay --augmentation --evaluate-every --seed --workers --device --resume "
    "--output JPEGImages Annotations ImageSets/Main",
    "evaluate": "--checkpoint --data --split --json --batch-size --workers --device",
    "detect": "PICTURE_OR_FOLDER --split --checkpoint --output --min-score --device",
    "arrange": "FOLDER --to --format --val --test --seed",
    "check": "FOLDER --image-size",
    "draw": "FOLDER --image-size --train --val --test --level --seed",
    "download": "bccd --to --archive",
    "prepare": "FOLDER --to --size JPEGImages",
    "benchmark": "--json",
}


@pytest.mark.parametrize("command", [*OPTIONS, None])
def test_help_names_every_option(command: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        call(*([command] if command else []), "--help")
    assert stopped.value.code == 0
    said = capsys.readouterr().out
    for word in OPTIONS[command].split() if command else OPTIONS:
        assert word in said


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["fly"],
        ["train"],
        ["train", "--data", "x", "--output", "y", "--epochs", "many"],
        ["train", "--data", "x", "--output", "y", "--epochs", "1", "--minutes", "1"],
        ["train", "--data", "x", "--output", "y", "--model", "dsod_huge"],
        ["detect", "--checkpoint", "x", "--output", "y"],
        ["export", "--checkpoint", "x", "--whole", "--training", "4", "out.onnx"],
    ],
)
def test_a_command_that_cannot_be_read_is_explained(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        call(*words)
    assert stopped.value.code == 2
    assert "usage:" in capsys.readouterr().err


TRAIN = "train --data {data} --output {tmp}/run "
AGAIN = "train --data {data} --output {run} --epochs 2 --batch-size 4 --workers 0 --device cpu "
EVALUATE = "evaluate --data {data} --checkpoint "


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("train --data {tmp}/nowhere --output {tmp}/run", "nowhere: there is no such folder"),
        ("train --data {tmp} --output {tmp}/run", "0 pictures, and no labels that are known"),
        (TRAIN + "--split all", "all: there is no such split; the folder has: test, train, val"),
        (TRAIN + "--validation minival", "minival: there is no such split"),
        (TRAIN + "--held-out minival", "minival: there is no such split"),
        (TRAIN + "--epochs 0", "epochs is 0"),
        (TRAIN + "--minutes nan", "minutes is nan"),
        (TRAIN + "--minutes inf", "minutes is inf"),
        (TRAIN + "--batch-size 1", "batch_size is 1"),
        (TRAIN + "--batch-size 99", "batch_size is 99, but there are only 8 pictures"),
        (TRAIN + "--learning-rate -1", "learning_rate is -1.0"),
        (TRAIN + "--seed 99999999999999999999999", "seed is 999"),
        (TRAIN + "--workers -2", "workers is -2"),
        (TRAIN + "--image-size 0", "--image-size is 0"),
        (TRAIN + "--image-size -64", "--image-size is -64"),
        (TRAIN + "--model dsod300 --image-size 96", "--image-size: dsod300 has a size of its own"),
        (TRAIN + "--device gpu --batch-size 4", "device is 'gpu'"),
        ("train --data {alone} --output {tmp}/run --patience 2", "--patience: "),
        ("train --data {alone} --output {tmp}/run --evaluate-every 2", "has no validation pictures; leave it out"),
        ("export --checkpoint {run} --objects 5 {tmp}/a.onnx", "--objects: is for --training"),
        (AGAIN, "checkpoint.pt: this folder holds a run already"),
        (AGAIN + "--resume --seed 1", "train.seed: the checkpoint has 0, this run 1"),
        (AGAIN + "--resume --image-size 96", "config.image_size: the checkpoint has 64, this run 96"),
        ("train --data {data} --output {broken} --epochs 1 --batch-size 4", "broken.pt"),
        (EVALUATE + "{tmp}/nowhere", "nowhere: there is no such checkpoint"),
        (EVALUATE + "{tmp}", "checkpoint.pt: there is no such checkpoint"),
        (EVALUATE + "{broken}", "broken.pt: is truncated"),
        (EVALUATE + "{toy}", "config: the file holds a Toy"),
        (EVALUATE + "{run} --split minival", "minival: there is no such split"),
        (EVALUATE + "{run} --batch-size 0", "batch_size"),
        (EVALUATE + "{run} --workers -1", "workers is -1"),
        (EVALUATE + "{run} --device cuda:77", "device is 'cuda:77'"),
        ("evaluate --data {tmp}/nowhere --checkpoint {run}", "nowhere: there is no such folder"),
        ("detect {tmp}/nothing.jpg --checkpoint {run} --output {tmp}", "nothing.jpg: there is no such file"),
        ("detect {data}/Annotations --checkpoint {run} --output {tmp}", "there is no picture in this folder"),
        ("detect {broken} --checkpoint {run} --output {tmp}/o", "broken.pt: cannot be read as a picture"),
        ("detect {data} --split all --checkpoint {run} --output {tmp}/o", "all: there is no such split"),
        ("detect {data}/JPEGImages --checkpoint {run} --output {broken}", "broken.pt"),
        ("detect {data}/JPEGImages --checkpoint {run} --output {tmp} --device gpu", "device is 'gpu'"),
        ("arrange {tmp}/nowhere --to {tmp}/o", "nowhere: there is no such folder"),
        ("arrange {data} --to {tmp}", "is there already"),
        ("arrange {data} --to {tmp}/o --val 0.6 --test 0.5", "val is 0.6 and test 0.5"),
        ("arrange {data}/JPEGImages {data}/Annotations --to {tmp}/o --val 0.99 --test 0", "they leave none to train"),
        ("prepare {data} --to {tmp}/o --size 8", "size is 8"),
        ("prepare {tmp} --to {tmp}/o", "0 pictures, and no labels that are known"),
        ("draw {data}", "holds pictures and their lists already"),
        ("draw {tmp}/o --image-size 8", "image_size 8 is below 64"),
        ("draw {tmp}/o --test -1", "length -1 is negative"),
        ("draw {tmp}/o --seed -1", "seed -1 is outside"),
        ("download voc --to {tmp}/o --archive {broken}", "--archive: is not for voc and coco"),
        ("download bccd --to {tmp}/o --archive {broken}", "broken.pt: cannot be unpacked"),
        ("convert {tmp}/nothing.caffemodel {tmp}/o.pt", "nothing.caffemodel"),
        ("convert {run}/run.json {tmp}/o.pt", "run.json: is text"),
        ("convert {broken} {tmp}/o.pt", "broken.pt: is a zip archive"),
        ("convert {broken} {run}/checkpoint.pt", "checkpoint.pt: exists already"),
        ("export --checkpoint {broken} {tmp}/o.onnx", "broken.pt: is truncated"),
    ],
)
def test_what_the_user_can_mend_is_said_in_one_line(
    words: str, said: str, data: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.pt"
    broken.write_bytes(b"PK\x03\x04 no more")
    if "{toy}" in words:
        train(Toy(), Rectangles(4), None, quick(epochs=1), tmp_path / "toy")
    if "{alone}" in words:
        write_voc(tmp_path / "alone", train=Rectangles(4))
    before = (trained / "checkpoint.pt").read_bytes()
    capsys.readouterr()
    others = {name: tmp_path / name for name in ("toy", "alone")}
    filled = words.format(data=data, run=trained, tmp=tmp_path, broken=broken, **others)
    assert call(*filled.split()) == 2
    lines = capsys.readouterr().err.splitlines()
    assert sum(line.startswith("error: ") for line in lines) == 1
    assert lines[-1].startswith("error: ")
    assert said in lines[-1]
    assert not any("Traceback" in line for line in lines)
    assert (trained / "checkpoint.pt").read_bytes() == before


def test_a_missing_package_is_asked_for(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    assert call("export", "--checkpoint", trained, tmp_path / "out.onnx") == 2
    assert capsys.readouterr().err == "error: export needs onnxscript: pip install onnxscript\n"


@pytest.mark.parametrize("kind", [ValueError, ModuleNotFoundError, KeyError, RuntimeError])
def test_a_bug_shows_its_traceback(
    kind: type[Exception], data: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line would leave nothing to report it with. What `main` lets pass, Python prints with a traceback."""

    def slip(*_: Any, **__: Any) -> None:
        raise kind("deep inside")

    monkeypatch.setattr(predict_module, "to_device", slip)
    monkeypatch.setattr(train_loop, "train_epoch", slip)
    for words in (["evaluate", "--checkpoint", trained], ["train", "--output", trained.parent / kind.__name__, *FAST]):
        with pytest.raises(kind, match="deep inside"):
            call(*words, "--data", data)


def test_a_bug_shows_its_traceback_outside_too(data: Path) -> None:
    program = (
        "import runpy, sys\n"
        "import dsod_lite.commands.check as command\n"
        "command.examine_folder = lambda folder: int('a slip')\n"
        f"sys.argv = ['dsod_lite', 'check', {str(data)!r}]\n"
        "runpy.run_module('dsod_lite', run_name='__main__')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last)")
    assert done.stderr.endswith("ValueError: invalid literal for int() with base 10: 'a slip'\n")


def test_an_unknown_class_is_named(
    data: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_voc(tmp_path, test=Rectangles(2))
    write_annotation(other, "test_picture1", Rectangles(2).items[0][1], ("yellow", "yellow"))
    assert call("evaluate", "--checkpoint", trained, "--data", other) == 2
    said = capsys.readouterr().err
    assert "test_picture1.xml: object 0: name: 'yellow' is none of the classes (blue, red)" in said


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_picture_that_breaks_off_is_named_whoever_loads_it(
    workers: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = write_voc(tmp_path, train=Rectangles(4))
    picture = broken / "JPEGImages/train_picture2.png"
    picture.write_bytes(picture.read_bytes()[:-400])  # its header is whole, so that only loading it finds out
    options = ("--epochs", "1", "--batch-size", "2", "--device", "cpu", "--workers", workers)
    assert call("train", "--data", broken, "--output", tmp_path / "run", *options) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith(f"error: {picture}: cannot be read as a picture")


def test_nothing_of_a_traceback_is_shown_outside_either(data: Path, tmp_path: Path) -> None:
    done = call_outside("train", "--data", tmp_path / "nowhere", "--output", tmp_path / "run")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {tmp_path / 'nowhere'}: there is no such folder\n"


@pytest.mark.parametrize(("command", "kept"), [("train", True), ("evaluate", False)])
def test_an_interrupted_command_says_what_is_kept(
    command: str,
    kept: bool,
    data: Path,
    trained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(train_command, "train", interrupted)
    monkeypatch.setattr("dsod_lite.commands.judging.predict", interrupted)
    where = ["--output", tmp_path, *FAST] if command == "train" else ["--checkpoint", trained]
    assert call(command, "--data", data, *where) == 130
    assert ("--resume" in capsys.readouterr().err) == kept


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_pipe_that_lacks_a_letter_ends_no_run(trained: Path, data: Path, tmp_path: Path, encoding: str) -> None:
    """What Windows pipes and bare servers take is not UTF-8."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    detect = ["detect", "--checkpoint", trained, data / "JPEGImages", "--output", tmp_path / "found"]
    for words in (detect, ["train", "--help"], ["download", "--help"], ["export", "--help"]):
        command = [sys.executable, "-m", "dsod_lite", *map(str, words)]
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "found/detections.json").exists()

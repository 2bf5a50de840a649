"""A run's folder: it survives any kill, goes on with the same numbers, and refuses what does not fit."""

import io
import json
import math
import os
import pickle
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import Rectangles, Toy, numbers, quick, same, same_weights, small_dsod, without_seconds, write_voc

from dsod_lite import (
    CheckpointError,
    DSODConfig,
    TrainConfig,
    __main__,
    dsod300,
    dsod512,
    dsod_tiny,
    load_model,
    save_model,
    train,
)
from dsod_lite.support.environment import environment
from dsod_lite.support.files import write_json, write_whole
from dsod_lite.weights import checkpoint
from dsod_lite.weights.checkpoint import config_from_dict, differences, load_checkpoint

REPOSITORY = Path(__file__).parents[2]
PICTURES, HELD_OUT = Rectangles(8, augment=True), Rectangles(4, seed=9)


def run(folder: Path, model: Any = None, pictures: Any = PICTURES, resume: bool = False, **fields: Any) -> Any:
    """A short run into a folder; returns its model."""
    model = model or small_dsod()
    train(model, pictures, HELD_OUT, quick(**{"evaluate_every": 2, **fields}), folder, resume)
    return model


# --- killed at any moment ------------------------------------------------------------------------------------


class Dying(Rectangles):
    """Pictures of a process that kills itself, as hard as kill -9 does, at a given event.

    Events are: a picture is asked for; a twentieth of a checkpoint is about to be written; a file is about to be made
    safe, to get its name, and has got it.
    """

    def __init__(self, last: int) -> None:
        super().__init__(8, augment=True)
        self.left = last
        save, sync, replace = torch.save, os.fsync, os.replace

        def save_in_pieces(state: Any, file: Any) -> None:
            buffer = io.BytesIO()
            save(state, buffer)
            pieces = buffer.getvalue()
            for start in range(0, len(pieces), 1 + len(pieces) // 20):
                self.event()
                file.write(pieces[start : start + 1 + len(pieces) // 20])
                file.flush()

        def around(*arguments: Any) -> None:
            self.event()
            (sync if len(arguments) == 1 else replace)(*arguments)
            self.event()

        torch.save, os.fsync, os.replace = save_in_pieces, around, around  # type: ignore[assignment]

    def event(self) -> None:
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def __getitem__(self, index: int) -> Any:
        self.event()
        return super().__getitem__(index)


def in_a_child(folder: Path, last_event: int) -> bool:
    """Trains in a process of its own, to the end or to some event of it. Whether it came to its end."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            run(folder, pictures=Dying(last_event), resume=True, epochs=6, checkpoint_every=1, weight_average=0.9)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    assert status in (0, signal.SIGKILL)
    return status == 0


def kill_again_and_again(folder: Path, seed: int) -> dict[str, int]:
    """Kills and resumes a run until it ends. Counts the kills, and those that left half a file behind.

    To be called in a process that has not trained yet: its children are forks.
    """
    torch.set_num_threads(1)
    assert in_a_child(folder / "whole", 10**9)
    rng = random.Random(seed)
    seen = {"kills": 0, "halves": 0, "within": 0}
    while not in_a_child(folder / "killed", rng.randint(0, 80)):  # a judged epoch has about 80 events
        seen["kills"] += 1
        seen["halves"] += any((folder / "killed").glob("checkpoint.pt.*.part"))
        if (folder / "killed/checkpoint.pt").exists():
            seen["within"] += load_checkpoint(folder / "killed")["step"] > 0
        if (folder / "killed/run.json").exists():
            json.loads((folder / "killed/run.json").read_text())
    return seen


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks processes to kill them")
def test_a_run_that_is_killed_again_and_again_ends_with_the_same_numbers(tmp_path: Path) -> None:
    call = f"test_run.kill_again_and_again(pathlib.Path({str(tmp_path)!r}), seed=3)"
    child = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"import json, pathlib, test_run\nprint(json.dumps({call}))"],
        cwd=Path(__file__).parent, env=environ(), capture_output=True, text=True,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
    seen = json.loads(child.stdout.splitlines()[-1])
    assert seen["kills"] >= 20
    assert seen["halves"] > 2
    assert seen["within"] > 2
    assert same(numbers(tmp_path / "killed"), numbers(tmp_path / "whole"))
    record = json.loads((tmp_path / "killed/run.json").read_text())
    assert without_seconds(record["history"]) == numbers(tmp_path / "whole")["history"]


def environ() -> dict[str, str]:
    paths = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "tests/helpers")))
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}


def test_the_train_command_is_killed_and_resumed_with_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_voc(tmp_path / "data", train=Rectangles(8), val=HELD_OUT)

    def command(name: str) -> list[str]:
        words = f"train --data {data} --epochs 12 --batch-size 4 --workers 1 --device cpu --evaluate-every 5 --resume"
        return [*words.split(), "--output", str(tmp_path / name)]

    def here(name: str) -> None:
        monkeypatch.setattr(sys, "argv", ["dsod_lite/__main__.py", *command(name)])
        assert __main__.main() == 0

    process = subprocess.Popen(
        [sys.executable, "-m", "dsod_lite", *command("killed")],
        cwd=REPOSITORY, env=environ(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    while not (tmp_path / "killed/run.json").exists():
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.01)
    process.kill()
    process.communicate()
    before = load_checkpoint(tmp_path / "killed")
    assert 1 <= before["epoch"] < 12
    here("killed")
    here("whole")
    assert same(numbers(tmp_path / "killed"), numbers(tmp_path / "whole"))
    record = json.loads((tmp_path / "killed/run.json").read_text())
    assert record["started"] == before["environments"][0]["started"]
    assert len(record["resumed"]) == 1
    assert record["command"].startswith("python -m dsod_lite train --data ")


def test_a_disk_that_is_full_leaves_the_last_checkpoint_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save = torch.save

    def full(state: Any, file: Any) -> None:
        if state["epoch"] == 3:
            file.write(b"half of it")
            raise OSError(28, "No space left on device")
        save(state, file)

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="No space left"):
        run(tmp_path / "full", epochs=4)
    monkeypatch.setattr(torch, "save", save)
    assert load_checkpoint(tmp_path / "full")["epoch"] == 2
    run(tmp_path / "full", epochs=4, resume=True)
    run(tmp_path / "whole", epochs=4)
    assert same(numbers(tmp_path / "full"), numbers(tmp_path / "whole"))


def test_a_file_is_replaced_at_one_stroke(tmp_path: Path) -> None:
    """Who has the old file open reads it to its end: nothing is ever written into it."""
    path = tmp_path / "new" / "file"
    write_whole(path, b"old" * 1000)
    with open(path, "rb") as reader:
        write_whole(path, b"new")
        assert reader.read() == b"old" * 1000
    assert path.read_bytes() == b"new"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


class StoppedError(Exception):
    pass


def test_a_kill_between_checkpoint_and_record_is_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path / "whole", epochs=2)

    def stop(folder: Path, record: dict) -> None:
        if load_checkpoint(tmp_path / "killed")["epoch"] == 2:
            raise StoppedError
        write_json(folder, record)

    monkeypatch.setattr("dsod_lite.training.run.write_json", stop)
    with pytest.raises(StoppedError):
        run(tmp_path / "killed", epochs=2)
    monkeypatch.undo()
    record = tmp_path / "killed/run.json"
    assert len(json.loads(record.read_text())["history"]) == 1
    run(tmp_path / "killed", epochs=2, resume=True)
    history = json.loads(record.read_text())["history"]
    assert without_seconds(history) == numbers(tmp_path / "whole")["history"]


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_the_models_own_random_numbers_and_either_optimizer_go_on_too(optimizer: str, tmp_path: Path) -> None:
    whole, broken = Toy(), Toy()
    config = quick(epochs=4, optimizer=optimizer)
    history = train(whole, PICTURES, None, config, tmp_path / "whole")
    state = stop_after(2, broken, config, tmp_path / "broken")
    assert state["epoch"] == 2
    fresh = Toy(seed=5)
    torch.rand(7)
    assert without_seconds(train(fresh, PICTURES, None, config, tmp_path / "broken", resume=True)) == without_seconds(
        history
    )
    assert same_weights(fresh, whole)


def stop_after(epochs: int, model: Any, config: TrainConfig, folder: Path) -> dict[str, Any]:
    """Trains until so many epochs are done, as if the process had been stopped; returns the checkpoint."""

    class Stopping(Rectangles):
        left = epochs * 8

        def __getitem__(self, index: int) -> Any:
            self.left -= 1
            if self.left < 0:
                raise StoppedError
            return super().__getitem__(index)

    with pytest.raises(StoppedError):
        train(model, Stopping(8, augment=True), None, config, folder)
    return load_checkpoint(folder)


# --- taking up a run -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder, finished."""
    folder = tmp_path_factory.mktemp("begun") / "run"
    run(folder)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_used_folder_is_not_written_over(begun: Path) -> None:
    before = content(begun)
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt: this folder holds a run already; resume it"):
        run(begun)
    assert content(begun) == before


def test_a_folder_that_cannot_be_written_to_is_refused_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: (Path(path), mode) != (tmp_path, os.W_OK))
    with pytest.raises(CheckpointError, match="nothing can be written to this folder") as caught:
        run(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert content(tmp_path) == {}


@pytest.mark.parametrize("made", [False, True])
def test_resuming_what_has_not_begun_begins_it(tmp_path: Path, begun: Path, made: bool) -> None:
    folder = tmp_path / "deep" / "down"
    if made:
        folder.mkdir(parents=True)
    run(folder, resume=True)
    assert same(numbers(folder), numbers(begun))


def test_resuming_a_finished_run_gives_its_numbers_and_changes_nothing(begun: Path) -> None:
    before = content(begun)
    model = small_dsod(seed=1)
    history = train(model, PICTURES, HELD_OUT, quick(evaluate_every=2), begun, resume=True)
    assert content(begun) == before
    assert history == load_checkpoint(begun)["history"]
    assert same(model.state_dict(), load_checkpoint(begun)["model"])


def test_who_loads_the_pictures_may_change(begun: Path) -> None:
    before = content(begun)
    run(begun, resume=True, workers=1)
    assert content(begun) == before


class Renamed(Rectangles):
    classes = ("rot", "blue")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"learning_rate": 0.02}, "train.learning_rate: the checkpoint has 0.01, this run 0.02"),
        ({"batch_size": 2}, "train.batch_size: the checkpoint has 4, this run 2"),
        ({"optimizer": "sgd"}, "train.optimizer: the checkpoint has adamw, this run sgd"),
        ({"seed": 3}, "train.seed: the checkpoint has 0, this run 3"),
        ({"epochs": 4}, "train.epochs: the checkpoint has 3, this run 4"),
        ({"minutes": 1.0}, "train.epochs: the checkpoint has 3, this run None"),
        ({"weight_decay": 0.0}, "train.weight_decay: the checkpoint has 0.02, this run 0.0"),
        ({"model": small_dsod(block_layers=(1, 1, 1, 2))}, "config.block_layers: the checkpoint has (1, 1, 1, 1), "),
        ({"model": small_dsod(min_negatives=3)}, "config.min_negatives: the checkpoint has 10, this run 3"),
        ({"model": small_dsod(image_size=96)}, "config.image_size: the checkpoint has 64, this run 96"),
        ({"model": small_dsod(image_size=96)}, "config.priors.min_sizes: the checkpoint has ("),
        ({"model": Toy()}, "architecture: the checkpoint has DSOD, this run Toy"),
        ({"pictures": Rectangles(9)}, "pictures: the checkpoint has 8, this run 9"),
    ],
)  # fmt: skip
def test_another_run_is_refused_by_the_field_that_differs(begun: Path, other: dict[str, Any], said: str) -> None:
    before = content(begun)
    with pytest.raises(CheckpointError) as caught:
        run(begun, resume=True, **other)
    assert said in str(caught.value)
    assert str(begun / "checkpoint.pt") in str(caught.value)
    assert content(begun) == before


def test_other_class_names_are_refused(begun: Path) -> None:
    with pytest.raises(
        CheckpointError, match=r"classes: the checkpoint has \['red', 'blue'\], this run \['rot', 'blue'\]"
    ):
        train(small_dsod(), Renamed(8), None, quick(evaluate_every=2), begun, resume=True)


def test_every_differing_field_is_named() -> None:
    ours = {"a": 1, "b": {"c": (1, 2), "d": 4}, "e": None, "same": [1]}
    theirs = {"a": 2, "b": {"c": (1, 3), "d": 4}, "f": 5, "same": [1]}
    assert differences(ours, theirs) == [
        "a: the checkpoint has 2, this run 1",
        "b.c: the checkpoint has (1, 3), this run (1, 2)",
        "f: the checkpoint has 5, this run None",
    ]
    assert differences(ours, ours) == []


def test_a_detector_of_another_shape_is_refused_by_its_tensor(tmp_path: Path) -> None:
    """Outside of DSOD there is no config to compare; the weights themselves do not fit."""

    class Wide(Toy):
        def __init__(self) -> None:
            super().__init__()
            self.value = torch.nn.Parameter(torch.zeros(5))

    Wide.__name__ = "Toy"
    train(Toy(), PICTURES, None, quick(), tmp_path)
    with pytest.raises(CheckpointError, match=r"model, optimizer: .*size mismatch for value") as caught:
        train(Wide(), PICTURES, None, quick(), tmp_path, resume=True)
    assert "\n" not in str(caught.value)


# --- what a checkpoint may hold ------------------------------------------------------------------------------


class Bomb:
    """Unpickled, it makes a file; read with care, it does not."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def altered(begun: Path, tmp_path: Path) -> Any:
    """Writes the finished run's checkpoint with some fields changed (None: left out); returns its path."""

    def write(**fields: Any) -> Path:
        state = torch.load(begun / "checkpoint.pt", weights_only=True) | fields
        torch.save({key: value for key, value in state.items() if value is not LEFT_OUT}, tmp_path / "checkpoint.pt")
        return tmp_path / "checkpoint.pt"

    return write


LEFT_OUT = object()


def assert_refused(path: Path, said: str) -> None:
    """By load_model and by resuming, naming the file, in one line."""
    for attempt in (lambda: load_model(path), lambda: run(path.parent, resume=True)):
        with pytest.raises(CheckpointError) as caught:
            attempt()
        assert str(path) in str(caught.value)
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_checkpoint_is_read_back_as_it_was(begun: Path, altered: Any) -> None:
    for path in (begun, begun / "checkpoint.pt", str(begun), altered()):
        model, classes = load_model(path)
        assert classes == ("red", "blue")
        assert not model.training
        assert same(model.state_dict(), load_checkpoint(begun)["model"])
        assert model.config == small_dsod().config


@pytest.mark.parametrize(
    "content", [b"", b"a text\n" * 400, b"PK", b"PK\x03\x04" + bytes(500), bytes(4000), pickle.dumps({"format": 1})]
)
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(content)
    assert_refused(path, "is truncated, altered, or no checkpoint at all")


def test_a_missing_checkpoint_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "checkpoint.pt"):
        with pytest.raises(CheckpointError, match=r"checkpoint\.pt: there is no such checkpoint"):
            load_model(path)
    with pytest.raises(CheckpointError, match="nowhere: there is no such checkpoint"):
        load_model(tmp_path / "nowhere")


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The smallest checkpoint."""
    folder = tmp_path_factory.mktemp("toys")
    train(Toy(), PICTURES, None, quick(), folder)
    return (folder / "checkpoint.pt").read_bytes()


@settings(max_examples=150)
@given(data=st.data())
def test_wherever_a_checkpoint_is_cut_or_altered_it_is_refused_or_read_right(
    toys: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp() / "altered"
    folder.mkdir(exist_ok=True)
    path = folder / "checkpoint.pt"
    path.write_bytes(toys)
    expected = load_checkpoint(path)
    at = data.draw(st.integers(0, len(toys) - 1))
    cut = data.draw(st.booleans())
    path.write_bytes(
        toys[:at] if cut else toys[:at] + bytes([toys[at] ^ data.draw(st.integers(1, 255))]) + toys[at + 1 :]
    )
    said, state = None, None
    try:
        state = load_checkpoint(path)
    except CheckpointError as error:
        said = str(error)
    if said is None:
        assert not cut
        assert same(state, expected)  # a byte that only pads
    else:
        assert str(path) in said
        assert "\n" not in said


@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_never_runs_code(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "checkpoint.pt"
    trap = {"format": 1, "model": {}, "trap": Bomb(tmp_path / "executed")}
    if zipped:
        torch.save(trap, path)
    else:
        path.write_bytes(pickle.dumps(trap))
    assert_refused(path, "nothing of it was executed" if zipped else "no checkpoint at all")
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path)
    assert "weights_only" not in str(caught.value)  # torch's message advises to execute it all the same
    assert not (tmp_path / "executed").exists()
    _ = torch.load(path, weights_only=False) if zipped else pickle.loads(path.read_bytes())
    assert (tmp_path / "executed").exists()  # the trap is a real one


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"format": 2}, "format: the file has 2, this version reads 1"),
        ({"format": LEFT_OUT}, "format: this file was not written by dsod_lite"),
        ({"model": LEFT_OUT}, "model: is missing"),
        ({"model": None}, "model: is a NoneType"),
        ({"classes": LEFT_OUT}, "classes: is missing"),
        ({"config": LEFT_OUT}, "config: is missing"),
    ],
)
def test_a_checkpoint_of_another_format_is_refused_by_its_field(
    altered: Any, fields: dict[str, Any], said: str
) -> None:
    assert_refused(altered(**fields), said)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"optimizer": LEFT_OUT}, "optimizer: is missing"),
        ({"train": LEFT_OUT}, "train: is missing"),
        ({"epoch": "3"}, "epoch: is a str"),
        ({"history": LEFT_OUT}, "history: is missing"),
        ({"history": [3]}, "history, sums: not all that they hold are numbers"),
        ({"sums": {"loss": "much"}}, "history, sums: not all that they hold are numbers"),
        ({"environments": []}, "holds what no run writes: "),
        ({"environments": [{"device": math.inf}]}, "holds what no run writes: "),
        ({"train": {7: "days"}}, "another run's: train.7: the checkpoint has days"),
    ],
)
def test_what_only_training_needs_is_asked_for_only_by_training(
    altered: Any, fields: dict[str, Any], said: str
) -> None:
    path = altered(**fields)
    load_model(path)
    with pytest.raises(CheckpointError, match=re.escape(f"{path}: {said}")):
        run(path.parent, resume=True)


def test_something_else_that_torch_saved_is_refused(tmp_path: Path) -> None:
    for other in ([1, 2], small_dsod().state_dict(), torch.zeros(3)):
        torch.save(other, tmp_path / "checkpoint.pt")
        assert_refused(tmp_path / "checkpoint.pt", "format: this file was not written by dsod_lite")


def changed_config(**fields: Any) -> dict[str, Any]:
    config = checkpoint.describe(small_dsod())["config"]
    priors = config["priors"] | fields.pop("priors", {})
    priors = {key: value for key, value in priors.items() if value is not LEFT_OUT}
    config = config | {"priors": priors} | fields
    return {key: value for key, value in config.items() if value is not LEFT_OUT}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (changed_config(colour="red"), "config: colour is unknown"),
        (changed_config(matching="best"), "config: matching is unknown"),
        (changed_config(a=1, b=2, std=LEFT_OUT), "config: a is unknown, b is unknown"),
        (changed_config(priors={"min_sizes": LEFT_OUT}), "config: priors.min_sizes is missing"),
        (changed_config(priors={"colour": "red"}), "config: priors.colour is unknown"),
        ({**changed_config(), "priors": 5}, "config: priors is a int, not a dict of fields"),
        (changed_config(stem="other"), "config: stem is 'other'"),
        (changed_config(image_size="64"), "config: "),
        (changed_config(num_classes=1), "config: num_classes is 1"),
        (changed_config(num_classes=4), "classes: 2 names, but config.num_classes is 4"),
        (changed_config(compression=0.0001), "config: compression is 0.0001"),
        (changed_config(growth_rate=17), "model: Error(s) in loading state_dict for DSOD: size mismatch for network."),
        (changed_config(block_layers=(2, 1, 1, 1)), "model: Error(s) in loading state_dict for DSOD: Missing key(s)"),
    ],
)  # fmt: skip
def test_a_config_that_does_not_fit_is_refused_by_its_field(altered: Any, config: dict[str, Any], said: str) -> None:
    path = altered(config=config)
    with pytest.raises(CheckpointError) as caught:
        load_model(path)
    assert f"{path}: {said}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000
    with pytest.raises(CheckpointError, match="config"):
        run(path.parent, resume=True)


def test_weights_that_do_not_fit_are_refused_by_their_name(altered: Any) -> None:
    model = small_dsod().state_dict()
    name, value = next(iter(model.items()))
    for wrong, said in (
        ({**model, name: value[:-1]}, f"size mismatch for {name}"),
        ({**model, "extra": value}, 'Unexpected key(s) in state_dict: "extra"'),
        ({key: v for key, v in model.items() if key != name}, f'Missing key(s) in state_dict: "{name}"'),
        ({**model, name: "a word"}, name),
    ):
        assert_refused(altered(model=wrong), said)


def test_a_detector_that_is_not_a_dsod_is_kept_but_not_loaded_as_one(tmp_path: Path) -> None:
    model = Toy()
    train(model, PICTURES, None, quick(), tmp_path)
    assert same(load_checkpoint(tmp_path)["model"], model.state_dict())
    with pytest.raises(CheckpointError, match="config: the file holds a Toy, not a DSOD"):
        load_model(tmp_path)


def test_a_class_whose_name_is_no_name_is_refused(altered: Any) -> None:
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt: classes: 1 is no name"):
        load_model(altered(classes=[1, 2]))


def test_classes_without_names_are_numbered(tmp_path: Path) -> None:
    pictures = torch.utils.data.Subset(PICTURES, range(8))
    train(small_dsod(), pictures, None, quick(epochs=1), tmp_path)
    assert load_model(tmp_path)[1] == ("1", "2")


@pytest.mark.parametrize("make", [dsod300, dsod512, dsod_tiny, small_dsod])
def test_a_config_is_the_same_after_a_checkpoint(make: Any, tmp_path: Path) -> None:
    config: DSODConfig = make().config
    torch.save(checkpoint.describe(make())["config"], tmp_path / "config.pt")
    assert config_from_dict(torch.load(tmp_path / "config.pt", weights_only=True)) == config


# --- the record ----------------------------------------------------------------------------------------------


def test_the_record_says_what_was_done(begun: Path) -> None:
    record = json.loads((begun / "run.json").read_text())
    assert {"command", "seed", "device", "threads", "python", "torch", "torchvision", "commit", "started"} < set(record)
    assert record["torch"] == torch.__version__
    assert record["seed"] == 0
    assert record["train"] == json.loads(json.dumps(asdict(quick(evaluate_every=2))))
    assert record["classes"] == ["red", "blue"]
    assert (record["architecture"], record["pictures"], record["epochs"], record["resumed"]) == ("DSOD", 8, 3, [])
    assert record["config"]["block_layers"] == [1, 1, 1, 1]
    assert record["parameters"] == sum(p.numel() for p in small_dsod().parameters())
    assert record["seconds"] == pytest.approx(record["history"][-1]["seconds"], abs=0.1)
    assert record["history"] == load_checkpoint(begun)["history"]
    assert [entry["epoch"] for entry in record["history"]] == [1, 2, 3]
    time.strptime(record["started"], "%Y-%m-%dT%H:%M:%SZ")
    checked_out = (REPOSITORY / ".git").exists()
    assert bool(record["commit"]) == checked_out


def test_the_record_is_strict_json_after_every_epoch(tmp_path: Path) -> None:
    lengths = []

    class Looking(Rectangles):
        def __getitem__(self, index: int) -> Any:
            if (tmp_path / "run.json").exists():
                lengths.append(len(strict(tmp_path / "run.json")["history"]))
            return super().__getitem__(index)

    run(tmp_path, pictures=Looking(8))
    assert sorted(set(lengths)) == [1, 2]
    assert len(strict(tmp_path / "run.json")["history"]) == 3


def strict(path: Path) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(path.read_text(), parse_constant=refuse)


def test_a_run_by_minutes_records_its_epochs(tmp_path: Path) -> None:
    history = train(Toy(), PICTURES, None, quick(minutes=1e-9), tmp_path)
    record = strict(tmp_path / "run.json")
    assert record["epochs"] == len(history) == 1
    assert record["train"]["minutes"] == 1e-9
    assert record["train"]["epochs"] is None


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["/a/dsod_lite/__main__.py", "train", "--data", "my data"], "python -m dsod_lite train --data 'my data'"),
        (["/somewhere/book/experiments/ablation.py", "--seed", "1"], "ablation.py --seed 1"),
        (["/lib/ipykernel_launcher.py", "-f", "/home/someone/kernel-1.json"], "notebook"),
    ],
)  # fmt: skip
def test_the_command_can_be_typed_again(arguments: list[str], command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", arguments)
    assert environment(torch.device("cpu"))["command"] == command


def test_without_git_there_is_no_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert environment(torch.device("cpu"))["commit"] is None


def test_without_a_folder_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    train(Toy(), PICTURES, None, quick())
    assert list(tmp_path.iterdir()) == []


def test_a_model_alone_is_kept_and_found_again(tmp_path: Path) -> None:
    model = small_dsod()
    save_model(tmp_path / "model.pt", model, ("a", "b"))
    loaded, classes = load_model(tmp_path / "model.pt")
    assert classes == ("a", "b")
    assert same_weights(loaded, model)
    assert loaded.config == model.config
    (tmp_path / "model.pt").rename(tmp_path / "checkpoint.pt")
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt: optimizer: is missing"):  # nothing to go on from
        train(small_dsod(), Rectangles(), None, quick(epochs=1), tmp_path, resume=True)

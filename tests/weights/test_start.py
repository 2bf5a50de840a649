"""Training that starts from a checkpoint: the layers that fit are taken, which are not is said."""

from pathlib import Path

import pytest
import torch
from tiny import Toy, quick, same_weights, small_dsod

from dsod_lite import CheckpointError, save_model, start_from, train
from dsod_lite.weights.start import LOGITS


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("start") / "two.pt"
    save_model(path, small_dsod(seed=1), ["cat", "dog"])
    return path


@pytest.mark.parametrize(
    ("num_classes", "classes", "fresh"),
    [
        (3, ["cat", "dog"], False),
        (3, [], False),
        (3, ["RBC", "WBC"], True),  # as many, and others
        (6, ["a", "b", "c", "d", "e"], True),
        (6, [], True),
    ],
)
def test_only_the_layer_of_other_classes_begins_at_random(
    saved: Path, num_classes: int, classes: list[str], fresh: bool
) -> None:
    model, theirs = small_dsod(seed=2, num_classes=num_classes), small_dsod(seed=1).state_dict()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    left = start_from(model, saved, classes)
    logits = [name for name, _ in model.named_modules() if name.startswith(LOGITS) and name.count(".") == 4]
    assert left == (logits if fresh else [])
    for name, value in model.state_dict().items():
        begun = before if fresh and name.startswith(LOGITS) else theirs
        assert torch.equal(value, begun[name]), name


def test_it_may_be_a_runs_folder_and_another_size_of_picture(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(saved.read_bytes())
    model = small_dsod(seed=2, image_size=96)
    assert start_from(model, tmp_path) == []
    assert same_weights(model, small_dsod(seed=1))


def test_it_may_be_a_safetensors_file(tmp_path: Path) -> None:
    """Which has no counts of batches, and no BatchNorm begins at random for want of them."""
    save_model(tmp_path / "page.safetensors", small_dsod(seed=1), ["cat", "dog"])
    model = small_dsod(seed=2)
    assert start_from(model, tmp_path / "page.safetensors", ["cat", "dog"]) == []
    assert same_weights(model, small_dsod(seed=1))


def test_another_architecture_is_refused_and_the_model_stays_as_it_was(saved: Path, tmp_path: Path) -> None:
    train(Toy(), [(torch.rand(3, 8, 8), {"boxes": torch.zeros(0, 4)})] * 4, None, quick(epochs=1), tmp_path)
    model = small_dsod(seed=2)
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt: model: most of its layers do not fit"):
        start_from(model, tmp_path)
    assert same_weights(model, small_dsod(seed=2))
    with pytest.raises(CheckpointError, match="there is no such checkpoint"):
        start_from(model, tmp_path / "nothing.pt")

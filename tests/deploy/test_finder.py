"""A detector for a script: whatever a picture comes in, the answer is the same, and plain."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tiny import small_dsod
from torchvision.transforms.v2.functional import to_dtype

from dsod_lite import Detector, save_model
from dsod_lite.datasets import DataError, read_image


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    path = tmp_path_factory.mktemp("run") / "model.pt"
    save_model(path, small_dsod(), ("red", "blue"), threshold=0.2)
    return Detector(path, "cpu")


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)).save(path)
    return path


@pytest.mark.parametrize(
    "given",
    [
        str,
        Image.open,
        lambda path: np.array(Image.open(path)),
        lambda path: np.array(Image.open(path))[..., ::-1][..., ::-1],
        lambda path: np.array(Image.open(path).convert("RGBA")),
        read_image,
        lambda path: to_dtype(read_image(path), torch.float32, scale=True),
    ],
)
def test_every_kind_of_picture_gives_the_same(given: Any, detector: Detector, picture: Path) -> None:
    found = detector.find(given(picture), min_score=0.01)
    assert found == detector.find(picture, min_score=0.01)
    assert found
    name, score, box = found[0]
    assert name in ("red", "blue")
    assert 0 <= box[0] <= box[2] <= 60
    assert 0 <= box[1] <= box[3] <= 40
    assert [type(value) for value in (score, *box)] == [float] * 5  # nothing that holds a gradient
    assert [f.score for f in found] == sorted((f.score for f in found), reverse=True)


def test_the_checkpoints_threshold_is_the_default(detector: Detector, picture: Path) -> None:
    assert detector.threshold == 0.2
    assert detector.find(picture) == [f for f in detector.find(picture, min_score=0) if f.score >= 0.2]


def test_a_detection_has_no_gradient(detector: Detector, picture: Path) -> None:
    found = detector.detections(read_image(picture).float() / 255)
    assert not any(value.requires_grad for value in found.values())


def test_a_photograph_is_turned_as_its_camera_was(detector: Detector, picture: Path, tmp_path: Path) -> None:
    image = Image.open(picture)
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.png", exif=exif)
    opened = Image.open(tmp_path / "turned.png")
    assert detector.find(opened, 0.01) == detector.find(tmp_path / "turned.png", 0.01)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (np.zeros((4, 4, 3)), ValueError),
        (np.zeros((4, 4, 2), np.uint8), ValueError),
        (torch.zeros(4, 4), ValueError),
        (torch.zeros(3, 4, 4, dtype=torch.int64), ValueError),  # as shares of 2**63 it would be black
        (None, TypeError),
        ("nowhere.jpg", DataError),
    ],
)
def test_what_is_no_picture_is_refused(given: Any, error: type[Exception], detector: Detector) -> None:
    with pytest.raises(error, match=r"picture: |nowhere\.jpg"):
        detector.find(given)

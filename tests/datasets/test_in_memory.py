"""Pictures that are decoded once: the same items, shrunk where they are larger than what the network needs."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from tiny import Rectangles, same, write_voc

from dsod_lite.datasets import labelled, light_augmentation, open_split
from dsod_lite.datasets.in_memory import ROOM, InMemory, fits_in_memory


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_voc(tmp_path, train=Rectangles(3))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are read, each time that they are."""
    files: list[Path] = []
    original = labelled.read_image

    def noted(path: Path) -> torch.Tensor:
        files.append(path)
        return original(path)

    monkeypatch.setattr(labelled, "read_image", noted)
    return files


def test_each_file_is_read_once_and_the_items_are_the_same(folder: Path, read: list[Path]) -> None:
    plain, kept = open_split(folder, "train"), InMemory(open_split(folder, "train"), side=64)
    items = [plain[i] for i in range(3)]
    read.clear()
    for _ in range(3):
        assert all(same(kept[i], items[i]) for i in range(3))
    assert len(read) == 3
    assert (kept.names, kept.sizes, kept.classes) == (plain.names, plain.sizes, plain.classes)
    assert kept.fingerprint() == plain.fingerprint()


def test_the_augmentation_is_sampled_anew_and_changes_nothing_that_is_kept(folder: Path) -> None:
    plain, kept = open_split(folder, "train"), InMemory(open_split(folder, "train"), side=64)

    def painting(image: Any, target: dict[str, Any]) -> Any:  # as transforms in place do
        image[:] = 7
        target["boxes"][:] = 0
        return image, target

    kept.transform = painting
    for i in range(3):
        kept[i]
    plain.transform = kept.transform = light_augmentation(32)
    for seed in range(3):
        for i in range(3):
            torch.manual_seed(seed)
            expected = plain[i]
            torch.manual_seed(seed)
            assert same(kept[i], expected)


def test_large_pictures_are_shrunk_with_their_boxes(tmp_path: Path) -> None:
    write_voc(tmp_path, train=Rectangles(1))
    picture = next((tmp_path / "JPEGImages").glob("*.png"))
    Image.open(picture).resize((640, 320)).save(picture)
    note = next((tmp_path / "Annotations").glob("*.xml"))
    note.write_text("<annotation><object><name>red</name><bndbox><xmin>100</xmin><ymin>40</ymin><xmax>300</xmax>"
                    "<ymax>200</ymax></bndbox></object></annotation>")  # fmt: skip
    kept = InMemory(open_split(tmp_path, "train"), side=80)
    image, target = kept[0]
    assert image.shape == (3, 80, 160)
    assert target["boxes"].tolist() == [[25, 10, 75, 50]]
    assert kept.sizes == [(640, 320)]  # of the file, by which the input's size is chosen


def test_what_has_no_room_is_not_kept(folder: Path) -> None:
    dataset = open_split(folder, "train")
    assert fits_in_memory(dataset, 64)
    dataset.sizes = [(6000, 4000)] * 1500  # shrunk to a side of 256: 384 × 256 × 3 bytes each
    assert fits_in_memory(dataset, 256)
    assert not fits_in_memory(dataset, 256, processes=8)
    dataset.sizes = [(500, 375)] * (ROOM // (500 * 375 * 3) + 1)
    assert not fits_in_memory(dataset, 600)

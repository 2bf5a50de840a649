"""Training pictures that are made of several: an object of another one in this one, and one of four."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import Rectangles, write_voc
from torch import Tensor
from torch.utils.data import Dataset

from dsod_lite.datasets import DataError, light_augmentation, open_split
from dsod_lite.datasets.augmentation.copy_paste import hidden, pasted
from dsod_lite.datasets.augmentation.mixed import Mixed
from dsod_lite.datasets.augmentation.mosaic import mosaic
from dsod_lite.support.errors import SettingError


class WhiteSquares(Dataset[Any]):
    """Black pictures of 64×64 with a white square in the corner, and its box."""

    classes = ("square",)

    def __init__(self, square: int = 20) -> None:
        self.square = square

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Any]]:
        image = torch.zeros(3, 64, 64)
        image[:, : self.square, : self.square] = 1
        boxes = torch.tensor([[0.0, 0.0, self.square, self.square]])
        target = {"boxes": boxes, "labels": torch.tensor([1]), "difficult": torch.tensor([False])}
        return image, target | {"image_id": index}


def test_a_pasted_object_has_its_box_and_hides_no_other() -> None:
    torch.manual_seed(0)
    squares: Any = WhiteSquares()
    twice = 0
    for _ in range(50):
        image, target = Mixed(squares, copy_paste=1.0)[2]
        assert target["image_id"] == 2
        assert len(target["boxes"]) == len(target["labels"]) == len(target["difficult"])
        if len(target["boxes"]) == 2:
            twice += 1
            x1, y1, x2, y2 = target["boxes"][1].int().tolist()
            assert 10 <= x2 - x1 == y2 - y1 <= 25
            assert image[:, (y1 + y2) // 2, (x1 + x2) // 2].tolist() == pytest.approx([1, 1, 1])
            assert max(0, min(20, x2) - x1) * max(0, min(20, y2) - y1) <= 0.4 * 400
            outside = image.clone()
            outside[:, :20, :20] = outside[:, y1:y2, x1:x2] = 0
            assert outside.sum() == 0
    assert 30 < twice <= 50


def test_no_share_no_room_and_nothing_to_paste() -> None:
    squares: Any = WhiteSquares()
    assert len(Mixed(squares)[0][1]["boxes"]) == 1
    small: Any = WhiteSquares(square=2)
    assert {len(Mixed(small, copy_paste=1.0)[i % 3][1]["boxes"]) for i in range(20)} == {1}
    full: Any = WhiteSquares(square=64)
    torch.manual_seed(0)
    numbers = [len(Mixed(full, copy_paste=1.0)[i % 3][1]["boxes"]) for i in range(40)]
    assert 0 < numbers.count(2) < 20  # scales from 0.5 to 1.25; from 0.63 on too much would be hidden
    for share in (-0.1, 1.1, float("nan")):
        with pytest.raises(SettingError, match="copy_paste is"):
            Mixed(squares, copy_paste=share)
        with pytest.raises(SettingError, match="mosaic is"):
            Mixed(squares, mosaic=share)


def test_the_edges_fade_and_the_picture_that_was_given_stays() -> None:
    black, white = torch.zeros(3, 40, 40), torch.ones(3, 20, 20)
    found = pasted(black, white, left=10, top=5)
    row = found[0, 15, 10:30]
    assert row[0] == pytest.approx(0.025 / 0.15)  # half a pixel of twenty from the edge
    assert row[1] == pytest.approx(0.075 / 0.15)
    assert row[3:17].tolist() == [1] * 14
    torch.testing.assert_close(row, row.flip(0))
    assert black.sum() == 0


def test_the_hidden_share_by_hand() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [20, 20, 30, 40], [5, 5, 6, 6]])
    over = torch.tensor([[5.0, 0, 25, 30]])
    torch.testing.assert_close(hidden(boxes, over), torch.tensor([0.5, 0.25, 1.0]))


def test_a_picture_that_cannot_be_read_spoils_no_other(tmp_path: Path) -> None:
    folder = write_voc(tmp_path, train=Rectangles(3))
    train_set = open_split(folder, "train")
    train_set.transform = light_augmentation(64)
    broken = next(path for path in folder.rglob("*") if path.stem == train_set.names[1] and path.suffix != ".xml")
    broken.write_bytes(broken.read_bytes()[:60])
    assert Mixed(train_set).names == train_set.names
    for pictures in (Mixed(train_set, copy_paste=1.0), Mixed(train_set, mosaic=1.0), Mixed(train_set, 1.0, 1.0)):
        torch.manual_seed(0)
        for _ in range(10):
            image, target = pictures[0]
            assert image.shape == (3, 64, 64)
            assert (target["boxes"] <= 64).all()
            assert len(target["boxes"]) == len(target["labels"]) == len(target["difficult"])
        with pytest.raises(DataError, match=train_set.names[1]):
            pictures[1]


class Greys(Dataset[Any]):
    """Pictures of one grey each, with one box: the left half."""

    classes = ("left",)

    def __init__(self, side: int = 8, width: float = 4.0) -> None:
        self.side, self.width = side, width

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Any]]:
        boxes = torch.tensor([[0.0, 0.0, self.width, self.side]])
        target = {"boxes": boxes, "labels": torch.tensor([index]), "image_id": index}
        return torch.full((3, self.side, self.side), index / 4), target


def test_a_mosaic_is_four_pictures_with_their_boxes() -> None:
    greys: Any = Greys()
    torch.manual_seed(0)
    image, target = Mixed(greys, mosaic=1.0)[2]
    assert target["boxes"].tolist() == [[0, 0, 2, 4], [4, 0, 6, 4], [0, 4, 2, 8], [4, 4, 6, 8]]
    assert target["labels"][0] == target["image_id"] == 2
    quarters = [image[0, y, x].item() * 4 for y in (1, 5) for x in (1, 5)]
    assert quarters == target["labels"].tolist()
    sizes = {len(Mixed(greys, mosaic=0.5)[0][1]["boxes"]) for _ in range(20)}
    assert sizes == {1, 4}


def test_a_mosaic_of_an_odd_side_has_no_gap_and_no_slivers() -> None:
    image, target = mosaic([Greys(9, 6.0)[i] for i in (1, 1, 2, 3)])
    assert image.shape == (3, 9, 9)
    assert image[0].mul(100).round().unique().tolist() == [25, 50, 75]
    assert target["boxes"][:, [1, 3]].tolist() == [[0, 4], [0, 4], [4, 9], [4, 9]]
    right = [4 * 6 / 9, 4 + 5 * 6 / 9]
    torch.testing.assert_close(target["boxes"][:, 2], torch.tensor(right * 2))
    _, thin = mosaic([Greys(8, 1.9)[0]] * 4)
    assert (len(thin["boxes"]), len(thin["labels"])) == (0, 0)

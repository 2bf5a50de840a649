"""VOCDataset: what is in its items, and what every kind of bad folder gets."""

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from folders import HEIGHT, WIDTH, Object, add, make_folder, write_list, xml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision import tv_tensors

from dsod_lite.datasets import DataError, VOCDataset, light_augmentation
from dsod_lite.detector.inputs import check_targets

GOOD: Object = ("cat", 8, 4, 40, 24)


def load(root: Path, **arguments: Any) -> tuple[VOCDataset, list[str]]:
    """The data set and the warnings it came with."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        dataset = VOCDataset(root, **arguments)
    return dataset, [str(warning.message) for warning in caught]


def silent(root: Path, **arguments: Any) -> VOCDataset:
    dataset, messages = load(root, **arguments)
    assert messages == []
    return dataset


def test_an_item(tmp_path: Path) -> None:
    objects = [("dog", 1, 2, 30, 40), ("cat", 0.5, 0, WIDTH, HEIGHT, 1)]
    dataset = silent(make_folder(tmp_path, train={"b": [], "a": objects}))
    assert (len(dataset), dataset.names, dataset.classes) == (2, ["b", "a"], ("cat", "dog"))
    assert dataset.sizes == [(WIDTH, HEIGHT)] * 2
    image, target = dataset[1]
    with Image.open(tmp_path / "JPEGImages/a.jpg") as file:
        torch.testing.assert_close(image, torch.from_numpy(np.array(file)).permute(2, 0, 1) / 255)
    assert image.dtype == torch.float32
    assert target["boxes"].dtype == torch.float32
    assert target["boxes"].tolist() == [[1, 2, 30, 40], [0.5, 0, WIDTH, HEIGHT]]  # the numbers of the file
    assert target["labels"].dtype == torch.int64
    assert target["labels"].tolist() == [2, 1]
    assert target["difficult"].dtype == torch.bool
    assert target["difficult"].tolist() == [False, True]
    assert target["image_id"] == 1


def test_a_picture_without_objects_is_background(tmp_path: Path) -> None:
    dataset = silent(make_folder(tmp_path, train={"a": []}, val={"b": [GOOD]}))
    _, target = dataset[0]
    assert target["boxes"].shape == (0, 4)
    assert target["boxes"].dtype == torch.float32
    assert target["labels"].dtype == torch.int64
    assert target["difficult"].dtype == torch.bool
    check_targets([dataset[0][0]], [target], num_classes=2)


def test_a_folder_without_any_object_loads(tmp_path: Path) -> None:
    assert silent(make_folder(tmp_path, train={"a": []})).classes == ()


def test_the_transform_gets_what_torchvision_expects(tmp_path: Path) -> None:
    seen = []

    def transform(image: Any, target: Any) -> str:
        seen.append((image, target))
        return "what it returns"

    root = make_folder(tmp_path, train={"a": [GOOD]})
    dataset = silent(root, transform=transform)
    assert dataset[0] == "what it returns"
    image, target = seen[0]
    assert type(image) is tv_tensors.Image
    assert (image.dtype, image.shape) == (torch.uint8, (3, HEIGHT, WIDTH))
    assert type(target["boxes"]) is tv_tensors.BoundingBoxes
    assert target["boxes"].canvas_size == (HEIGHT, WIDTH)
    assert target["boxes"].format == tv_tensors.BoundingBoxFormat.XYXY
    assert set(target) == {"boxes", "labels", "difficult", "image_id"}


def test_a_transform_may_change_what_it_is_given_in_place(tmp_path: Path) -> None:
    def flip(image: Any, target: dict[str, Any]) -> Any:
        boxes = target["boxes"]
        boxes[:, [0, 2]] = image.shape[-1] - boxes[:, [2, 0]]
        target["labels"].zero_()
        return image.flip(-1), target

    root = make_folder(tmp_path, train={"a": [GOOD]})
    flipped = VOCDataset(root, transform=flip)
    first, second = (flipped[0][1]["boxes"].tolist() for _ in range(2))
    assert first == second == [[WIDTH - 40, 4, WIDTH - 8, 24]]
    plain = VOCDataset(root)
    plain[0][1]["labels"].zero_()
    assert plain[0][1]["labels"].tolist() == [1]


def test_workers_get_a_copy(tmp_path: Path) -> None:
    dataset = silent(make_folder(tmp_path, train={"a": [GOOD]}), transform=light_augmentation(32))
    copy = pickle.loads(pickle.dumps(dataset))
    torch.manual_seed(0)
    image, target = dataset[0]
    torch.manual_seed(0)
    same_image, same_target = copy[0]
    assert torch.equal(image, same_image)
    assert torch.equal(target["boxes"], same_target["boxes"])


def test_a_turned_photograph_has_the_size_a_viewer_sees(tmp_path: Path) -> None:
    root = make_folder(tmp_path, train={"a": [("cat", 0, 0, HEIGHT, WIDTH)]})
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(root / "JPEGImages/a.jpg") as image:
        image.save(root / "JPEGImages/a.jpg", exif=exif)
    (root / "Annotations/a.xml").write_text(xml([("cat", 0, 0, HEIGHT, WIDTH)], size=(HEIGHT, WIDTH)))
    dataset = silent(root)
    assert dataset.sizes == [(HEIGHT, WIDTH)]
    assert dataset[0][0].shape == (3, WIDTH, HEIGHT)


# --- classes ------------------------------------------------------------------------------------------------


def test_classes_given_are_kept_in_their_order(tmp_path: Path) -> None:
    dataset = silent(make_folder(tmp_path, train={"a": [("dog", 1, 1, 9, 9), GOOD]}), classes=["dog", "cow", "cat"])
    assert dataset.classes == ("dog", "cow", "cat")
    assert dataset[0][1]["labels"].tolist() == [1, 3]


def test_every_split_has_the_classes_of_the_whole_folder(tmp_path: Path) -> None:
    root = make_folder(tmp_path, train={"a": [("dog", 1, 1, 9, 9)]}, val={"b": [("cat", 1, 1, 9, 9)]})
    assert silent(root, split="train").classes == silent(root, split="val").classes == ("cat", "dog")


def test_an_unknown_class_names_file_object_and_classes(tmp_path: Path) -> None:
    root = make_folder(tmp_path, train={"a": [GOOD, ("dgo", 1, 1, 9, 9)]})
    with pytest.raises(DataError, match=r"a\.xml: object 1: name: 'dgo' is none of the classes \(cat, dog\)"):
        VOCDataset(root, classes=["cat", "dog"])


# --- boxes --------------------------------------------------------------------------------------------------

BAD_BOXES = [
    pytest.param((10, 10, 10, 20), "without width or height, or reversed: dropped", id="no width"),
    pytest.param((10, 10, 20, 10), "without width or height, or reversed: dropped", id="no height"),
    pytest.param((20, 10, 10, 20), "without width or height, or reversed: dropped", id="reversed in x"),
    pytest.param((10, 20, 20, 10), "without width or height, or reversed: dropped", id="reversed in y"),
    pytest.param((10, 10, 10.000001, 20), "without width or height, or reversed: dropped", id="thinner than float32"),
    pytest.param((WIDTH, 0, WIDTH + 9, 9), "wholly outside their picture: dropped", id="right of it"),
    pytest.param((0, -9, 9, 0), "wholly outside their picture: dropped", id="above it"),
    pytest.param((0, -9, 9, 1e-6), "wholly outside their picture: dropped", id="inside by a millionth"),
    pytest.param((1e20, 0, 1e30, 9), "wholly outside their picture: dropped", id="far away"),
    pytest.param((60, 40, 70, 44), "partly outside their picture: clipped", id="over the right edge"),
    pytest.param((-3, -4, 10, 10), "partly outside their picture: clipped", id="over the corner"),
    pytest.param((-1e300, -1, 1e300, 99), "partly outside their picture: clipped", id="larger than the picture"),
]


@pytest.mark.parametrize(("box", "words"), BAD_BOXES)
def test_a_bad_box_gets_one_warning_that_counts_and_names(tmp_path: Path, box: tuple[float, ...], words: str) -> None:
    root = make_folder(tmp_path, train={"a": [GOOD], "b": [GOOD, ("dog", *box, 1), GOOD], "c": [("cat", *box)]})
    dataset, messages = load(root)
    assert messages == [f"{root} (train): 2 boxes {words} (b object 1, c object 0)"]
    left = [max(box[0], 0), max(box[1], 0), min(box[2], WIDTH), min(box[3], HEIGHT)]
    clipped = [left] if "clipped" in words else []
    good = list(GOOD[1:])
    assert dataset[1][1]["boxes"].tolist() == [good, *clipped, good]
    assert dataset[1][1]["labels"].tolist() == [1, *[2 for _ in clipped], 1]
    assert dataset[1][1]["difficult"].tolist() == [False, *[True for _ in clipped], False]
    assert dataset[2][1]["boxes"].shape == (len(clipped), 4)


def test_each_kind_of_repair_has_its_warning(tmp_path: Path) -> None:
    objects = [("cat", 1, 1, 1, 9), ("cat", 99, 1, 109, 9), ("cat", 60, 1, 69, 9), GOOD]
    root = make_folder(tmp_path, train={"a": objects})
    (root / "Annotations/a.xml").write_text(xml(objects, size=(HEIGHT, WIDTH)))
    dataset, messages = load(root)
    assert len(messages) == 4
    assert all(message.startswith(f"{root} (train): 1 ") for message in messages)
    assert "another size than their picture: the picture's was used (a)" in messages[3]
    assert len(dataset[0][1]["boxes"]) == 2


def test_a_long_list_of_bad_boxes_is_cut(tmp_path: Path) -> None:
    _, messages = load(make_folder(tmp_path, train={"a": [("cat", 1, 1, 1, 9)] * 7}))
    assert "7 boxes" in messages[0]
    assert "a object 4, …)" in messages[0]


@given(st.lists(st.tuples(*[st.floats(-100, 200)] * 4) | st.tuples(*[st.floats(WIDTH - 1e-5, WIDTH + 1e-5)] * 4)))
def test_whatever_the_boxes_training_accepts_the_target(
    tmp_path_factory: pytest.TempPathFactory, boxes: list[tuple[float, ...]]
) -> None:
    root = tmp_path_factory.getbasetemp() / "any_boxes"
    if not root.exists():
        make_folder(root, train={"a": []})
    (root / "Annotations/a.xml").write_text(xml([("cat", *box) for box in boxes]))
    dataset, _ = load(root, classes=["cat"])
    image, target = dataset[0]
    check_targets([image], [target], num_classes=2)
    fractions = target["boxes"] / torch.tensor([WIDTH, HEIGHT, WIDTH, HEIGHT])
    assert ((fractions >= 0) & (fractions <= 1)).all()
    assert (fractions[:, 2:] - fractions[:, :2]).log().isfinite().all()  # what the loss learns


# --- files --------------------------------------------------------------------------------------------------


def complaint(root: Path, **arguments: Any) -> str:
    with pytest.raises(DataError) as error:
        VOCDataset(root, **arguments)
    return str(error.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path, train={"a": [GOOD], "b": [GOOD]})


@pytest.mark.parametrize("content", ["", "<annotation><object>", "<html/>"])
def test_a_broken_annotation_is_named_before_training_starts(folder: Path, content: str) -> None:
    (folder / "Annotations/b.xml").write_text(content)
    assert str(folder / "Annotations/b.xml") in complaint(folder)


def test_a_missing_annotation_is_named(folder: Path) -> None:
    (folder / "Annotations/b.xml").unlink()
    assert complaint(folder) == f"{folder / 'Annotations/b.xml'}: there is no such annotation"


def test_a_missing_picture_is_named(folder: Path) -> None:
    (folder / "JPEGImages/b.jpg").unlink()
    assert complaint(folder) == f"{folder / 'JPEGImages/b.jpg'}: there is no such picture"


@pytest.mark.parametrize("content", [b"", b"not a picture"])
def test_a_file_that_is_no_picture_is_named(folder: Path, content: bytes) -> None:
    (folder / "JPEGImages/b.jpg").write_bytes(content)
    assert complaint(folder).startswith(f"{folder / 'JPEGImages/b.jpg'}: cannot be read as a picture")


def test_a_truncated_picture_is_named_when_it_is_read(folder: Path) -> None:
    path = folder / "JPEGImages/b.jpg"
    path.write_bytes(path.read_bytes()[:-200])
    dataset = silent(folder)
    with pytest.warns(UserWarning, match=r"b\.jpg: lacks its last bytes"):
        dataset[1]


def test_a_missing_folder_and_a_missing_list(folder: Path) -> None:
    assert complaint(folder / "gone") == f"{folder / 'gone'}: there is no such folder"
    assert complaint(folder, split="test").endswith("test.txt: there is no such split; the folder has: train")


def test_a_name_that_is_listed_twice(folder: Path) -> None:
    write_list(folder, "train", "a\nb\nb\n")
    assert complaint(folder).endswith("train.txt: lists b more than once")


def test_names_of_all_languages_and_suffixes(tmp_path: Path) -> None:
    names = {"Käfer im Gras 1": ".png", "猫": ".webp", "IMG_0001": ".JPG"}
    for name, suffix in names.items():
        add(tmp_path, name, [("Käfer", 1, 1, 9, 9)], suffix=suffix)
    write_list(tmp_path, "train", "\ufeff" + "\r\n".join(names) + "\r\n")
    dataset = silent(tmp_path)
    assert dataset.names == list(names)
    assert dataset.classes == ("Käfer",)
    assert [dataset[i][0].shape for i in range(len(dataset))] == [(3, HEIGHT, WIDTH)] * 3

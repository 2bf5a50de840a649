"""COCO's files and the unions that the paper trains on."""

import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from folders import HEIGHT, WIDTH, make_folder, write_picture

from dsod_lite import TrainConfig, __main__, dsod_tiny, train
from dsod_lite.commands import train as train_command
from dsod_lite.datasets import (
    VOC_CLASSES,
    CocoDataset,
    DataError,
    Union,
    VOCDataset,
    light_augmentation,
    open_split,
    ssd_augmentation,
    usual_splits,
    voc_union,
)
from dsod_lite.detector.priors import COCO300_PRIORS
from dsod_lite.training.recipe import RECIPES


def annotation(number: int, image: int, category: int, box: list[float], crowd: int = 0) -> dict[str, Any]:
    area = box[2] * box[3]
    return {"id": number, "image_id": image, "category_id": category, "bbox": box, "iscrowd": crowd, "area": area}


CATEGORIES = [{"id": 1, "name": "person"}, {"id": 5, "name": "airplane"}, {"id": 90, "name": "toothbrush"}]
ANNOTATIONS = [
    annotation(1, 7, 90, [4, 5, 10, 20]),
    annotation(2, 7, 1, [0, 0, 30, 30], crowd=1),  # around a crowd
    annotation(3, 7, 5, [50, 40, 30, 30]),  # over the edge: WIDTH×HEIGHT is 64×48
    annotation(4, 7, 5, [3, 3, 0, 9]),  # of no width
    annotation(5, 9, 1, [1, 1, 5, 5]),
    annotation(6, 8, 1, [0, 0, 9, 9], crowd=1),  # a picture of nothing but a crowd
]


def make_coco(root: Path, split: str = "train2014", **changes: Any) -> tuple[Path, Path]:
    """(images, annotations) in COCO's layout: three pictures, and the file's fields with changes."""
    images, file = root / split, root / "annotations" / f"instances_{split}.json"
    images.mkdir(parents=True)
    file.parent.mkdir(exist_ok=True)
    entries = [{"id": i, "file_name": f"{i:012}.jpg", "width": WIDTH, "height": HEIGHT} for i in (9, 7, 8)]
    for entry in entries:
        write_picture(images / entry["file_name"], seed=entry["id"])
    content = {"images": entries, "annotations": ANNOTATIONS, "categories": CATEGORIES} | changes
    file.write_text(json.dumps(content))
    return images, file


def test_boxes_labels_and_what_is_left_out(tmp_path: Path) -> None:
    data = CocoDataset(*make_coco(tmp_path))
    assert data.classes == ("person", "airplane", "toothbrush")
    assert data.names == ["000000000007.jpg", "000000000009.jpg"]  # in COCO's order of numbers; 8 has only a crowd
    image, target = data[0]
    assert image.shape == (3, HEIGHT, WIDTH)
    assert image.dtype == torch.float32
    assert target["boxes"].tolist() == [[4, 5, 14, 25], [50, 40, 64, 48]]
    assert target["labels"].tolist() == [3, 2]
    assert target["difficult"].tolist() == [False, False]
    assert [data[i][1]["image_id"] for i in range(2)] == [0, 1]
    assert data.sizes == [(WIDTH, HEIGHT)] * 2


def test_judging_keeps_pictures_without_objects(tmp_path: Path) -> None:
    data = CocoDataset(*make_coco(tmp_path), with_objects=False)
    assert [len(data[i][1]["boxes"]) for i in range(3)] == [2, 0, 1]


def test_vocs_classes_by_cocos_words(tmp_path: Path) -> None:
    data = CocoDataset(*make_coco(tmp_path), classes=("aeroplane", "person"))
    assert data[0][1]["labels"].tolist() == [1]
    assert data[1][1]["labels"].tolist() == [2]
    with pytest.raises(DataError, match=r"instances_train2014\.json: categories: has no bird, cow"):
        CocoDataset(tmp_path / "train2014", tmp_path / "annotations/instances_train2014.json", classes=("bird", "cow"))


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "cannot be read as COCO's JSON"), ("[]", "cannot be read"), ('{"images": []}', "annotations: is missing")],
)
def test_a_broken_file_is_named(tmp_path: Path, content: str, said: str) -> None:
    images, file = make_coco(tmp_path)
    file.write_text(content)
    with pytest.raises(DataError, match=rf"instances_train2014\.json: {said}"):
        CocoDataset(images, file)


def test_missing_things_are_named(tmp_path: Path) -> None:
    images, file = make_coco(tmp_path)
    with pytest.raises(DataError, match="nowhere: there is no such folder"):
        CocoDataset(tmp_path / "nowhere", file)
    with pytest.raises(DataError, match=r"no\.json: there is no such file"):
        CocoDataset(images, tmp_path / "no.json")
    (images / "000000000007.jpg").unlink()
    with pytest.raises(DataError, match=r"images: 7: file_name: .*000000000007\.jpg: there is no such picture"):
        CocoDataset(images, file)


def test_what_is_done_to_boxes_is_counted_and_named(tmp_path: Path) -> None:
    files = make_coco(tmp_path, annotations=[*ANNOTATIONS, annotation(7, 9, 1, [100, 3, 9, 9])])
    with pytest.warns(UserWarning, match=r"^.*json: 1 boxes") as warned:
        CocoDataset(*files)
    assert [str(warning.message).partition(".json: ")[2] for warning in warned] == [
        "1 boxes without width or height, or reversed: dropped (annotation 4)",
        "1 boxes wholly outside their picture: dropped (annotation 7)",
        "1 boxes partly outside their picture: clipped (annotation 3)",
    ]


def test_a_box_that_float32_would_make_flat_is_dropped(tmp_path: Path) -> None:
    files = make_coco(tmp_path, annotations=[annotation(1, 7, 1, [5, 5, 1e-9, 20]), annotation(2, 7, 1, [5, 5, 9, 9])])
    with pytest.warns(UserWarning, match=r"1 boxes without width or height, or reversed: dropped \(annotation 1\)"):
        boxes = CocoDataset(*files)[0][1]["boxes"]
    assert boxes.tolist() == [[5, 5, 14, 14]]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("bbox", None, "annotations: 5: bbox: None is not x, y, width, height"),
        ("bbox", [1, 2, 3], r"annotations: 5: bbox: \[1, 2, 3\] is not"),
        ("bbox", [1, 2, "3", 4], "annotations: 5: bbox: "),
        ("bbox", [1, 2, math.nan, 4], "annotations: 5: bbox: "),
        ("category_id", 44, "annotations: 5: category_id: 44 is none of the categories"),
    ],
)
def test_a_broken_annotation_is_named(tmp_path: Path, field: str, value: Any, said: str) -> None:
    files = make_coco(tmp_path, annotations=[annotation(5, 9, 1, [1, 1, 5, 5]) | {field: value}])
    with pytest.raises(DataError, match=rf"instances_train2014\.json: {said}"):
        CocoDataset(*files)


@pytest.mark.parametrize(("field", "value"), [("file_name", None), ("width", "64"), ("height", 0)])
def test_a_broken_picture_entry_is_named(tmp_path: Path, field: str, value: Any) -> None:
    entry = {"id": 9, "file_name": "9.jpg", "width": WIDTH, "height": HEIGHT} | {field: value}
    files = make_coco(tmp_path)
    content = json.loads(files[1].read_text()) | {"images": [entry], "annotations": []}
    files[1].write_text(json.dumps(content))
    with pytest.raises(DataError, match=rf"images: 9: {field}: "):
        CocoDataset(*files)


def devkit(root: Path) -> Path:
    make_folder(root / "VOC2007", trainval={"a": [("person", 1, 1, 20, 20)]}, test={"b": [("cow", 2, 2, 9, 9)]})
    make_folder(root / "VOC2012", trainval={"c": [("aeroplane", 3, 3, 9, 9, 1)], "d": []})
    return root


def test_unions_of_vocs_years(tmp_path: Path) -> None:
    voc = devkit(tmp_path / "VOCdevkit")
    union = voc_union(voc)
    assert union.names == ["a", "c", "d"]
    assert union.classes == VOC_CLASSES
    assert [union[i][1]["image_id"] for i in range(3)] == [0, 1, 2]
    assert union[1][1]["labels"].tolist() == [1]
    assert union[1][1]["difficult"].tolist() == [True]  # trained on, as the authors do
    assert voc_union(voc, "07++12").names == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match=r"union is '12'; it is one of 07\+12, 07\+\+12"):
        voc_union(voc, "12")


def test_a_union_with_coco_trains(tmp_path: Path) -> None:
    voc = devkit(tmp_path / "VOCdevkit")
    categories = [{"id": i, "name": name} for i, name in enumerate(VOC_CLASSES, start=1)]
    coco = tmp_path / "coco"
    for split in ("train2014", "val2014"):
        annotations = [annotation(1, 7, 15, [4, 5, 10, 20]), annotation(2, 9, 1, [1, 1, 30, 30])]
        make_coco(coco, split, annotations=annotations, categories=categories)
    union = voc_union(voc, coco=coco)
    assert len(union) == 3 + 4
    assert union[3][1]["labels"].tolist() == [15]
    union.transform = light_augmentation(64)
    assert union.transform is union.parts[2].transform
    history = train(dsod_tiny(21, 64), union, None, TrainConfig(epochs=1, batch_size=4, workers=0, device="cpu"))
    assert history[0]["loss"] > 0


def test_parts_of_other_classes_are_refused(tmp_path: Path) -> None:
    voc = devkit(tmp_path / "VOCdevkit")
    with pytest.raises(ValueError, match="classes: "):
        Union([VOCDataset(voc / "VOC2007", "trainval"), VOCDataset(voc / "VOC2012", "trainval")])


# --- which data set a folder is ------------------------------------------------------------------------------


def test_a_folder_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    voc = devkit(tmp_path / "VOCdevkit")
    assert usual_splits(voc) == ("07+12", "VOC2007/test")
    assert open_split(voc, "07+12").names == ["a", "c", "d"]
    assert open_split(voc, "VOC2007/test", VOC_CLASSES).names == ["b"]

    plain = make_folder(tmp_path / "plain", train={"a": [("cat", 1, 1, 9, 9)]}, test={"b": []})
    assert usual_splits(plain) == ("train", None)
    make_folder(plain, val={"c": []})
    assert usual_splits(plain) == ("train", "val")
    make_folder(plain, trainval={"a": [("cat", 1, 1, 9, 9)]})
    assert usual_splits(plain) == ("trainval", "test")
    assert open_split(plain, "train").classes == ("cat",)

    make_coco(tmp_path / "coco", "train2017")
    assert usual_splits(tmp_path / "coco") == ("train2017", None)
    make_coco(tmp_path / "coco", "val2017")
    assert usual_splits(tmp_path / "coco") == ("train2017", "val2017")
    assert len(open_split(tmp_path / "coco", "train2017", with_objects=True)) == 2
    assert len(open_split(tmp_path / "coco", "val2017")) == 3


def call(*words: object) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dsod_lite/__main__.py", *map(str, words)])
        return __main__.main()


def test_the_command_trains_the_paper_s_detector_on_the_paper_s_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    monkeypatch.setattr(train_command, "train", lambda *arguments: made.append(arguments))
    voc = devkit(tmp_path / "VOCdevkit")
    assert call("train", "--recipe", "voc0712", "--data", voc, "--output", tmp_path / "run") == 0
    model, train_set, val_set, config, *_ = made[0]
    assert (model.config.name, model.config.num_classes) == ("DS/64-192-48-1", 21)
    assert (train_set.names, val_set.names, val_set.classes) == (["a", "c", "d"], ["b"], VOC_CLASSES)
    assert config == RECIPES["voc0712"]
    assert repr(train_set.transform) == repr(ssd_augmentation(300))

    make_coco(tmp_path / "coco", "train2017")
    options = ("--epochs", "2", "--batch-size", "8", "--precision", "float16", "--model", "dsod300_smallest")
    assert call("train", "--recipe", "coco", "--data", tmp_path / "coco", "--output", tmp_path / "run", *options) == 0
    model, _, val_set, config, *_ = made[1]
    assert model.config.priors == COCO300_PRIORS
    assert model.config.num_classes == 4
    assert val_set is None
    assert config == replace(RECIPES["coco"], epochs=2, batch_size=8, precision="float16")

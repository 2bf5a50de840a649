"""COCO's files and the unions that the paper trains on."""

import contextlib
import io
import json
import math
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from folders import HEIGHT, WIDTH, make_folder, write_picture
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from dsod_lite import TrainConfig, __main__, dsod_tiny, evaluate_coco, train
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
from dsod_lite.evaluation.coco import COCO_NAMES
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
    assert [len(data[i][1]["boxes"]) for i in range(3)] == [4, 1, 1]  # crowds, too, and whatever else is in the file


def test_vocs_classes_by_cocos_words(tmp_path: Path) -> None:
    data = CocoDataset(*make_coco(tmp_path), classes=("aeroplane", "person"))
    assert data[0][1]["labels"].tolist() == [1]
    assert data[1][1]["labels"].tolist() == [2]
    with pytest.raises(DataError, match=r"instances_train2014\.json: categories: has no bird, cow"):
        CocoDataset(tmp_path / "train2014", tmp_path / "annotations/instances_train2014.json", classes=("bird", "cow"))


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "cannot be read as JSON"), ("[]", "cannot be read"), ('{"images": []}', "annotations: is missing")],
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
        ("bbox", [1, 2, "three", 4], "annotations: 5: bbox: "),
        ("bbox", [1, 2, "nan", 4], "annotations: 5: bbox: "),
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
    entry = {"id": 9, "file_name": f"{9:012}.jpg", "width": WIDTH, "height": HEIGHT} | {field: value}
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


# --- judged by COCO's own rules ------------------------------------------------------------------------------


def pycocotools_stats(file: Path, rows: list[dict[str, Any]]) -> dict[str, float]:
    """COCOeval over the file itself; detections as its results format has them."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(file))
        judge = COCOeval(truth, truth.loadRes(rows), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return dict(zip(COCO_NAMES, [math.nan if value < 0 else float(value) for value in judge.stats], strict=True))


def ours(images: Path, file: Path, rows: list[dict[str, Any]]) -> dict[str, float]:
    """`evaluate_coco` over what `evaluate` reads of the file."""
    data = CocoDataset(images, file, with_objects=False)
    content = json.loads(file.read_text())
    labels = {category: i for i, category in enumerate(sorted(c["id"] for c in content["categories"]), start=1)}
    place = {entry["file_name"]: entry["id"] for entry in content["images"]}
    detections = []
    for name in data.names:
        own = [row for row in rows if row["image_id"] == place[name]]
        boxes = torch.tensor([row["bbox"] for row in own]).reshape(-1, 4)
        detections.append(
            {
                "boxes": torch.cat([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], dim=1),
                "labels": torch.tensor([labels[row["category_id"]] for row in own], dtype=torch.int64),
                "scores": torch.tensor([row["score"] for row in own]),
            }
        )
    return evaluate_coco(detections, [data[i][1] for i in range(len(data))])


def test_a_crowd_and_a_masks_area_reach_the_judge(tmp_path: Path) -> None:
    """A detection on the object and one in the crowd: AP is 1, not a half; and by its mask the object is small."""
    small = annotation(1, 7, 1, [4, 4, 40, 40]) | {"area": 900.0}
    crowd = annotation(2, 7, 1, [30, 10, 34, 30], crowd=1)
    images, file = make_coco(tmp_path, annotations=[small, crowd])
    rows = [
        {"image_id": 7, "category_id": 1, "bbox": [4, 4, 40, 40], "score": 0.8},
        {"image_id": 7, "category_id": 1, "bbox": [46, 12, 10, 12], "score": 0.9},
    ]
    found = ours(images, file, rows)
    assert found == pytest.approx(pycocotools_stats(file, rows), nan_ok=True)
    assert (found["AP"], found["APs"]) == (pytest.approx(1.0), pytest.approx(1.0))
    assert math.isnan(found["APm"])


@pytest.mark.parametrize("seed", range(12))
def test_the_numbers_are_pycocotools_whatever_the_file_holds(seed: int, tmp_path: Path) -> None:
    """Crowds, boxes over the edge, of no width, areas of masks, classes and pictures without objects."""
    generator = random.Random(seed)

    def box() -> list[int]:
        return [generator.randrange(low, high) for low, high in ((-5, 60), (-5, 40), (0, 40), (0, 40))]

    annotations = [
        annotation(i, generator.choice([7, 9]), generator.choice([1, 5]), box(), crowd=int(generator.random() < 0.3))
        | ({"area": generator.choice([10.0, 800.0, 1500.0, 10_000.0])} if generator.random() < 0.5 else {})
        for i in range(1, 16)
    ]
    images, file = make_coco(tmp_path, annotations=annotations)
    rows = [
        {"image_id": a["image_id"], "category_id": a["category_id"], "bbox": a["bbox"], "score": i / 40}
        for i, a in enumerate(generator.sample(annotations, 10))
    ]
    for i in range(10, 20):
        where = {"image_id": generator.choice([7, 8, 9]), "category_id": generator.choice([1, 5])}
        rows.append({**where, "bbox": box(), "score": i / 40})
    assert ours(images, file, rows) == pytest.approx(pycocotools_stats(file, rows), nan_ok=True, abs=1e-6)


def test_an_area_that_is_no_number_is_named(tmp_path: Path) -> None:
    images, file = make_coco(tmp_path, annotations=[annotation(3, 7, 1, [1, 1, 9, 9]) | {"area": "large"}])
    with pytest.raises(DataError, match="annotations: 3: area: 'large' is not a number"):
        CocoDataset(images, file, with_objects=False)


def test_vocs_measure_does_not_count_crowds(tmp_path: Path) -> None:
    data = CocoDataset(*make_coco(tmp_path), with_objects=False)
    assert data[0][1]["difficult"].tolist() == [False, True, False, False]
    assert data[0][1]["boxes"].tolist()[2] == [50, 40, 80, 70]  # as in the file

"""Inputs of the kinds that public bug reports of detection tools describe, each with its right answer.

The names are those of the collection that they were found with. Every folder is written here, as small as it can be.
"""

import itertools
import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from folders import HEIGHT, WIDTH, add, make_folder, write_list, write_picture, xml
from PIL import Image
from tiny import Toy, small_dsod

from dsod_lite import __main__, evaluate_coco, evaluate_voc
from dsod_lite.datasets import (
    DataError,
    arrange_folder,
    check_folder,
    light_augmentation,
    open_split,
    prepare_folder,
    read_image,
    ssd_augmentation,
    usual_splits,
)
from dsod_lite.datasets.files import Files
from dsod_lite.datasets.folder_tools.check import examine_folder
from dsod_lite.datasets.formats.table import recognise
from dsod_lite.evaluation.predict import predict
from dsod_lite.weights.checkpoint import save_model

CAT = ("cat", 5, 5, 30, 40)
ORIENTATION = 0x0112


def call(*words: object) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dsod_lite/__main__.py", *map(str, words)])
        return __main__.main()


def boxes(root: Path, split: str | None = None, **options: Any) -> list[list[list[float]]]:
    """The boxes of a list's pictures, or of the list that is trained on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = open_split(root, split or usual_splits(root)[0], **options)
        return [data[i][1]["boxes"].tolist() for i in range(len(data))]


def coco(root: Path, pictures: int = 2, at: str = "annotations/instances_train2017.json", folder: str = "train2017",
         **changes: Any) -> Path:  # fmt: skip
    """A COCO folder with a cat on each picture; fields of the file with changes."""
    (root / folder).mkdir(parents=True)
    for i in range(pictures):
        write_picture(root / folder / f"p{i}.jpg", seed=i)
    content = {
        "images": [{"id": i, "file_name": f"p{i}.jpg", "width": WIDTH, "height": HEIGHT} for i in range(pictures)],
        "annotations": [
            {"id": i + 1, "image_id": i, "category_id": 3, "bbox": [5, 5, 25, 35]} for i in range(pictures)
        ],
        "categories": [{"id": 3, "name": "cat"}, {"id": 90, "name": "dog"}],
    } | changes
    (root / at).parent.mkdir(parents=True, exist_ok=True)
    (root / at).write_text(json.dumps(content))
    return root


def coloured(path: Path, box: tuple[int, int, int, int], size: tuple[int, int], orientation: int = 1) -> None:
    """A grey picture with a red box, as the camera stored it."""
    pixels = np.full((size[1], size[0], 3), 128, np.uint8)
    pixels[box[1] : box[3], box[0] : box[2]] = (255, 0, 0)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.fromarray(pixels).save(path, exif=exif, quality=95, subsampling=0)


def red(image: torch.Tensor) -> list[int]:
    """The box xyxy of the red pixels."""
    inside = (image[0].int() - image[1].int()) > 120
    rows, columns = inside.any(1).nonzero(), inside.any(0).nonzero()
    return [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]


# --- boxes and pictures that do not fit ---------------------------------------------------------------------


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_b1_boxes_drawn_on_unturned_pixels_turn_with_the_photograph(
    tmp_path: Path, orientation: int, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = (8, 16, 32, 40)
    root = make_folder(tmp_path / "in", train={"a": []})
    coloured(root / "JPEGImages/a.jpg", stored, (80, 48), orientation)
    (root / "Annotations/a.xml").write_text(xml([("cat", *stored)], size=(80, 48)))
    with pytest.warns(UserWarning, match="1 photographs stored lying on their side, and labelled so: turned"):
        data = open_split(root, "train")
    assert data.sizes == [(48, 80)]
    assert data[0][1]["boxes"].tolist() == [red(read_image(root / "JPEGImages/a.jpg"))]
    assert call("check", root) == 0
    assert "boxes are turned with them (a)" in capsys.readouterr().out
    prepare_folder(root, tmp_path / "small", size=32)
    small = open_split(tmp_path / "small", "train")
    assert small.sizes == [(32, 53)]
    seen, box = red(read_image(tmp_path / "small/JPEGImages/a.jpg")), small[0][1]["boxes"][0].tolist()
    assert all(abs(a - b) <= 1 for a, b in zip(seen, box, strict=True))
    arrange_folder([root], tmp_path / "coco", val=0, test=0, format="coco")
    assert boxes(tmp_path / "coco", "train") == [data[0][1]["boxes"].tolist()]


def test_n1_the_same_for_coco(tmp_path: Path) -> None:
    stored = (8, 16, 32, 40)
    images = [{"id": 0, "file_name": "p0.jpg", "width": 80, "height": 48}]
    annotations = [{"id": 1, "image_id": 0, "category_id": 3, "bbox": [8, 16, 24, 24]}]
    root = coco(tmp_path, 1, images=images, annotations=annotations)
    coloured(root / "train2017/p0.jpg", stored, (80, 48), 6)
    for with_objects in (True, False):
        assert boxes(root, with_objects=with_objects) == [[red(read_image(root / "train2017/p0.jpg"))]]


def test_another_size_is_named_and_not_prepared(tmp_path: Path) -> None:
    root = make_folder(tmp_path, train={"a": [CAT]})
    (root / "Annotations/a.xml").write_text(xml([CAT], size=(640, 480)))
    assert any("size: 640×480, but the picture has 64×48" in defect for defect in check_folder(root))
    with pytest.raises(DataError, match=r"a\.xml: size: 640×480, but the picture has 64×48"):
        prepare_folder(root, tmp_path / "small")
    with pytest.raises(DataError, match=r"a\.xml: size: 640×480, but the picture has 64×48"):
        arrange_folder([root], tmp_path / "yolo", val=0, test=0, format="yolo")


def test_d10_cocos_width_and_height_are_compared_with_the_picture(tmp_path: Path) -> None:
    images = [{"id": 0, "file_name": "p0.jpg", "width": 200, "height": 20}]
    annotations = [{"id": 1, "image_id": 0, "category_id": 3, "bbox": [5, 5, 25, 35]}]
    root = coco(tmp_path, 1, images=images, annotations=annotations)
    with pytest.warns(UserWarning, match=r"1 annotations that give another size .* \(p0\.jpg\)"):
        data = open_split(root, "train2017", with_objects=True)
    assert data[0][1]["boxes"].tolist() == [[5, 5, 30, 40]]  # not cut at 20
    assert any("images: 0: size: 200×20, but the picture has 64×48" in defect for defect in check_folder(root))


def test_d6c_a_width_may_be_written_as_a_float(tmp_path: Path) -> None:
    images = [{"id": 0, "file_name": "p0.jpg", "width": float(WIDTH), "height": float(HEIGHT)}]
    annotations = [{"id": 1, "image_id": 0, "category_id": 3, "bbox": [5, 5, 25, 35]}]
    root = coco(tmp_path, 1, images=images, annotations=annotations)
    assert boxes(root) == [[[5, 5, 30, 40]]]


@pytest.mark.parametrize("augmentation", [light_augmentation, ssd_augmentation])
@pytest.mark.parametrize("size", [(300, 1), (1, 300), (2, 2), (1, 1)])
def test_f5b_pictures_one_pixel_wide_are_trained_on(
    tmp_path: Path, augmentation: Callable[[int], Any], size: tuple[int, int]
) -> None:
    root = make_folder(tmp_path, train={"a": []})
    Image.new("RGB", size).save(root / "JPEGImages/a.jpg")
    (root / "Annotations/a.xml").write_text(xml([("cat", 0, 0, *size)], size=size))
    data = open_split(root, "train")
    data.transform = augmentation(64)
    for seed in range(40):
        torch.manual_seed(seed)
        image, target = data[0]
        assert image.shape == (3, 64, 64)
        assert target["boxes"].isfinite().all()


def test_a1_each_box_of_an_object_is_one(tmp_path: Path) -> None:
    root = make_folder(tmp_path, train={"a": [CAT]})
    other = "<bndbox><xmin>40</xmin><ymin>8</ymin><xmax>60</xmax><ymax>30</ymax></bndbox></object>"
    (root / "Annotations/a.xml").write_text(xml([CAT]).replace("</object>", other))
    assert boxes(root) == [[[5, 5, 30, 40], [40, 8, 60, 30]]]


def test_a2_boxes_as_fractions_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_folder(tmp_path, train={name: [("insect", 0.1, 0.2, 0.5, 0.6)] for name in "ab"})
    defects = check_folder(root)
    assert [defect.rpartition(": every")[0][-5:] for defect in defects] == ["a.xml", "b.xml"]
    assert "are they fractions of the picture?" in defects[0]
    options = ("--epochs", 2, "--batch-size", 2, "--image-size", 64, "--device", "cpu")
    assert call("train", "--data", root, "--output", tmp_path / "run", *options) == 2
    assert "epoch 1: no prior (anchor) was matched with an object" in capsys.readouterr().err


def test_r1_objects_that_vanish_are_counted_and_the_size_that_keeps_them_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_folder(tmp_path, train={"a": []}, val={"b": []})
    for name in "ab":
        Image.new("RGB", (640, 480)).save(root / f"JPEGImages/{name}.jpg")
        small = [("cat", 100, 100, 102, 102), ("cat", 300, 200, 420, 300)]
        (root / f"Annotations/{name}.xml").write_text(xml(small, size=(640, 480)))
    call("check", root, "--image-size", 256)
    assert "2 of 4 objects are less than a pixel wide or high at 256×256" in capsys.readouterr().out
    call("check", root, "--image-size", 128)
    assert "an image size of 320 keeps all" in capsys.readouterr().out
    call("check", root, "--image-size", 320)
    assert "less than a pixel" not in capsys.readouterr().out


# --- files, lists and folders -------------------------------------------------------------------------------


def test_b4_suffixes_in_any_case(tmp_path: Path) -> None:
    for name, suffix in (("g0", ".Jpg"), ("g1", ".JPG"), ("g2", ".jpg"), ("g3", ".Png")):
        add(tmp_path, name, [CAT], suffix)
    (tmp_path / "JPEGImages/g2.jpg").rename(tmp_path / "JPEGImages/g2.jfif")
    write_list(tmp_path, "train", "g0\ng1\ng2\ng3\n")
    assert boxes(tmp_path) == [[[5, 5, 30, 40]]] * 4
    assert check_folder(tmp_path) == []


def test_c1_a_folder_that_is_not_divided(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_folder(tmp_path, default={name: [CAT] for name in "abcd"})
    (tmp_path / "labelmap.txt").write_text("# label:color_rgb:parts:actions\ncat:::\n")
    assert [defect for defect in check_folder(root) if "is not divided" in defect and "arrange" in defect]
    assert usual_splits(root) == ("default", None)
    assert call("train", "--data", root, "--epochs", 1, "--batch-size", 2, "--device", "cpu", "--output",
                tmp_path / "run") == 0  # fmt: skip


def test_c3_lists_may_name_files(tmp_path: Path) -> None:
    root = make_folder(tmp_path, train={"g0": [CAT], "g1": [CAT]})
    write_list(root, "train", "g0.jpg\ng1.JPG\n")
    assert open_split(root, "train").names == ["g0", "g1"]
    assert check_folder(root) == []


def test_n2_a_picture_in_trainval_and_test(tmp_path: Path) -> None:
    root = make_folder(tmp_path, trainval={"a": [CAT], "b": [CAT]}, test={"b": [CAT], "c": [CAT]})
    assert [defect for defect in check_folder(root) if "b is in test.txt too" in defect]


def beside(root: Path, name: str, objects: Any = (CAT,), ending: str = ".xml", seed: int = 0) -> None:
    root.mkdir(parents=True, exist_ok=True)
    write_picture(root / f"{name}.jpg", seed)
    (root / f"{name}{ending}").write_text(xml(objects))


def test_c7_roboflows_division_is_kept_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in"
    for split, number in (("train", 4), ("valid", 2), ("test", 1)):
        for i in range(number):
            beside(source / split, f"IMG_{split}{i}_jpg.rf.{i:032}", seed=hash((split, i)) % 1000)
    assert usual_splits(source) == ("train", "val")
    assert len(open_split(source, "valid")) == len(open_split(source, "val")) == 2
    assert call("arrange", source, "--to", tmp_path / "out") == 0
    said = capsys.readouterr().out
    assert "4 pictures in train, 2 pictures in val, 1 pictures in test" in said
    assert "the division is that of" in said
    assert all(name.startswith("IMG_valid") for name in open_split(tmp_path / "out", "val").names)


def test_c10_an_annotation_may_have_the_pictures_suffix_in_its_name(tmp_path: Path) -> None:
    for i in range(3):
        beside(tmp_path, f"p{i}", ending=".jpg.xml", seed=i)
    assert boxes(tmp_path) == [[[5, 5, 30, 40]]] * 3


@pytest.mark.parametrize(
    ("at", "images", "split"),
    [
        ("train/_annotations.coco.json", "train", "train"),  # d11: Roboflow
        ("annotations/instances_default.json", "images", "default"),  # d11b: CVAT
        ("annotations/instances_Train.json", "images/Train", "train"),  # CVAT's subsets
        ("result.json", "images", "default"),  # Label Studio
    ],
)
def test_d11_cocos_other_folders_are_read_as_they_are(tmp_path: Path, at: str, images: str, split: str) -> None:
    root = coco(tmp_path, at=at, folder=images)
    assert boxes(root, split) == [[[5, 5, 30, 40]]] * 2
    assert usual_splits(root)[0].lower() == split


def test_roboflows_project_is_no_class(tmp_path: Path) -> None:
    categories = [
        {"id": 0, "name": "pets", "supercategory": "none"},
        {"id": 3, "name": "cat", "supercategory": "pets"},
    ]
    root = coco(tmp_path, at="train/_annotations.coco.json", folder="train", categories=categories)
    assert open_split(root, "train").classes == ("cat",)


def photograph(seed: int) -> Image.Image:
    blots = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(blots).resize((320, 240), Image.Resampling.BICUBIC)


def test_copies_of_a_photograph_stay_together_and_are_found_where_they_do_not(tmp_path: Path) -> None:
    source = tmp_path / "in"
    for i in range(8):
        for copy in range(3):
            beside(source, f"IMG{i}_jpg.rf.{copy:032}", seed=10 * i + copy)
    for i in range(6):
        beside(source, f"twin{i}", seed=100 + i % 3)  # equal bytes
        photograph(i % 3).save(source / f"twin{i}.jpg")
        (source / f"twin{i}.xml").write_text(xml([CAT], size=(320, 240)))
    photograph(0).resize((200, 150)).save(source / "twin6.jpg", quality=60)  # and saved again, smaller and worse
    (source / "twin6.xml").write_text(xml([CAT], size=(200, 150)))
    done = arrange_folder([source], tmp_path / "out", val=0.3, test=0.3)
    assert done.copies == 16 + 3 + 1
    assert check_folder(tmp_path / "out") == []
    place = {name: split for split, names in done.lists.items() for name in names}
    assert all(len({place[f"IMG{i}_jpg.rf.{copy:032}"] for copy in range(3)}) == 1 for i in range(8))
    assert place["twin0"] == place["twin3"] == place["twin6"]
    root = make_folder(tmp_path / "leak", train={"a": [CAT], "b": [CAT]}, test={"c": [CAT]})
    (root / "JPEGImages/c.jpg").write_bytes((root / "JPEGImages/b.jpg").read_bytes())
    assert [d for d in check_folder(root) if "b.jpg: is in train, and test has a copy of the same photograph" in d]


# --- COCO's references and names ----------------------------------------------------------------------------

ENTRY = {"id": 1, "image_id": 0, "category_id": 3, "bbox": [5, 5, 25, 35]}
COCO_ERRORS = {
    "d3": (
        {"annotations": [ENTRY | {"image_id": "0"}]},
        r"annotations: 1: image_id: '0' is none of the images; .*word",
    ),
    "d4": ({"annotations": [ENTRY | {"image_id": 9}]}, "annotations: 1: image_id: 9 is none of the images"),
    "d5a": (
        {"images": [{"id": 0, "file_name": f"p{i}.jpg", "width": WIDTH, "height": HEIGHT} for i in range(2)]},
        r"images: entry 1 \('p1.jpg'\): id: 0 is that of 'p0.jpg' too",
    ),
    "d8noname": ({"categories": [{"id": 3}]}, "categories: 3: name: None is no class's name"),
    "d8catname": ({"categories": [{"id": 3, "name": None}]}, "categories: 3: name: None is no class's name"),
    "n4": ({"categories": [{"id": 3, "name": 7}]}, "categories: 3: name: 7 is no class's name"),
    "no list": ({"categories": {"3": "cat"}}, "categories: {'3': 'cat'} is not a list"),
    "one name twice": ({"categories": [{"id": 3, "name": "a"}, {"id": 4, "name": "a"}]}, "3 and 4 are both 'a'"),
    "an id of none": ({"categories": [{"id": None, "name": "a"}]}, "entry 0: id: None is neither"),
    "an id beyond all": ({"categories": [{"id": 10**400, "name": "a"}]}, "entry 0: id: 10000.*… is neither"),
    "a number beyond all": ({"annotations": [ENTRY | {"bbox": [1, 2, 10**400, 4]}]}, "annotations: 1: bbox: "),
    "a crowd in words": (
        {"annotations": [ENTRY | {"iscrowd": "no"}]},
        "annotations: 1: iscrowd: 'no' is neither 0 nor",
    ),
    "an entry that is none": ({"annotations": [7]}, "annotations: entry 0: 7 is no object with fields"),
    "no annotations": ({"annotations": None}, "annotations: is missing"),
}


@pytest.mark.parametrize("case", COCO_ERRORS)
def test_what_does_not_fit_in_coco_names_file_and_entry(tmp_path: Path, case: str) -> None:
    changes, said = COCO_ERRORS[case]
    root = coco(tmp_path, **changes)
    with pytest.raises(DataError, match=rf"instances_train2017\.json: .*{said}"):
        boxes(root)
    assert any("instances_train2017.json" in defect for defect in check_folder(root))


@pytest.mark.parametrize(
    "name", ["../p0.jpg", "/etc/p0.jpg", "..\\p0.jpg", "C:\\p0.jpg", "a/../../p0.jpg", "", " ", None, 3]
)
def test_a_file_name_does_not_lead_outside(tmp_path: Path, name: Any) -> None:
    write_picture(tmp_path / "p0.jpg")
    root = coco(tmp_path / "in", 1, images=[{"id": 0, "file_name": name, "width": WIDTH, "height": HEIGHT}])
    with pytest.raises(DataError, match=r"images: 0: file_name: "):
        boxes(root)


def test_ids_may_be_words_and_mixed(tmp_path: Path) -> None:
    images = [{"id": key, "file_name": f"p{i}.jpg", "width": WIDTH, "height": HEIGHT} for i, key in enumerate(("x", 4))]
    annotations = [ENTRY | {"image_id": "x"}, ENTRY | {"id": None, "image_id": 4.0}]
    root = coco(tmp_path, images=images, annotations=annotations)
    assert open_split(root, "train2017").names == ["p1.jpg", "p0.jpg"]  # numbers before words
    assert boxes(root) == [[[5, 5, 30, 40]]] * 2


# --- judging ------------------------------------------------------------------------------------------------


def test_q1_crowd_and_mask_reach_the_judge(tmp_path: Path) -> None:
    small = ENTRY | {"category_id": 3, "bbox": [4, 4, 40, 40], "area": 700, "iscrowd": 0}
    crowd = ENTRY | {"id": 2, "bbox": [30, 10, 34, 30], "area": 1000, "iscrowd": 1}
    data = open_split(coco(tmp_path, 1, annotations=[small, crowd]), "train2017")
    found = {"boxes": torch.tensor([[4.0, 4, 44, 44], [46, 12, 56, 24]]), "labels": torch.tensor([1, 1]),
             "scores": torch.tensor([0.8, 0.9])}  # fmt: skip
    judged = evaluate_coco([found], [data[0][1]])
    assert (judged["AP"], judged["APs"]) == (pytest.approx(1), pytest.approx(1))


def test_i2b_where_there_is_nothing_to_judge_there_is_no_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_folder(tmp_path, test={"a": [("red", 5, 5, 30, 40, 1)]})
    nothing = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64), "scores": torch.zeros(0)}
    assert np.isnan(evaluate_voc([nothing], [open_split(root, "test")[0][1]], 2).mean_ap)
    save_model(tmp_path / "model.pt", small_dsod(), ("red", "blue"))
    assert call("evaluate", "--checkpoint", tmp_path / "model.pt", "--data", root, "--json", tmp_path / "a.json") == 0
    assert "0.000" not in capsys.readouterr().out
    assert json.loads((tmp_path / "a.json").read_text())["AP50"] is None


def test_a_broken_picture_in_val_ends_nothing(tmp_path: Path) -> None:
    root = make_folder(tmp_path, val={"a": [CAT], "b": [CAT], "c": [CAT]})
    add(root, "b", [CAT], ".png")
    (root / "JPEGImages/b.jpg").unlink()
    path = root / "JPEGImages/b.png"
    path.write_bytes(path.read_bytes()[:-60])
    data = open_split(root, "val")
    with pytest.warns(UserWarning, match=r"b\.png: cannot be read as a picture.*is left out"):
        found, targets = predict(Toy(), data, batch_size=2, progress=False)
    assert [len(target["boxes"]) for target in targets] == [1, 0, 1]
    assert [len(seen["boxes"]) for seen in found] == [1, 0, 1]


def test_a_jpeg_that_lacks_its_last_bytes_is_read_and_named(tmp_path: Path) -> None:
    root = make_folder(tmp_path, train={"a": [CAT], "b": [CAT]})
    path = root / "JPEGImages/b.jpg"
    whole = read_image(path)
    path.write_bytes(path.read_bytes()[:-120])
    with pytest.warns(UserWarning, match=r"b\.jpg: lacks its last bytes"):
        cut = read_image(path)
    assert torch.equal(cut[:, :24], whole[:, :24])
    assert [defect for defect in check_folder(root) if "b.jpg: lacks its last bytes" in defect]


def test_everything_at_once_says_what_it_is(tmp_path: Path) -> None:
    found = examine_folder(coco(tmp_path))
    assert (found.format, found.defects) == ("coco", [])
    assert found.counts == {"train2017": {"cat": 2}}


def test_every_file_of_cocos_kind_is_read(tmp_path: Path) -> None:
    """Two tasks of CVAT's, exported one by one; and COCO's own folders given one by one, which are no whole."""
    for i, task in enumerate(("a", "b")):
        coco(tmp_path / "cvat" / task, 2 - i, at="annotations/instances_default.json", folder="images/default")
    assert len(boxes(tmp_path / "cvat", "default")) == 3
    file = tmp_path / "cvat/b/annotations/instances_default.json"
    file.with_name("more.json").write_bytes(file.read_bytes())
    with pytest.raises(DataError, match=r"more\.json: images: 0: .*p0\.jpg is labelled at .*default\.json: images: 0 "):
        boxes(tmp_path / "cvat", "default")

    for split in ("train", "val"):
        coco(tmp_path / "coco", at=f"annotations/instances_{split}2017.json", folder=f"{split}2017")
    for path in (tmp_path / "coco/val2017").iterdir():
        path.rename(path.with_name(f"v{path.name}"))
    file = tmp_path / "coco/annotations/instances_val2017.json"
    file.write_text(file.read_text().replace('"p', '"vp'))
    parts = [tmp_path / "coco" / name for name in ("annotations", "train2017", "val2017")]
    done = arrange_folder(parts, tmp_path / "out")
    assert done.kept
    assert {split: len(names) for split, names in done.lists.items()} == {"train": 2, "val": 2}


@pytest.mark.parametrize("order", list(itertools.permutations(("images", "annotations", "categories"))))
def test_a_large_file_of_cocos_kind_is_recognised(order: tuple[str, ...], tmp_path: Path) -> None:
    """The name of the middle list is far from the file's beginning and its end."""
    coco(tmp_path, at="labels.json", folder="images")
    content = json.loads((tmp_path / "labels.json").read_text())
    times = {"images": 5000, "annotations": 5000, "categories": 1}
    (tmp_path / "labels.json").write_text(json.dumps({field: content[field] * times[field] for field in order}))
    assert recognise(Files(tmp_path)).name == "coco"

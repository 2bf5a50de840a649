"""Every format that is written, from one set, and read back; and what each tool's own files look like."""

import json
import random
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from folders import add, write_list, write_picture
from PIL import Image
from tiny import small_dsod

from dsod_lite import __main__
from dsod_lite.commands import train as train_command
from dsod_lite.datasets import DataError, arrange_folder, check_folder, open_split
from dsod_lite.datasets.formats.table import FORMATS, WRITTEN, read_folder
from dsod_lite.datasets.labels import upright
from dsod_lite.weights.checkpoint import save_model

Read = dict[str, dict[str, list[tuple[str, list[float]]]]]
"""List -> picture -> class and box of its objects, in its order."""


def contents(root: Path) -> Read:
    """All that a folder's labels say, boxes in pixels of the upright picture."""
    _, labels = read_folder(root)
    return {
        split: {
            Path(picture.name).stem: [(o.name, [*o.box]) for o in upright(picture).objects]
            for picture in labels.pictures(split)
        }
        for split in labels.splits
    }


def assert_same(a: Read, b: Read, pixels: float) -> None:
    assert a.keys() == b.keys()
    for split in a:
        assert a[split].keys() == b[split].keys()
        for name, objects in a[split].items():
            assert [one[0] for one in objects] == [one[0] for one in b[split][name]]
            for (_, box), (_, other) in zip(objects, b[split][name], strict=True):
                assert other == pytest.approx(box, abs=pixels)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """VOC's layout with pictures of many sizes, one of them turned, names and classes in several scripts."""
    root = tmp_path_factory.mktemp("source")
    draw = random.Random(0)
    lists = {"train": ["a", "Käfer im Gras", "猫", "turned"], "val": ["b 1"], "test": ["c", "empty"]}
    for split, names in lists.items():
        for name in names:
            width, height = draw.randrange(40, 900), draw.randrange(40, 700)
            objects: list[Any] = []
            for _ in range(0 if name == "empty" else 3):
                x, y = draw.uniform(0, width - 20), draw.uniform(0, height - 20)
                x1, y1 = draw.uniform(x + 5, width), draw.uniform(y + 5, height)
                objects.append((draw.choice(["dog", "Kätzchen & Co", "猫 $1"]), *(f"{v:.2f}" for v in (x, y, x1, y1))))
            add(root, name, objects)
            blocks = Image.effect_noise((width, height), 90).convert("RGB")
            exif = Image.Exif()
            exif[0x0112] = 6 if name == "turned" else 1
            blocks.save(root / f"JPEGImages/{name}.jpg", exif=exif)
            text = (root / f"Annotations/{name}.xml").read_text(encoding="utf-8")
            text = text.replace("<width>64", f"<width>{width}").replace("<height>48", f"<height>{height}")
            (root / f"Annotations/{name}.xml").write_text(text, encoding="utf-8")
        write_list(root, split, "\n".join(names) + "\n")
    return root


@pytest.fixture(scope="module")
def written(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same set in each format."""
    root = tmp_path_factory.mktemp("written")
    for name in WRITTEN:
        arrange_folder([source], root / name, format=name)
    return {name: root / name for name in WRITTEN}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_is_recognised_and_read_back(name: str, source: Path, written: dict[str, Path]) -> None:
    row, labels = read_folder(written[name])
    assert row.name == name
    assert_same(contents(source), contents(written[name]), pixels=0.02)
    assert set(labels.classes) == {"dog", "Kätzchen & Co", "猫 $1"}
    assert check_folder(written[name]) == []


@pytest.mark.parametrize("name", WRITTEN)
def test_any_becomes_any_other(name: str, source: Path, written: dict[str, Path], tmp_path: Path) -> None:
    other = list(WRITTEN)[(list(WRITTEN).index(name) + 3) % len(WRITTEN)]
    done = arrange_folder([written[name]], tmp_path / "out", format=other)
    assert done.kept
    assert_same(contents(source), contents(tmp_path / "out"), pixels=0.05)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_command_gets_the_same_items(name: str, source: Path, written: dict[str, Path]) -> None:
    ours, theirs = (open_split(root, "val", ("dog", "猫 $1", "Kätzchen & Co")) for root in (source, written[name]))
    assert ours[0][1]["labels"].tolist() == theirs[0][1]["labels"].tolist()
    assert ours.sizes == theirs.sizes


@pytest.mark.parametrize("name", WRITTEN)
def test_every_command_takes_it(
    name: str, written: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    monkeypatch.setattr(train_command, "train", lambda *arguments: made.append(arguments))
    classes = ("dog", "Kätzchen & Co", "猫 $1")
    save_model(tmp_path / "model.pt", small_dsod(num_classes=4), classes)
    judged = ("--checkpoint", tmp_path / "model.pt")

    def call(*words: object) -> int:
        monkeypatch.setattr(sys, "argv", ["dsod_lite/__main__.py", *map(str, words)])
        return __main__.main()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert call("train", "--data", written[name], "--epochs", 1, "--output", tmp_path / "run") == 0
        assert call("evaluate", "--data", written[name], "--split", "val", *judged) == 0
        assert call("detect", written[name], "--split", "test", "--output", tmp_path / "seen", *judged) == 0
        assert call("prepare", written[name], "--to", tmp_path / "small", "--size", 32) == 0
    assert [len(data) for data in made[0][1:3]] == [4, 1]
    assert len(json.loads((tmp_path / "seen/detections.json").read_text())) == 2
    assert len(open_split(tmp_path / "small", "train")) == 4


def test_the_table_has_names_and_words_of_its_own() -> None:
    assert len({row.name for row in FORMATS}) == len({row.words for row in FORMATS}) == len(FORMATS)
    assert {"voc", "coco", "yolo", "labelme", "cvat", "csv", "label-studio"} <= WRITTEN.keys()


# --- as the tools themselves write ---------------------------------------------------------------------------


def put(root: Path, **files: str) -> Path:
    """Files by name, with "__" for a folder and "_dot_" for a point; and a picture of 64×48 for each .jpg."""
    for name, content in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_picture(path, len(name)) if path.suffix == ".jpg" else path.write_text(content, encoding="utf-8")
    return root


BOX = [("cat", [16.0, 12.0, 48.0, 36.0])]
YOLO_LINE = "0 0.5 0.5 0.5 0.5\n"
TASK = {
    "data": {"image": "/data/upload/1/0a1b2c3d-a.jpg"},
    "annotations": [
        {"was_cancelled": True, "result": [{"value": {"rectanglelabels": ["dog"], "x": 0}}]},
        {"result": [
            {"type": "choices", "value": {"choices": ["sharp"]}},
            {"original_width": 64, "original_height": 48, "image_rotation": 0,
             "value": {"x": 25, "y": 25, "width": 50, "height": 50, "rotation": 0, "rectanglelabels": ["cat"]}},
        ]},
    ],
}  # fmt: skip
SHORT = [{"image": "/data/local-files/?d=pictures/a.jpg", "label": [
    {"x": 25, "y": 25, "width": 50, "height": 50, "rectanglelabels": ["cat"], "original_width": 64,
     "original_height": 48}]}]  # fmt: skip
POLYGON = "0 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n"
CVAT = "<annotations><meta><task><labels><label><name>cat</name></label></labels></task></meta>{}</annotations>"
IMAGE = '<image id="0" name="a.jpg" width="64" height="48">{}</image>'
SHAPES = {"version": "5.0.1", "shapes": [{"label": "cat", "points": [[48, 36], [16, 12]], "shape_type": "rectangle"}],
          "imagePath": "a.jpg", "imageData": None, "imageHeight": 48, "imageWidth": 64}  # fmt: skip
EXPORTS: dict[str, tuple[str, dict[str, str]]] = {
    "YOLO by Ultralytics": ("train", dict(
        data_dot_yaml="path: ../datasets/pets\ntrain: images/train\nval: images/val\nnames:\n  0: cat\n  1: dog\n",
        images__train__a_dot_jpg="", labels__train__a_dot_txt=YOLO_LINE, images__val__b_dot_jpg="",
    )),
    "YOLO by Roboflow": ("train", dict(
        data_dot_yaml="train: ../train/images\nval: ../valid/images\nnc: 2\nnames: ['cat', 'dog']\n",
        train__images__a_dot_jpg="", train__labels__a_dot_txt=YOLO_LINE, valid__images__b_dot_jpg="",
    )),
    "YOLO by Roboflow, all of it in train": ("train", dict(
        data_dot_yaml="train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\nnc: 1\nnames: ['cat']\n\n"
        "roboflow:\n  workspace: pets\n  version: 1\n",
        train__images__a_dot_jpg="", train__labels__a_dot_txt=YOLO_LINE,
    )),
    "YOLO by LabelImg": ("default", dict(a_dot_jpg="", a_dot_txt=YOLO_LINE, classes_dot_txt="cat\ndog\n")),
    "YOLO by Label Studio": ("default", dict(
        images__a_dot_jpg="", labels__a_dot_txt=YOLO_LINE, classes_dot_txt="cat\n", notes_dot_json='{"info": {}}',
    )),
    "YOLO by CVAT": ("train", dict(
        obj_dot_data="classes = 1\ntrain = data/train.txt\nnames = data/obj.names\n", obj_dot_names="cat\n",
        train_dot_txt="data/obj_train_data/a.jpg\n", obj_train_data__a_dot_jpg="",
        obj_train_data__a_dot_txt=YOLO_LINE,
    )),
    "YOLO for Darknet by Roboflow": ("train", dict(
        train__a_dot_jpg="", train__a_dot_txt=YOLO_LINE, train___darknet_dot_labels="cat\ndog",
    )),
    "YOLO's polygons": ("default", dict(a_dot_jpg="", a_dot_txt=POLYGON, classes_dot_txt="cat\n")),
    "LabelMe": ("default", dict(a_dot_jpg="", a_dot_json=json.dumps(SHAPES))),
    "LabelMe, with a place to be ignored": ("default", dict(a_dot_jpg="", a_dot_json=json.dumps(SHAPES).replace(
        '"shapes": [', '"shapes": [{"label": "__ignore__", "points": [[0, 0], [9, 9]]}, '))),
    "CVAT's boxes": ("default", dict(images__a_dot_jpg="", annotations_dot_xml=CVAT.format(
        IMAGE.format('<box label="cat" xtl="16" ytl="12" xbr="48" ybr="36"/><tag label="sharp"/>')))),
    "CVAT's polygons": ("default", dict(a_dot_jpg="", annotations_dot_xml=CVAT.format(
        IMAGE.format('<polygon label="cat" points="16,12;48,12;48,36"/>')))),
    "CVAT's turned ellipse": ("default", dict(images__a_dot_jpg="", annotations_dot_xml=CVAT.format(
        IMAGE.format('<ellipse label="cat" cx="32" cy="24" rx="12" ry="16" rotation="90.0"/>')))),
    "CVAT's cuboid": ("default", dict(images__a_dot_jpg="", annotations_dot_xml=CVAT.format(IMAGE.format(
        '<cuboid label="cat" xtl1="16" ytl1="14" xbl1="16" ybl1="34" xtr1="40" ytr1="14" xbr1="40" ybr1="36" '
        'xtl2="48" ytl2="12" xbl2="48" ybl2="30" xtr2="44" ytr2="12" xbr2="44" ybr2="30"/>')))),
    "COCO by Roboflow, with numbers as words": ("train", dict(
        train__a_dot_jpg="", train___annotations_dot_coco_dot_json=json.dumps({
            "images": [{"id": 0, "file_name": "a.jpg", "height": 48, "width": 64}],
            "annotations": [{"id": 0, "image_id": 0, "category_id": 1, "bbox": [16, 12, "32.0000", "24.0000"],
                             "area": "768.000"}],
            "categories": [{"id": 0, "name": "pets", "supercategory": "none"},
                           {"id": 1, "name": "cat", "supercategory": "pets"}]}))),
    "COCO by VIA": ("default", dict(
        a_dot_jpg="", via_export_coco_dot_json=json.dumps({
            "info": {"description": "Exported using VGG Image Annotator (http://www.robots.ox.ac.uk/~vgg/software/via/)"},
            "images": [{"id": 0, "width": 64, "height": 48, "file_name": "a.jpg"}],
            "annotations": [{"id": i, "image_id": "0", "category_id": 1, "area": 768, "bbox": [16, 12, 32, 24],
                             "segmentation": [16, 12, 48, 12, 48, 36, 16, 36], "iscrowd": 0} for i in range(2)],
            "categories": [{"id": 1, "name": "cat", "supercategory": "pet"}] * 2}))),
    "CVAT's skeleton": ("default", dict(images__a_dot_jpg="", annotations_dot_xml=CVAT.format(IMAGE.format(
        '<skeleton label="cat"><points label="tail" outside="0" points="16,36"/>'
        '<points label="paw" outside="1" points="0,0"/><points label="ear" outside="0" points="48,12"/></skeleton>')))),
    "CSV by Roboflow": ("train", dict(
        train__a_dot_jpg="", train___annotations_dot_csv="filename,width,height,class,xmin,ymin,xmax,ymax\n"
        "a.jpg,64,48,cat,16,12,48,36\n")),
    "CSV by VoTT": ("default", dict(
        a_dot_jpg="", pets_dot_csv='"image","xmin","ymin","xmax","ymax","label"\n"a.jpg",16.0,12.0,48.0,36.0,"cat"\n')),
    "CSV of RetinaNet": ("default", dict(images__a_dot_jpg="", labels_dot_csv="images/a.jpg,16,12,48,36,cat\n")),
    "CSV by makesense.ai": ("default", dict(a_dot_jpg="", labels_dot_csv="cat,16,12,32,24,a.jpg,64,48\n")),
    "CSV of Open Images": ("val", {"pictures__a_dot_jpg": "", "class-descriptions-boxable_dot_csv": "/m/01yrx,cat\n",
        "validation-annotations-bbox_dot_csv": "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,"
        "IsTruncated,IsGroupOf,IsDepiction,IsInside\na,xclick,/m/01yrx,1,0.25,0.75,0.25,0.75,0,1,0,0,0\n"}),
    "Label Studio": ("default", dict(a_dot_jpg="", project_dot_json=json.dumps([TASK]))),
    "Label Studio, turned to be looked at": ("default", dict(a_dot_jpg="", project_dot_json=json.dumps(
        # its boxes are those of the picture as it lies: Image.js turns the stage alone
        [TASK]).replace('"image_rotation": 0', '"image_rotation": 90'))),
    "Label Studio, behind a signed address": ("default", dict(a_dot_jpg="", project_dot_json=json.dumps(
        [TASK | {"data": {"image": "https://bucket.example/pets/a.jpg?X-Amz-Expires=60&X-Amz-Signature=0a1b"}}]))),
    "Label Studio's turned box": ("default", dict(a_dot_jpg="", project_dot_json=json.dumps(
        [{"data": {"image": "a.jpg"}, "annotations": [{"result": [{"original_width": 64, "original_height": 48, "value":
         {"x": 75, "y": 25, "width": 37.5, "height": 200 / 3, "rotation": 90, "rectanglelabels": ["cat"]}}]}]}]))),
    "Label Studio's short form": ("default", dict(pictures__a_dot_jpg="", project_dot_json=json.dumps(SHORT))),
}  # fmt: skip


@pytest.mark.parametrize("tool", EXPORTS)
def test_exports_of_the_tools(tmp_path: Path, tool: str) -> None:
    split, files = EXPORTS[tool]
    found = contents(put(tmp_path, **files))
    name, objects = next(iter(found[split].items()))
    assert name == "a"
    assert [(objects[0][0], pytest.approx(objects[0][1], abs=1e-4))] == BOX


def complaint(root: Path, **files: str) -> str:
    put(root, **files)
    with pytest.raises(DataError) as error:
        contents(root)
    return str(error.value)


BROKEN: dict[str, tuple[dict[str, str], str]] = {
    "a class that yaml lacks": (dict(
        data_dot_yaml="train: images\nnames: [cat]\n", images__a_dot_jpg="", labels__a_dot_txt="1 0.5 0.5 0.5 0.5"),
        "labels/a.txt: line 1: class 1 is none of the 1 names"),
    "pixels for fractions": (dict(a_dot_jpg="", a_dot_txt="0 32 24 10 10", classes_dot_txt="cat"),
        "a.txt: line 1: '0 32 24 10 10': these are no fractions of the picture"),
    "a folder that is not there": (dict(data_dot_yaml="train: gone\nval: 7\nnames: [cat]\n", a_dot_jpg=""),
        "data.yaml: train: 'gone': there is no such folder here; if there is none at all, take the line out"),
    "names that are none": (dict(data_dot_yaml="train: images\nnames: 3\n", images__a_dot_jpg=""),
        "data.yaml: names: 3 is no list of names"),
    "a shape without points": (dict(a_dot_jpg="", a_dot_json='{"shapes": [{"label": "cat", "points": []}]}'),
        "a.json: shapes: 0 (cat): points: [] are no places"),
    "a picture that CVAT lost": (dict(annotations_dot_xml=CVAT.format(IMAGE.format(""))),
        "annotations.xml: image 0: 'a.jpg': there is no such picture"),
    "a picture that could be two": (dict(annotations_dot_xml=CVAT.format(IMAGE.format("")),
        images__a_dot_jpg="", masks__a_dot_jpg=""),
        "annotations.xml: image 0: 'a.jpg': it could be images/a.jpg or masks/a.jpg"),
    "a picture of COCO's that could be two": (dict(images__a_dot_jpg="", masks__a_dot_jpg="", labels__all_dot_json=
        json.dumps({"images": [{"id": 0, "file_name": "a.jpg"}], "annotations": [], "categories": []})),
        "all.json: images: 0: file_name: {root}/labels/a.jpg: it could be images/a.jpg or masks/a.jpg"),
    "two tables of one picture": (dict(a_dot_jpg="", **{f"{name}_dot_csv":
        "image,class,xmin,ymin,xmax,ymax\na.jpg,cat,1,2,3,4\n" for name in ("new", "old")}),
        "old.csv: line 2: "),
    "VIA's JSON": (dict(a_dot_jpg="", via_dot_json='{"a.jpg9": {"regions": [{"shape_attributes": {}}]}}'),
        "that are known: via.json is VIA's JSON; export it as COCO"),
    "VIA's CSV": (dict(a_dot_jpg="", via_dot_csv="filename,region_shape_attributes\na.jpg,{}\n"),
        "that are known: via.csv is VIA's CSV; export it as COCO"),
    "VoTT's JSON": (dict(a_dot_jpg="", pets_dot_json='{"assets": {"0": {"asset": {}, "regions": []}}}'),
        "that are known: pets.json is VoTT's JSON; export it as CSV or Pascal VOC"),
    "CreateML's JSON": (dict(a_dot_jpg="", all_dot_json=
        '[{"image": "a.jpg", "annotations": [{"label": "cat", "coordinates": {"x": 32}}]}]'),
        "that are known: all.json is CreateML's JSON; export it as COCO or Pascal VOC"),
    "Labelbox's JSON": (dict(a_dot_jpg="", all_dot_json='[{"ID": "0", "Labeled Data": "a.jpg", "Label": {}}]'),
        "that are known: all.json is Labelbox's JSON; export it as COCO"),
    "a table with other columns": (dict(a_dot_jpg="", wheat_dot_csv='image_id,width,height,bbox\na,64,48,"[1,2,3,4]"'),
        "that are known: wheat.csv begins with 'image_id,width,height,bbox'; it needs columns such as filename, class"),
    "YOLO's files with other pictures": (dict(a_dot_jpg="", b_dot_txt=YOLO_LINE, obj_dot_names="cat\n"),
        "that are known: b.txt is as YOLO's files are, and no picture has its name"),
    "Roboflow's text for Keras": (dict(train__a_dot_jpg="", train___annotations_dot_txt="a.jpg 16,12,48,36,0\n"),
        "that are known: train/_annotations.txt is Roboflow's text for Keras; export it as COCO or Pascal VOC"),
    "labels without pictures": (dict(a_dot_txt=YOLO_LINE, obj_dot_names="cat\n"),
        ": 0 pictures, and no labels that are known: labels are read with their pictures: put these into the folder"),
    "a video": (dict(annotations_dot_xml=CVAT.format('<track id="0" label="cat"/>')), "has the tracks of a video"),
    "a cell that is no number": (dict(a_dot_jpg="", b_dot_csv="image,class,xmin,ymin,xmax,ymax\na.jpg,cat,1,2,3,x\n"),
        "b.csv: line 2 (cat): "),
    "two tasks of one picture": (dict(a_dot_jpg="", t_dot_json=json.dumps([TASK, TASK])),
        "t.json: task 1: "),
    "two files of one picture": (dict(a_dot_jpg="", annotations_dot_xml=CVAT.format(IMAGE.format("")),
        old__annotations_dot_xml=CVAT.format(IMAGE.format(""))),
        "old/annotations.xml: image 0: "),
    "percent that are none": (dict(a_dot_jpg="", t_dot_json=json.dumps(
        [{"data": {"image": "a.jpg"}, "annotations": [{"result": [{"value": {"rectanglelabels": ["cat"]}}]}]}])),
        "t.json: task 0: result 0 (cat): "),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_what_cannot_be_read_names_file_and_place(tmp_path: Path, kind: str) -> None:
    files, said = BROKEN[kind]
    assert said.replace("{root}", str(tmp_path)) in complaint(tmp_path, **files)


def test_crowds_are_no_objects_to_a_format_without_them(tmp_path: Path) -> None:
    put(tmp_path / "in", images__a_dot_jpg="")
    box = {"image_id": 1, "category_id": 1, "bbox": [1, 1, 20, 20]}
    content = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
        "annotations": [box | {"id": 1}, box | {"id": 2, "iscrowd": 1}],
        "categories": [{"id": 1, "name": "cat"}],
    }
    (tmp_path / "in/instances.json").write_text(json.dumps(content))
    assert arrange_folder([tmp_path / "in"], tmp_path / "yolo", val=0, test=0, format="yolo").crowds == 1
    assert arrange_folder([tmp_path / "in"], tmp_path / "coco", val=0, test=0, format="coco").crowds == 0
    assert [len(contents(tmp_path / name)["train"]["a"]) for name in ("yolo", "coco")] == [1, 2]


def test_key_points_behind_a_box_are_no_polygon(tmp_path: Path) -> None:
    """Four points with a mark each are sixteen numbers, as many as a polygon of eight corners has."""
    points = "0.1 0.1 2 0.9 0.1 1 0.9 0.9 2 0 0 0"
    put(tmp_path, a_dot_jpg="", a_dot_txt=f"{YOLO_LINE.strip()} {points}\n",
        data_dot_yaml="train: .\nkpt_shape: [4, 3]\nnames: [cat]\n")  # fmt: skip
    assert contents(tmp_path)["train"]["a"] == BOX


def test_cvats_labels_of_whole_pictures_and_of_a_skeletons_points_are_no_classes(tmp_path: Path) -> None:
    head = "<label><name>cat</name><type>rectangle</type></label><label><name>indoors</name><type>tag</type></label>"
    point = "<label><name>ear</name><type>points</type><parent>cat</parent></label>"
    meta = f"<meta><project><labels>{head}{point}</labels></project></meta>"
    text = f"<annotations>{meta}{IMAGE.format('')}</annotations>"
    assert read_folder(put(tmp_path, a_dot_jpg="", annotations_dot_xml=text))[1].classes == ("cat",)


def test_a_file_of_labels_is_found_by_a_picture_whose_name_has_other_capitals(tmp_path: Path) -> None:
    """On Windows the two are one name; a.json is B.jpg's by none, and A.jpg's only while no picture is called a."""
    put(tmp_path, A_dot_jpg="", a_dot_json=json.dumps(SHAPES), B_dot_jpg="")
    assert contents(tmp_path) == {"default": {"A": BOX}}
    put(tmp_path, more__a_dot_jpg="")
    assert list(contents(tmp_path)["default"]) == ["a"]


def test_a_box_in_fractions_that_reaches_over_is_shown_in_pixels(tmp_path: Path) -> None:
    put(tmp_path, train__a_dot_jpg="", train__a_dot_txt="0 0.5 0.5 1.5 0.5\n", classes_dot_txt="cat\n")
    where = f"{tmp_path}/train/a.txt: object 0 (cat): box: (-16.0, 12.0, 80.0, 36.0)"
    assert check_folder(tmp_path) == [f"{where} reaches over the picture's 64×48"]


def test_an_empty_line_among_yolos_names_moves_no_class(tmp_path: Path) -> None:
    files = dict(a_dot_jpg="", a_dot_txt="1 0.5 0.5 0.5 0.5\n")
    assert "classes.txt: names: one of them is empty" in complaint(tmp_path, **files, classes_dot_txt="cat\n\ndog\n")
    put(tmp_path, classes_dot_txt="dog\ncat\n\n", a_dot_txt="\n1 0.5 0.5 0.5 0.5\n")
    assert contents(tmp_path)["default"]["a"] == BOX
    assert "a.txt: line 2: class 7 is none of the 2 names" in complaint(tmp_path, a_dot_txt="\n7 0.5 0.5 0.5 0.5\n")


@pytest.mark.parametrize("yaml", ["train: train.txt\nval: val.txt\nnames: [cat]\n", None])
def test_a_list_that_names_a_missing_picture_is_a_list_all_the_same(yaml: str | None, tmp_path: Path) -> None:
    """Of an absolute path as much is taken as is here; "1.jpg" alone would be either of two."""
    for split, last in (("train", "2"), ("val", "3")):
        put(tmp_path, **{f"images__{split}__{name}_dot_jpg": "" for name in "12"})
        put(tmp_path, **{f"labels__{split}__{name}_dot_txt": YOLO_LINE for name in "12"})
        put(tmp_path, **{f"{split}_dot_txt": f"C:\\me\\images\\{split}\\1.jpg\n\n/me/images/{split}/{last}.jpg\n"})
    put(tmp_path, **({"data_dot_yaml": yaml} if yaml else {"classes_dot_txt": "cat\n"}))
    labels = read_folder(tmp_path)[1]
    assert [p.path for p in labels.pictures("train")] == [tmp_path / f"images/train/{name}.jpg" for name in "12"]
    assert labels.entries("val")[0].path == tmp_path / "images/val/1.jpg"
    assert check_folder(tmp_path) == [
        f"{tmp_path}/val.txt: line 3: '/me/images/val/3.jpg': there is no such picture in {tmp_path}"
    ]


def test_a_group_of_open_images_is_a_crowd(tmp_path: Path) -> None:
    rows = "ImageID,LabelName,XMin,XMax,YMin,YMax,IsGroupOf\na,/m/01yrx,0,1,0,1,1\na,/m/01yrx,0.5,1,0,0.5,0\n"
    labels = read_folder(put(tmp_path, a_dot_jpg="", boxes_dot_csv=rows))[1]
    (picture,) = labels.pictures(labels.splits[0])
    assert [(item.name, item.crowd) for item in picture.objects] == [("/m/01yrx", True), ("/m/01yrx", False)]
    assert [item.box for item in upright(picture).objects] == [(0, 0, 64, 48), (32, 0, 64, 24)]


def test_a_picture_that_is_in_no_list_is_no_leak(tmp_path: Path) -> None:
    head = "image,class,xmin,ymin,xmax,ymax"
    files = {f"{split}__labels_dot_csv": f"{head}\n{split}.jpg,cat,1,2,9,9\n" for split in ("train", "val")}
    assert [line.partition(": ")[0] for line in check_folder(put(tmp_path, **files, a_dot_jpg=""))] == [
        f"{tmp_path}/{split}/labels.csv" for split in ("train", "val")
    ]


def test_data_yaml_may_name_a_test_that_is_not_here_and_lie_in_a_folder(tmp_path: Path) -> None:
    """Ultralytics looks for test only when it is asked to; its coco.yaml names one that few have."""
    lists = "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n"
    put(tmp_path, config__data_dot_yaml=f"{lists}names: [cat]",
        train__images__a_dot_jpg="", train__labels__a_dot_txt=YOLO_LINE, valid__images__b_dot_jpg="")  # fmt: skip
    assert contents(tmp_path) == {"train": {"a": BOX}, "val": {"b": []}}


def test_a_picture_without_labels_has_not_those_of_its_namesake(tmp_path: Path) -> None:
    put(tmp_path, data_dot_yaml="train: train/images\nval: valid/images\nnames: [cat]",
        train__images__a_dot_jpg="", valid__images__a_dot_jpg="", valid__labels__a_dot_txt=YOLO_LINE)  # fmt: skip
    assert contents(tmp_path) == {"train": {"train_images_a": []}, "val": {"valid_images_a": BOX}}


def test_a_task_that_nobody_has_done_is_no_background(tmp_path: Path) -> None:
    undone = [{"data": {"image": "b.jpg"}, "annotations": []},
              {"data": {"image": "c.jpg"}, "annotations": [{"was_cancelled": True, "result": []}]},
              {"data": {"image": "empty.jpg"}, "annotations": [{"result": []}]}]  # fmt: skip
    pictures = {f"{name}_dot_jpg": "" for name in ("a", "b", "c", "empty")}
    put(tmp_path, **pictures, project_dot_json=json.dumps([TASK, *undone]))
    assert contents(tmp_path)["default"] == {"a": [("cat", pytest.approx(BOX[0][1]))], "empty": []}
    assert arrange_folder([tmp_path], tmp_path / "out", val=0, test=0).pictures_alone == [
        tmp_path / f"{name}.jpg" for name in ("b", "c")
    ]

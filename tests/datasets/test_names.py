"""Names and files that nobody should send, and somebody does: pictures, boxes and classes stay what they were."""

import csv
import json
import os
import time
from collections import Counter
from pathlib import Path

import pytest
from folders import make_folder
from PIL import Image

from dsod_lite.datasets import DataError, arrange_folder, check_folder, open_split
from dsod_lite.datasets.files import Files
from dsod_lite.datasets.formats.table import WRITTEN, read_folder
from dsod_lite.datasets.names import folded, free_name, unique_names

PICTURES = [
    "1.png", "1.bmp",  # the same but for the suffix
    "a/b.png", "c/b.png", "a_b.png",  # the same with their folders
    "M.png", "d/m.png",  # the same on a disk that knows no case
    "\u00e9.png", "d/e\u0301.png",  # the same on a Mac
    "=2+3.png", "-1.png", "a+b&c#d%41.png", " s.png",
    *(["end .png", "two\nlines.png", "l\u2028s.png", "a\x07.png", "q?.png", os.fsdecode(b"\xff\xfe.png")]
      if os.name == "posix" else []),
]  # fmt: skip


def coco(root: Path, pictures: list[str], classes: list[str]) -> Path:
    """A folder of COCO's. Picture i has the colour i, and a box that begins i pixels from the left."""
    images, annotations = [], []
    for i, name in enumerate(pictures):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 48), (10 * i, 0, 0)).save(path)
        images.append({"id": i, "file_name": name, "width": 64, "height": 48})
        annotations.append({"id": i, "image_id": i, "category_id": i % len(classes), "bbox": [i, 5, 20, 20]})
    categories = [{"id": i, "name": name} for i, name in enumerate(classes)]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (root / "labels.json").write_text(json.dumps(content), encoding="ascii")
    return root


@pytest.mark.parametrize("name", WRITTEN)
def test_no_picture_takes_the_place_or_the_boxes_of_another(name: str, tmp_path: Path) -> None:
    source = coco(tmp_path / "in", PICTURES, ["=1+1", "'@x", "</name>", "x: y #z"])
    done = arrange_folder([source], tmp_path / "out", val=0.5, test=0, format=name)
    names = [name for own in done.lists.values() for name in own]
    assert len({folded(name) for name in names}) == len(names) == len(PICTURES)
    found = []
    for split in done.lists:
        data = open_split(tmp_path / "out", split)
        for image, target in (data[i] for i in range(len(data))):
            number = round(float(image[0, 0, 0]) * 255) // 10
            assert target["boxes"][0, 0].item() == pytest.approx(number, abs=0.1)
            found.append((number, data.classes[int(target["labels"][0]) - 1]))
    assert sorted(found) == [(i, ["=1+1", "'@x", "</name>", "x: y #z"][i % 4]) for i in range(len(PICTURES))]


def test_names_are_found_again_without_looking_through_all() -> None:
    assert unique_names(["a/b.jpg", "c/b.jpg", "a_b.jpg", "d.jpg"]) == {
        "a/b.jpg": "a_b", "c/b.jpg": "c_b", "a_b.jpg": "a_b-2", "d.jpg": "d",
    }  # fmt: skip
    used: Counter[str] = Counter()
    assert [free_name(name, used) for name in ("a", "A", "a-2", "a")] == ["a", "A-2", "a-2-2", "a-3"]
    before = time.process_time()
    assert len(set(unique_names(f"{i}/frame.jpg" for i in range(20_000)).values())) == 20_000
    assert free_name("frame", Counter({"frame": 1, **{f"frame-{i}": 1 for i in range(2, 9)}})) == "frame-9"
    print(f"{time.process_time() - before:.2f} s")


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("wrong", ["c\x01t", "\ud800", "two\r\nlines"])
def test_a_class_that_would_not_be_read_back_is_refused(wrong: str, name: str, tmp_path: Path) -> None:
    source = coco(tmp_path / "in", ["a.png", "b.png"], [wrong, "dog"])
    with pytest.raises(DataError, match=r"the class .* has characters that labels cannot be written with"):
        arrange_folder([source], tmp_path / "out", format=name)
    assert not (tmp_path / "out").exists()


def test_spaces_around_a_class_make_no_other_class(tmp_path: Path) -> None:
    source = coco(tmp_path / "in", ["a.png", "b.png"], ["cat", "cat "])
    with pytest.raises(DataError, match="categories: 0 and 1 are both 'cat'"):
        arrange_folder([source], tmp_path / "out")


def test_a_spreadsheet_computes_nothing(tmp_path: Path) -> None:
    source = coco(tmp_path / "in", ["=1.png", "+2.png", "@3.png"], ['=HYPERLINK("x")', "-2+3", "'=1"])
    arrange_folder([source], tmp_path / "out", val=0, test=0, format="csv")
    with open(tmp_path / "out/train/_annotations.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows[1:]] == ["'+2.png", "'=1.png", "'@3.png"]
    assert sorted(row[3] for row in rows[1:]) == ["''=1", "'-2+3", "'=HYPERLINK(\"x\")"]
    assert set(read_folder(tmp_path / "out")[1].classes) == {'=HYPERLINK("x")', "-2+3", "'=1"}


ALIASES = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        f"{ALIASES}names: *i\ntrain: train\n",
        f"{ALIASES}names: [x]\ntrain: [*i]\n",
        "train: train\nnames: " + "[" * 20_000,
    ],
)
def test_a_bomb_of_yaml_is_refused_unread(text: str, tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    Image.new("RGB", (64, 48)).save(tmp_path / "train/a.png")
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(DataError, match=r"data.yaml: cannot be read as YAML: it has aliases"):
        read_folder(tmp_path)


@pytest.mark.parametrize("name", ["label-studio", "labelme", "coco"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_windows_own_encodings_are_recognised(encoding: str, name: str, tmp_path: Path) -> None:
    source = coco(tmp_path / "in", ["a.png", "b.png"], ["cat", "Kätzchen"])
    arrange_folder([source], tmp_path / "out", val=0, test=0, format=name)
    for path in tmp_path.glob("out/**/*.json"):
        path.write_text(path.read_text(encoding="utf-8"), encoding=encoding)
    row, labels = read_folder(tmp_path / "out")
    assert (row.name, set(labels.classes)) == (name, {"cat", "Kätzchen"})


def test_windows_spelling_is_found_by_the_other_unless_both_are_there(tmp_path: Path) -> None:
    for name in ("in/IMG_1.jpg", "in/b.png", "in/B.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    files = Files(tmp_path)
    if len(files.pictures) < 3:
        pytest.skip("this disk knows no case")
    found = [files.picture(name) for name in ("img_1.JPG", "C:\\me\\In\\b.png", "B.png", "B.PNG")]
    assert found == ["in/IMG_1.jpg", "in/b.png", "in/B.png", None]


def test_a_macs_spelling_is_found_by_the_other(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "e\u0301.png")
    assert Files(tmp_path).picture("elsewhere/\u00e9.png") in ("e\u0301.png", "\u00e9.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("part", ["JPEGImages/a.jpg", "Annotations/a.xml", "ImageSets/Main/train.txt"])
@pytest.mark.parametrize("kind", ["pipe", "/dev/zero", "itself", "nowhere"])
def test_what_would_be_read_for_ever_is_no_file(kind: str, part: str, tmp_path: Path) -> None:
    boxes = [("cat", 5, 5, 30, 30)]
    make_folder(tmp_path, train={"a": boxes, "b": boxes}, val={"c": boxes})
    path = tmp_path / part
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(path if kind == "itself" else kind)
    assert any(str(path) in defect and "there is no such" in defect for defect in check_folder(tmp_path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_pipes_and_circles_beside_the_labels_are_passed_over(tmp_path: Path) -> None:
    coco(tmp_path, ["a.png"], ["cat"])
    for name in ("more.json", "data.yaml", "x.xml", "x.csv", "b.png", "train.txt"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "circle").symlink_to(tmp_path)
    assert len(open_split(tmp_path, "default")) == 1


def test_a_folder_that_cannot_be_looked_into_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As another user's is, on a shared disk. `os.walk` alone goes on without its pictures."""
    (tmp_path / "test").mkdir()
    scandir = os.scandir

    def denied(path: str) -> object:
        if Path(path).name == "test":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(DataError, match=r"/test: cannot be read: Permission denied"):
        _ = Files(tmp_path).paths

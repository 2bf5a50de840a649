"""`check_folder` says every defect at once, and what it is silent about trains."""

import re
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from folders import HEIGHT, WIDTH, add, make_folder, write_list, xml
from hypothesis import given
from hypothesis import strategies as st

from dsod_lite.datasets import DataError, VOCDataset, check_folder

GOOD = ("cat", 8, 4, 40, 24)
BBOX = r"object 1 \(cat\): bndbox: \(.*\)"


def healthy(root: Path) -> Path:
    names = {"train": ("a", "b", "Käfer 3"), "val": ("c",), "test": ("d", "e")}
    make_folder(root, **{split: {name: [GOOD] for name in listed} for split, listed in names.items()})
    write_list(root, "cat_train", "a  1\nb  1\nKäfer 3 -1\n")
    write_list(root, "trainval", "a\r\nb\r\nKäfer 3\r\nc\r\n")
    add(root, "background")
    add(root, "capital", [GOOD], suffix=".PNG")
    write_list(root, "more", "background\ncapital\n")
    (root / "JPEGImages/.DS_Store").write_bytes(b"\0")  # what a file manager leaves behind is no defect
    return root


def written(path: Path, content: str | bytes) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def annotated(root: Path, name: str, *boxes: tuple[float, ...]) -> None:
    add(root, name, [GOOD, *[("cat", *box) for box in boxes]])
    write_list(root, f"with_{name}", name)


def without_annotation(root: Path) -> None:
    add(root, "lonely")
    (root / "Annotations/lonely.xml").unlink()


def another_size(root: Path) -> None:
    annotated(root, "sized")
    (root / "Annotations/sized.xml").write_text(xml([GOOD], size=(HEIGHT, WIDTH)))


def spoilt(root: Path, name: str, content: str | bytes) -> None:
    """A new picture whose annotation has this content."""
    annotated(root, name)
    written(root / f"Annotations/{name}.xml", content)


def unreadable(root: Path, name: str, content: bytes | None) -> None:
    """A new annotation whose picture has this content; None: is missing."""
    annotated(root, name)
    path = root / f"JPEGImages/{name}.jpg"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)


def cut(root: Path) -> None:
    annotated(root, "cut")
    path = root / "JPEGImages/cut.jpg"
    path.write_bytes(path.read_bytes()[:-200])


def unannotated_name(root: Path) -> None:
    write_list(root, "unknown", "a\nnobody\n")


# Kind of defect -> how to plant one, and the line that has to say it.
DEFECTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "no width": (lambda r: annotated(r, "w", (9, 4, 9, 8)), rf"w\.xml: {BBOX} has no width or height"),
    "reversed": (lambda r: annotated(r, "r", (9, 4, 8, 8)), rf"r\.xml: {BBOX} has no width or height"),
    "partly outside": (lambda r: annotated(r, "p", (9, 4, 99, 8)), rf"p\.xml: {BBOX} reaches over .* 64×48"),
    "wholly outside": (lambda r: annotated(r, "o", (-9, 4, -1, 8)), rf"o\.xml: {BBOX} reaches over .* 64×48"),
    "another size": (another_size, r"sized\.xml: size: 48×64, but the picture has 64×48"),
    "malformed XML": (lambda r: spoilt(r, "m", "<annotation>"), r"m\.xml: is not well-formed XML"),
    "empty XML": (lambda r: spoilt(r, "n", ""), r"n\.xml: is not well-formed XML"),
    "other XML": (lambda r: spoilt(r, "h", "<html/>"), r"h\.xml: is no annotation"),
    "binary XML": (lambda r: spoilt(r, "i", b"\xff\xd8\xff"), r"i\.xml: is not well-formed XML"),
    "a word for a number": (
        lambda r: spoilt(r, "x", xml([("cat", "one", 2, 3, 4)])),
        r"x\.xml: object 0 \(cat\): bndbox/xmin: 'one' is not a number",
    ),
    "no class": (lambda r: spoilt(r, "k", xml([("", 1, 2, 3, 4)])), r"k\.xml: object 0: name: is missing"),
    "missing picture": (lambda r: unreadable(r, "g", None), r"g\.jpg: there is no such picture"),
    "empty picture": (lambda r: unreadable(r, "z", b""), r"z\.jpg: cannot be read as a picture"),
    "text for a picture": (lambda r: unreadable(r, "t", b"text"), r"t\.jpg: cannot be read as a picture"),
    "truncated picture": (cut, r"cut\.jpg: lacks its last bytes"),
    "picture without annotation": (without_annotation, r"lonely\.jpg: there is no annotation .*lonely\.xml"),
    "name without annotation": (unannotated_name, r"nobody\.jpg: there is no such picture"),
    "name listed twice": (lambda r: write_list(r, "twice", "a\nb\na\n"), r"twice\.txt: lists a more than once"),
    "empty list": (lambda r: write_list(r, "empty", "\n"), r"empty\.txt: lists no picture"),
    "path in a list": (lambda r: write_list(r, "path", "../a\n"), r"path\.txt: lists \.\./a"),
    "list of another encoding": (lambda r: write_list(r, "u16", "a\n".encode("utf-16")), r"u16\.txt: .* UTF-8"),
    "in train and test": (lambda r: write_list(r, "train", "a\nb\ne\n"), r"train\.txt: e is in test\.txt too"),
}
HARMLESS_TO_TRAINING = {"picture without annotation", "in train and test", "truncated picture"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return healthy(tmp_path_factory.mktemp("healthy"))


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return tmp_path


def load_strictly(root: Path) -> None:
    """Every split, with an error in the place of a warning: a healthy folder gives none."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in (root / "ImageSets/Main").glob("*.txt"):
            dataset = VOCDataset(root, path.stem)
            assert len([dataset[i] for i in range(len(dataset))]) == len(dataset.names)


def assert_matches(line: str, defects: list[str]) -> None:
    assert any(re.search(line, defect) for defect in defects), (line, defects)


def test_a_healthy_folder_has_no_defects_and_loads(root: Path) -> None:
    assert check_folder(root) == []
    assert check_folder(str(root)) == []
    load_strictly(root)


@pytest.mark.parametrize("kind", DEFECTS)
def test_each_defect_is_one_line_that_names_it(root: Path, kind: str) -> None:
    plant, line = DEFECTS[kind]
    plant(root)
    defects = check_folder(root)
    assert len(defects) == 1, defects
    assert defects[0].startswith(str(root))
    assert "\n" not in defects[0]
    assert_matches(line, defects)
    if kind not in HARMLESS_TO_TRAINING:
        with pytest.raises((DataError, UserWarning)):
            load_strictly(root)


def test_all_defects_at_once(root: Path) -> None:
    for plant, _ in DEFECTS.values():
        plant(root)
    defects = check_folder(root)
    assert len(defects) == len(set(defects)) == len(DEFECTS)
    for _, line in DEFECTS.values():
        assert_matches(line, defects)


@given(st.sets(st.sampled_from(sorted(DEFECTS)), max_size=4))
def test_the_number_of_lines_is_the_number_of_defects(
    template: Path, tmp_path_factory: pytest.TempPathFactory, kinds: set[str]
) -> None:
    root = tmp_path_factory.mktemp("defects") / "copy"
    shutil.copytree(template, root)
    for kind in sorted(kinds):
        DEFECTS[kind][0](root)
    defects = check_folder(root)
    assert len(defects) == len(kinds)
    if not defects:
        load_strictly(root)
    shutil.rmtree(root)


@given(st.lists(st.tuples(*[st.floats(-20, 90) | st.integers(0, 60)] * 4), max_size=2))
def test_check_and_the_data_set_agree_on_every_box(
    tmp_path_factory: pytest.TempPathFactory, boxes: list[tuple[float, ...]]
) -> None:
    root = tmp_path_factory.getbasetemp() / "any_boxes"
    if not root.exists():
        make_folder(root, train={"a": []})
    (root / "Annotations/a.xml").write_text(xml([("cat", *box) for box in boxes]))
    try:
        load_strictly(root)
    except UserWarning:
        assert check_folder(root) != []
    else:
        assert check_folder(root) == []


@pytest.mark.parametrize("box", [(-1, 9, 20, 20), (9, -1, 20, 20), (9, 9, WIDTH + 1, 20), (9, 9, 20, HEIGHT + 1)])
def test_each_edge_of_the_picture(root: Path, box: tuple[float, ...]) -> None:
    annotated(root, "edge", box)
    assert len(check_folder(root)) == 1


def test_a_picture_may_have_several_bad_boxes(root: Path) -> None:
    annotated(root, "several", (9, 4, 9, 8), (60, 4, 70, 8), (9, 4, 8, 8))
    assert [defect.split(": ")[1] for defect in check_folder(root)] == [
        "object 1 (cat)", "object 3 (cat)", "object 2 (cat)"
    ]  # fmt: skip


@pytest.mark.parametrize("part", ["JPEGImages", "Annotations"])
def test_a_missing_folder_is_one_line(root: Path, part: str) -> None:
    shutil.rmtree(root / part)
    defects = check_folder(root)
    assert len(defects) == 1
    assert defects[0].startswith(str(root / part))


def test_without_lists_the_pictures_are_still_checked(root: Path) -> None:
    DEFECTS["no width"][0](root)
    shutil.rmtree(root / "ImageSets")
    defects = check_folder(root)
    assert len(defects) == 2
    assert "is not divided into lists to train on and to judge on" in defects[0]


def test_a_missing_root_is_one_line(tmp_path: Path) -> None:
    assert check_folder(tmp_path / "gone") == [f"{tmp_path / 'gone'}: there is no such folder"]

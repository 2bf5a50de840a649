"""Loose pictures and XML files become a folder that `check_folder` finds nothing wrong with."""

import sys
import zlib
from itertools import chain
from pathlib import Path

import pytest
from folders import add, make_folder, write_picture, xml
from hypothesis import given
from hypothesis import strategies as st

from dsod_lite import __main__
from dsod_lite.datasets import DataError, VOCDataset, arrange_folder, check_folder, find_images
from dsod_lite.datasets.folder_tools.arrange import draw_lists
from dsod_lite.datasets.folder_tools.check import examine_folder

CAT = [("cat", 5, 5, 30, 30)]


def loose(folder: Path, *names: str, suffix: str = ".jpg") -> Path:
    """Pictures and their annotations beside one another."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        write_picture(folder / f"{name}{suffix}", seed=zlib.crc32(name.encode()))
        (folder / f"{name}.xml").write_text(xml(CAT))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_flat_folder_becomes_a_folder_to_train_on(tmp_path: Path) -> None:
    source = loose(tmp_path / "in", *(f"IMG_{i}" for i in range(10)))
    before = contents(source)
    done = arrange_folder([source], tmp_path / "out")
    assert {split: len(names) for split, names in done.lists.items()} == {"train": 6, "val": 2, "test": 2}
    assert done[1:3] == ([], [])
    assert check_folder(tmp_path / "out") == []
    for split, names in done.lists.items():
        assert VOCDataset(tmp_path / "out", split).names == names
    assert contents(source) == before
    after = contents(tmp_path / "out")
    assert {name.split("/")[-1]: data for name, data in after.items() if "ImageSets" not in name} == before


def test_two_folders_and_what_has_no_partner(tmp_path: Path) -> None:
    pictures, labels = loose(tmp_path / "photos/day 1", "a", "b", suffix=".JPG"), tmp_path / "labels"
    labels.mkdir()
    for name in ("a", "b"):
        (pictures / f"{name}.xml").rename(labels / f"{name}.xml")
    write_picture(pictures / "unlabelled.png")
    (labels / "gone.xml").write_text(xml(CAT))
    (labels / "classes.txt").write_text("cat\n")  # LabelImg writes such a file
    (pictures / "._a.jpg").write_bytes(b"macOS")
    (tmp_path / "photos/.thumbnails").mkdir()
    write_picture(tmp_path / "photos/.thumbnails/a.jpg")
    sources = [tmp_path / "photos", labels, pictures]  # one lies in another
    done = arrange_folder(sources, tmp_path / "out", val=0.5, test=0)
    assert [path.name for path in done.pictures_alone] == ["unlabelled.png"]
    assert [path.name for path in done.annotations_alone] == ["gone.xml"]
    assert sorted(done.lists) == ["train", "val"]
    assert [path.name for path in find_images([tmp_path / "out/JPEGImages"])] == ["a.jpg", "b.jpg"]
    assert check_folder(tmp_path / "out") == []


def test_val_comes_from_train_where_test_alone_is_there(tmp_path: Path) -> None:
    for split, names in {"train": "abcdefghij", "test": "xyz"}.items():
        loose(tmp_path / "in" / split, *names)
    done = arrange_folder([tmp_path / "in"], tmp_path / "out")
    assert {split: len(names) for split, names in done.lists.items()} == {"train": 8, "val": 2, "test": 3}
    assert done.kept
    assert done.val_from_train
    assert sorted(name[-1] for name in done.lists["test"]) == ["x", "y", "z"]
    same = arrange_folder([tmp_path / "in"], tmp_path / "same", val=0)
    assert {split: len(names) for split, names in same.lists.items()} == {"train": 10, "test": 3}
    assert not same.val_from_train


def test_a_folder_in_vocs_layout_gets_new_lists(tmp_path: Path) -> None:
    source = make_folder(tmp_path / "in", default={name: CAT for name in "abcde"})  # as CVAT exports it
    done = arrange_folder([source], tmp_path / "out", seed=3)
    assert sorted(path.stem for path in (tmp_path / "out/ImageSets/Main").glob("*.txt")) == ["test", "train", "val"]
    assert arrange_folder([source], tmp_path / "same", seed=3) == done


@given(
    st.lists(st.text("abc", min_size=1), unique=True, min_size=1),
    st.floats(0, 0.5), st.floats(0, 0.49), st.integers(0, 99),
)  # fmt: skip
def test_every_name_is_drawn_once(names: list[str], val: float, test: float, seed: int) -> None:
    lists = draw_lists(names, val, test, seed)
    assert sorted(chain(*lists.values())) == sorted(names)
    assert all(lists.values())
    assert lists == draw_lists(names, val, test, seed)
    for split, share in (("val", val), ("test", test)):
        assert abs(len(lists.get(split, [])) - share * len(names)) <= 1


def test_the_draw_is_not_the_order_of_the_names() -> None:
    names = [f"{i:02}" for i in range(50)]
    draws = [draw_lists(names, 0.2, 0.2, seed)["test"] for seed in (0, 1)]
    assert draws[0] != draws[1]
    assert all(max(draw) > "25" > min(draw) for draw in draws)


def test_what_cannot_be_arranged_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    source = loose(tmp_path / "in", "a")

    def refused(match: str, *sources: Path) -> None:
        with pytest.raises(DataError, match=match):
            arrange_folder(sources, tmp_path / "out")
        assert not list(tmp_path.glob("out*"))

    refused("gone: there is no such folder", tmp_path / "gone")
    write_picture(source / "elsewhere.jpg")
    for folder in ("one", "two"):
        (source / folder).mkdir()
        (source / folder / "elsewhere.xml").write_text(xml(CAT))
    refused(r"in/two/elsewhere\.xml: has the name of .*in/one/elsewhere\.xml", source)
    (tmp_path / "empty").mkdir()
    write_picture(tmp_path / "empty/b.png")
    refused("empty: 1 pictures, and no labels that are known: known are ", tmp_path / "empty")
    source = loose(tmp_path / "good", "a")
    with pytest.raises(ValueError, match=r"val is 0\.5 and test 0\.5"):
        arrange_folder([source], tmp_path / "out", val=0.5, test=0.5)
    with pytest.raises(ValueError, match="of 1 pictures they leave none to train on"):
        arrange_folder([loose(tmp_path / "one", "a")], tmp_path / "out", val=0.5, test=0.4)


def test_pictures_of_one_name_in_two_folders_get_names_of_their_own(tmp_path: Path) -> None:
    source = loose(loose(tmp_path / "in", "a", "b").joinpath("again"), "a").parent
    write_picture(source / "again/a.jpg", seed=1)
    done = arrange_folder([source], tmp_path / "out", val=0, test=0)
    assert done.lists == {"train": ["a", "again_a", "b"]}


def call(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["dsod_lite/__main__.py", *map(str, words)])
    return __main__.main()


def test_the_commands_lead_from_a_loose_folder_to_a_table_of_classes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = loose(tmp_path / "in", *"abcde")
    write_picture(source / "f.jpg")
    assert call(monkeypatch, "check", source) == 1
    said = capsys.readouterr().out
    assert "is not divided" in said
    assert "`python -m dsod_lite arrange FOLDER --to NEW`" in said
    assert "1 pictures have no labels, and are left out (f.jpg)" in said
    assert call(monkeypatch, "arrange", source, "--to", tmp_path / "out") == 0
    said = capsys.readouterr().out
    assert "3 pictures in train, 1 pictures in val, 1 pictures in test" in said
    assert "left out: 1 pictures without labels" in said
    assert said.count("f.jpg") == 1
    assert call(monkeypatch, "check", tmp_path / "out") == 0
    table = [line.split() for line in capsys.readouterr().out.splitlines()]
    at = table.index(["class", "train", "val", "test"])
    assert table[at + 1] == ["cat", "3", "1", "1"]
    assert call(monkeypatch, "arrange", source, "--to", tmp_path / "out") == 2
    assert "is there already" in capsys.readouterr().err


def test_objects_are_counted_by_list_and_class(tmp_path: Path) -> None:
    root = make_folder(tmp_path, train={"a": [*CAT, *CAT, ("Dog", 1, 1, 9, 9)], "b": []}, test={"c": CAT})
    add(root, "unlisted", CAT)
    (root / "Annotations/b.xml").write_text("<annotation>")  # a defect, and no reason not to count the rest
    assert examine_folder(root).counts == {"train": {"cat": 2, "Dog": 1}, "test": {"cat": 1}}
    assert examine_folder(tmp_path / "gone").counts == {}

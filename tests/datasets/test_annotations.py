"""Annotations and lists: what they say is read as it is meant, and what cannot be read is said by name."""

from pathlib import Path

import pytest
from folders import add, make_folder, write_list, xml
from hypothesis import given
from hypothesis import strategies as st

from dsod_lite.datasets.annotations import VOCObject, class_names, find_image, has_area, read_annotation, split_names
from dsod_lite.support.errors import DataError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "picture.xml"


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def complaint(path: Path) -> str:
    """The error of an annotation, which has to begin with its path."""
    with pytest.raises(DataError) as error:
        read_annotation(path)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


# --- annotations --------------------------------------------------------------------------------------------

# As the VOC devkit has it: objects with parts, which have names and boxes of their own, and fields nobody needs here.
DEVKIT = """<annotation>
    <folder>VOC2012</folder><filename>2008_000008.jpg</filename>
    <source><database>The VOC2008 Database</database><annotation>PASCAL VOC2008</annotation></source>
    <size><width>500</width><height>442</height><depth>3</depth></size>
    <segmented>0</segmented>
    <object>
        <part><name>head</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></part>
        <name>person</name><pose>Unspecified</pose><truncated>1</truncated><occluded>0</occluded>
        <bndbox><xmax>471</xmax><xmin>53</xmin><ymax>420</ymax><ymin>87.5</ymin></bndbox>
        <difficult>1</difficult>
    </object>
    <object>
        <name> horse </name>
        <bndbox><xmin>158</xmin><ymin>44</ymin><xmax>289</xmax><ymax>167</ymax></bndbox>
    </object>
</annotation>"""


def test_an_annotation_of_the_devkit(path: Path) -> None:
    annotation = read_annotation(written(path, DEVKIT))
    assert annotation.size == (500, 442)
    assert annotation.objects == (
        VOCObject("person", (53.0, 87.5, 471.0, 420.0), True),
        VOCObject("horse", (158.0, 44.0, 289.0, 167.0), False),
    )


@given(
    st.lists(
        st.tuples(
            st.text("abcäß猫&<>'\" ", min_size=1).map(str.strip).filter(bool),
            *[st.floats(-1e4, 1e4) for _ in range(4)],
            st.sampled_from([0, 1]),
        ),
        max_size=4,
    )
)
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, objects: list[tuple]) -> None:  # type: ignore[type-arg]
    path = written(tmp_path_factory.getbasetemp() / "written.xml", xml(objects))
    read = [(o.name, *o.box, int(o.difficult)) for o in read_annotation(path).objects]
    assert read == objects


@pytest.mark.parametrize("size", [None, (0, 0), (0, 48), (-64, 48), ("", "")])
def test_an_annotation_may_have_no_size(path: Path, size: tuple[object, object] | None) -> None:
    assert read_annotation(written(path, xml([], size))).size is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_the_encoding_is_the_one_that_the_file_declares(path: Path, encoding: str) -> None:
    content = f'<?xml version="1.0" encoding="{encoding}"?>' + xml([("Käfer", 1, 2, 3, 4)])
    assert read_annotation(written(path, content.encode(encoding))).objects[0].name == "Käfer"


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((1, 1, 2, 2), True),
        ((1, 1, 1, 2), False),  # no width
        ((1, 1, 2, 1), False),  # no height
        ((2, 1, 1, 2), False),  # reversed
        ((1, 2, 2, 1), False),
        ((0, 0, 0.5, 0.5), True),
        ((500, 1, 500.00001, 2), False),  # float32 has no number between 500 and 500.00003
    ],
)
def test_has_area(box: tuple[float, float, float, float], expected: bool) -> None:
    assert has_area(box) is expected
    assert VOCObject("cat", box, False).degenerate is not expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is not well-formed XML: no element found"),
        (" \n", "is not well-formed XML: no element found"),
        ("<annotation><object>", "is not well-formed XML"),
        ("<annotation></object>", "is not well-formed XML: mismatched tag"),
        ("not XML", "is not well-formed XML"),
        (b"<annotation>\xff</annotation>", "is not well-formed XML"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "is not well-formed XML"),  # the picture in the annotation's place
        ('<?xml version="1.0" encoding="klingon"?><annotation/>', "is not well-formed XML: unknown encoding"),
        ("<html><body/></html>", "outermost element is <html>"),
        ("<annotations><image/></annotations>", "outermost element is <annotations>"),
    ],
)
def test_what_is_no_annotation(path: Path, content: str | bytes, words: str) -> None:
    assert words in complaint(written(path, content))


def test_a_missing_annotation_and_a_folder_in_its_place(path: Path) -> None:
    assert complaint(path) == "there is no such annotation"
    path.mkdir()
    assert complaint(path) == "there is no such annotation"


GOOD = ("cat", 1, 2, 3, 4)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (("", 1, 2, 3, 4), "object 1: name: is missing or empty"),
        (("  ", 1, 2, 3, 4), "object 1: name: is missing or empty"),
        (("dog", "one", 2, 3, 4), "object 1 (dog): bndbox/xmin: 'one' is not a number"),
        (("dog", 1, "", 3, 4), "object 1 (dog): bndbox/ymin: '' is not a number"),
        (("dog", 1, 2, "nan", 4), "object 1 (dog): bndbox/xmax: 'nan' is not finite"),
        (("dog", 1, 2, 3, "inf"), "object 1 (dog): bndbox/ymax: 'inf' is not finite"),
        (("dog", 1, 2, 3, "-1e999"), "object 1 (dog): bndbox/ymax: '-1e999' is not finite"),
        (("dog", 1, 2, 3, 4, "perhaps"), "object 1 (dog): difficult: 'perhaps' is neither 0 nor 1"),
    ],
)
def test_a_bad_field_is_named(path: Path, bad: tuple[object, ...], words: str) -> None:
    assert complaint(written(path, xml([GOOD, bad]))) == words


def test_a_missing_field_is_named(path: Path) -> None:
    no_name = xml([GOOD]).replace("<name>cat</name>", "")
    assert complaint(written(path, no_name)) == "object 0: name: is missing or empty"
    no_corner = xml([GOOD]).replace("<ymax>4</ymax>", "")
    assert complaint(written(path, no_corner)) == "object 0 (cat): bndbox/ymax: None is not a number"
    no_box = "<annotation><object><name>cat</name></object></annotation>"
    assert complaint(written(path, no_box)) == "object 0 (cat): bndbox/xmin: None is not a number"


@pytest.mark.parametrize("size", [("wide", 48), (64, "nan"), ("inf", 48)])
def test_a_size_that_is_no_number(path: Path, size: tuple[object, object]) -> None:
    assert complaint(written(path, xml([], size))).startswith("size: ")


def laughs(levels: int) -> str:
    """The billion laughs: each entity is ten of the one before."""
    entities = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, levels + 1))
    lines = [
        f'<!DOCTYPE annotation [<!ENTITY l0 "ha">{entities}]>',
        f"<annotation><object><name>&l{levels};</name></object></annotation>",
    ]
    return "\n".join(lines)


def test_an_xml_bomb_is_refused_and_not_expanded(path: Path) -> None:
    # 20 MB if nothing stops it: enough to tell a guard from none, and harmless where there is none.
    assert "is not well-formed XML: limit on input amplification" in complaint(written(path, laughs(7)))
    long = f'<!DOCTYPE annotation [<!ENTITY l "{"ha" * 50_000}">]><annotation>{"&l;" * 200}</annotation>'
    assert "is not well-formed XML: limit on input amplification" in complaint(written(path, long))


def test_an_annotation_cannot_read_other_files(path: Path) -> None:
    secret = written(path.with_name("secret"), "secret")
    content = f'<!DOCTYPE annotation [<!ENTITY s SYSTEM "{secret.as_uri()}">]>\n' + xml([("&s;", 1, 2, 3, 4)])
    assert complaint(written(path, content.replace("&amp;s;", "&s;"))).startswith("is not well-formed XML: undefined")


@given(st.data())
def test_damage_is_read_or_reported(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    content = bytearray(xml([("cat", 10, 11, 12, 13, 0)]).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = written(tmp_path_factory.getbasetemp() / "damaged.xml", bytes(content))
    try:
        annotation = read_annotation(path)
    except DataError as error:
        assert str(path) in str(error)  # noqa: PT017 - either answer is right
    else:
        assert all(len(item.box) == 4 and item.name for item in annotation.objects)


# --- lists --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("a\nb\n", ["a", "b"]),
        ("b\na", ["b", "a"]),  # its own order, and no line's end at the end
        ("a\r\nb\r\n", ["a", "b"]),  # Windows
        ("\n a \n\n\tb\n\n", ["a", "b"]),
        ("\ufeffa\nb\n", ["a", "b"]),  # the byte order mark of Windows' editors
        ("Käfer 3\n猫\n", ["Käfer 3", "猫"]),
        ("holiday 1\nholiday at sea\n", ["holiday 1", "holiday at sea"]),
        ("2008.jan\nimg-1\n", ["2008.jan", "img-1"]),
    ],
)
def test_a_line_is_a_name(tmp_path: Path, content: str, names: list[str]) -> None:
    write_list(tmp_path, "train", content)
    assert split_names(tmp_path, "train") == names


def test_a_class_list_names_the_pictures_with_that_class(tmp_path: Path) -> None:
    # VOC's cat_train.txt lists every picture of train: 1 has a cat, 0 only one that is difficult, -1 has none.
    write_list(tmp_path, "cat_train", "000012 -1\n000017  0\n000023  1\n000026 -1\n")
    assert split_names(tmp_path, "cat_train") == ["000017", "000023"]


def test_pictures_that_are_numbered_after_a_space_are_no_class_list(tmp_path: Path) -> None:
    for name in ("cell 0", "cell 1"):
        add(tmp_path, name)
    write_list(tmp_path, "train", "cell 0\ncell 1\n")
    assert split_names(tmp_path, "train") == ["cell 0", "cell 1"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "lists no picture"),
        ("\r\n \n", "lists no picture"),
        ("a\nb\na\n", "lists a more than once"),
        ("JPEGImages/a\n", "lists JPEGImages/a: a picture's name has no folder"),
        ("C:\\data\\a\n", "lists C:\\data\\a: a picture's name has no folder"),
        ("Käfer\n".encode("latin-1"), "is not UTF-8 text"),
        ("a\nb\n".encode("utf-16"), "is not UTF-8 text"),  # what PowerShell's > writes
    ],
)
def test_a_bad_list_is_named(tmp_path: Path, content: str | bytes, words: str) -> None:
    write_list(tmp_path, "train", content)
    with pytest.raises(DataError) as error:
        split_names(tmp_path, "train")
    assert f"train.txt: {words}" in str(error.value)


def test_a_missing_list_says_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train\.txt: there is no such split; the folder has: none"):
        split_names(tmp_path, "train")
    write_list(tmp_path, "val", "a\n")
    write_list(tmp_path, "test", "b\n")
    with pytest.raises(DataError, match=r"train\.txt: there is no such split; the folder has: test, val"):
        split_names(tmp_path, "train")


def test_a_folder_in_a_lists_place(tmp_path: Path) -> None:
    (tmp_path / "ImageSets/Main/train.txt").mkdir(parents=True)
    with pytest.raises(DataError, match=r"train\.txt: there is no such split"):
        split_names(tmp_path, "train")


# --- pictures and classes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".png", ".webp", ".JPG", ".PNG"])
def test_a_picture_is_found_by_its_name(tmp_path: Path, suffix: str) -> None:
    add(tmp_path, "Käfer 1.b", suffix=suffix)
    assert find_image(tmp_path, "Käfer 1.b").name.lower() == f"käfer 1.b{suffix.lower()}"
    with pytest.raises(DataError, match=r"a\.jpg: there is no such picture"):
        find_image(tmp_path, "a")


def test_classes_are_those_of_all_annotations_sorted(tmp_path: Path) -> None:
    train = {"a": [("dog", 1, 1, 9, 9), ("cat", 1, 1, 9, 9)], "b": []}
    make_folder(tmp_path, train=train, val={"c": [("Äffin", 1, 1, 9, 9), ("dog", 1, 1, 9, 9)]})
    assert class_names(tmp_path) == ("cat", "dog", "Äffin")


def test_no_annotations_are_no_classes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there are no annotations"):
        class_names(tmp_path)

"""Public sets of photographs: what is kept of an archive, and that nothing else passes for them."""

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from dsod_lite.datasets import DataError, open_split
from dsod_lite.datasets.folder_tools import photographs as module
from dsod_lite.datasets.folder_tools.photographs import PHOTOGRAPHS, download_photographs, folder_digest

ROOT = Path(__file__).parents[2]
CONTENTS = {"images/a.jpg": b"picture", "annots/a.xml": b"<annotation/>", "LICENSE": b"MIT"}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kangaroos become three files."""
    lines = "".join(f"{hashlib.sha256(CONTENTS[name]).hexdigest()}  {name}\n" for name in sorted(CONTENTS))
    digest = hashlib.sha256(lines.encode()).hexdigest()
    kept = ("images/", "annots/", "LICENSE")
    monkeypatch.setitem(module.PHOTOGRAPHS, "kangaroos", PHOTOGRAPHS["kangaroos"]._replace(kept=kept, digest=digest))


def archive(path: Path, contents: dict[str, bytes], top: str = "kangaroo-882bbbd") -> Path:
    with zipfile.ZipFile(path, "w") as out:
        out.writestr(f"{top}/", b"")
        for name, content in contents.items():
            out.writestr(f"{top}/{name}", content)
    return path


def test_what_belongs_to_the_set_is_kept_and_nothing_else(tmp_path: Path, small: None) -> None:
    path = archive(tmp_path / "a.zip", {**CONTENTS, "images/": b"", "train.py": b"print()", "README.md": b"read"})
    download_photographs("kangaroos", tmp_path / "set", path)
    found = {p.relative_to(tmp_path / "set").as_posix(): p.read_bytes() for p in (tmp_path / "set").rglob("*.*")}
    assert found == {name: content for name, content in CONTENTS.items() if "." in name}
    assert (tmp_path / "set/LICENSE").read_bytes() == b"MIT"
    download_photographs("kangaroos", tmp_path / "set")  # it is there, and whole: nothing is fetched


@pytest.mark.parametrize(
    "changed",
    [
        {**CONTENTS, "images/a.jpg": b"another"},
        {**CONTENTS, "images/b.jpg": b"one more"},
        {name: CONTENTS[name] for name in ("images/a.jpg", "LICENSE")},
    ],
)
def test_another_content_is_refused_and_leaves_nothing(
    tmp_path: Path, small: None, changed: dict[str, bytes]
) -> None:
    with pytest.raises(DataError, match="not what it should be"):
        download_photographs("kangaroos", tmp_path / "set", archive(tmp_path / "a.zip", changed))
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_another_archive_does_not_fill_the_disk(tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SET", 12)
    with pytest.raises(DataError, match="another set, of 23 bytes; nothing was unpacked"):
        download_photographs("kangaroos", tmp_path / "set", archive(tmp_path / "a.zip", CONTENTS))


def test_a_folder_that_is_something_else_is_left_alone(tmp_path: Path, small: None) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/mine.jpg").write_bytes(b"mine")
    with pytest.raises(DataError, match="is not the set of kangaroos"):
        download_photographs("kangaroos", tmp_path / "set")
    assert (tmp_path / "set/mine.jpg").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["../images/a.jpg", "images/../../a.jpg"])
def test_paths_that_lead_outside_are_refused(tmp_path: Path, small: None, name: str) -> None:
    with pytest.raises(DataError, match="leads outside"):
        download_photographs("kangaroos", tmp_path / "set", archive(tmp_path / "a.zip", {name: b"x"}, top="top"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"<html>")
    with pytest.raises(DataError, match="cannot be unpacked"):
        download_photographs("chess", tmp_path / "set", tmp_path / "a.zip")


def test_the_digest_is_what_sha256sum_says(tmp_path: Path) -> None:
    for name, content in CONTENTS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    command = "find . -type f | cut -c 3- | LC_ALL=C sort | xargs sha256sum | sha256sum"
    said = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said.split()[0] == folder_digest(tmp_path)


def test_the_three_photographs_that_ship_are_the_sets_own() -> None:
    dataset = open_split(ROOT / "data/blood_cells", "test")
    assert (len(dataset), dataset.classes) == (3, ("Platelets", "RBC", "WBC"))
    sums = (ROOT / "dsod_lite/datasets/folder_tools/bccd.sha256").read_text(encoding="utf-8")
    for path in (ROOT / "data/blood_cells").glob("*/*.[jx][pm][gl]"):
        line = f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.parent.name}/{path.name}"
        assert " ".join(line.split()) in " ".join(sums.split())

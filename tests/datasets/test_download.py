"""The download is whole or it is not there."""

import hashlib
import io
import os
import subprocess
import sys
import threading
import warnings
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsod_lite.datasets import DataError, VOCDataset, check_folder, download_bccd, download_bccd_relabelled
from dsod_lite.datasets.folder_tools import bccd as module

REPOSITORY = Path(__file__).parents[2]
SHARED_BCCD = REPOSITORY.parent / "shared/datasets/bccd"
SHARED_LABELS = REPOSITORY.parent / "shared/datasets/bccd_relabelled"

# --- a set of four files, in an archive as GitHub packs it, and a server that has its moods -----------------

CONTENTS = {
    "Annotations/a.xml": b"<annotation/>",
    "ImageSets/Main/train.txt": b"a\n",
    "JPEGImages/a.jpg": bytes(range(256)) * 40,
    "LICENSE": b"MIT",
}
SUMS = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()}
TOP = "BCCD_Dataset-d272fb14"
Member = tuple[str | zipfile.ZipInfo, bytes]
MEMBERS: list[Member] = [
    (f"{TOP}/", b""),
    (f"{TOP}/README.md", b"not of the set"),
    (f"{TOP}/LICENSE", CONTENTS["LICENSE"]),
    (f"{TOP}/BCCD/", b""),
    *[(f"{TOP}/BCCD/{name}", content) for name, content in CONTENTS.items() if "/" in name],
]
PICTURE = f"{TOP}/BCCD/JPEGImages/a.jpg"


def zipped(members: list[Member], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", compression) as out:
        warnings.simplefilter("ignore")  # about doubled names: some tests want them
        for name, content in members:
            out.writestr(name, content)
    return file.getvalue()


def without(name: str) -> list[Member]:
    return [member for member in MEMBERS if member[0] != name]


GOOD = zipped(MEMBERS)


class Handler(BaseHTTPRequestHandler):
    """The path says what happens."""

    def do_GET(self) -> None:
        if self.path == "/missing.zip":
            self.send_error(404)
            return
        self.send_response(200)
        sent = GOOD if "good" in self.path else GOOD[: len(GOOD) // 2]
        if "chunked" in self.path:
            self.send_header("Transfer-Encoding", "chunked")
            sent = b"%x\r\n%s\r\n" % (len(sent), sent) + (b"0\r\n\r\n" if "good" in self.path else b"")
        elif "sized" in self.path:
            self.send_header("Content-Length", str(len(GOOD)))
        self.end_headers()
        self.wfile.write(sent)

    protocol_version = "HTTP/1.1"
    close_connection = True

    def log_message(self, *_: object) -> None:
        """Says nothing: the test's output is not the place."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def small_set(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "bccd" not in request.fixturenames:
        monkeypatch.setattr(module, "expected_sums", lambda: SUMS)
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    """Where the set is put, with nothing else in it, so that whatever is left behind is seen."""
    (tmp_path / "parent").mkdir()
    return tmp_path / "parent"


def saved(parent: Path, content: bytes) -> Path:
    path = parent.with_name("archive.zip")
    path.write_bytes(content)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# --- whole --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mood", ["good", "good-sized", "good-chunked"])
def test_a_good_download(server: str, parent: Path, mood: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BCCD_URL", f"{server}/{mood}.zip")
    download_bccd(parent / "bccd")
    assert contents(parent / "bccd") == CONTENTS
    assert [path.name for path in parent.iterdir()] == ["bccd"]


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_good_archive(parent: Path, compression: int) -> None:
    path = saved(parent, zipped(MEMBERS, compression))
    download_bccd(str(parent / "deep/er/bccd"), archive=str(path))
    assert contents(parent / "deep/er/bccd") == CONTENTS
    assert path.exists()  # it is the user's


def test_the_folder_is_as_readable_as_any_other(parent: Path) -> None:
    download_bccd(parent / "bccd", archive=saved(parent, GOOD))
    (parent / "other").mkdir()
    assert (parent / "bccd").stat().st_mode == (parent / "other").stat().st_mode


def test_a_whole_folder_is_left_alone(parent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BCCD_URL", "http://127.0.0.1:9/nothing_is_fetched.zip")
    download_bccd(parent / "bccd", archive=saved(parent, GOOD))
    (parent / "bccd/my_notes.txt").write_text("kept")
    download_bccd(parent / "bccd")
    assert (parent / "bccd/my_notes.txt").read_text() == "kept"


def test_a_damaged_folder_is_refused_and_the_file_named(parent: Path) -> None:
    folder = parent / "bccd"
    download_bccd(folder, archive=saved(parent, GOOD))
    (folder / "JPEGImages/a.jpg").write_bytes(b"edited")
    with pytest.raises(DataError, match=r"bccd/JPEGImages/a\.jpg: is not the file it should be \(SHA-256\)"):
        download_bccd(folder, archive=saved(parent, GOOD))
    (folder / "JPEGImages/a.jpg").unlink()
    with pytest.raises(DataError, match=r"bccd/JPEGImages/a\.jpg: is missing"):
        download_bccd(folder, archive=saved(parent, GOOD))
    assert sorted(contents(folder)) == ["Annotations/a.xml", "ImageSets/Main/train.txt", "LICENSE"]


def test_what_else_is_in_the_place_is_not_touched(parent: Path) -> None:
    (parent / "bccd").write_text("a file")
    with pytest.raises(DataError, match="is missing"):
        download_bccd(parent / "bccd", archive=saved(parent, GOOD))
    assert (parent / "bccd").read_text() == "a file"


# --- broken: an error, and nothing left behind --------------------------------------------------------------


def refusal(parent: Path, archive: Path | None = None, url: str = "nowhere") -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BCCD_URL", url)
        with pytest.raises(DataError) as error:
            download_bccd(parent / "bccd", archive)
    assert list(parent.iterdir()) == []
    return str(error.value)


@pytest.mark.parametrize(
    ("mood", "words"),
    [
        ("cut-sized", "cut off after"),
        ("cut-chunked", "cannot be fetched"),
        ("cut", "cannot be unpacked"),  # a server that tells no length: only the archive shows it
        ("missing", "404"),
    ],
)
def test_a_broken_download(server: str, parent: Path, mood: str, words: str) -> None:
    message = refusal(parent, url=f"{server}/{mood}.zip")
    assert f"{mood}.zip: " in message or "download.zip: " in message
    assert words in message


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/a.zip", "no address", "file:///gone"])
def test_an_address_that_gives_nothing(parent: Path, url: str) -> None:
    assert refusal(parent, url=url).startswith(f"{url}: cannot be fetched")


def link_to(target: str) -> Member:
    link = zipfile.ZipInfo(PICTURE)
    link.create_system, link.external_attr = 3, 0o120777 << 16  # a symbolic link, as Unix stores it
    return link, target.encode()


OUTSIDE = ["../evil", f"{TOP}/../../evil", "/etc/evil", "..\\evil", "\\evil", "C:\\evil", "c:evil", "\\\\host\\c\\evil"]
ARCHIVES = {
    "not a .zip": (b"<html>not found</html>", "archive.zip: cannot be unpacked"),
    "empty": (b"", "archive.zip: cannot be unpacked"),
    "truncated": (GOOD[:-30], "archive.zip: cannot be unpacked"),
    "its beginning missing": (GOOD[300:], "archive.zip: "),
    "no members": (zipped([]), "Annotations/a.xml: is in the archive 0 times"),
    "a file missing": (zipped(without(PICTURE)), "JPEGImages/a.jpg: is in the archive 0 times"),
    "a file elsewhere": (
        zipped([*without(PICTURE), (f"{TOP}/JPEGImages/a.jpg", CONTENTS["JPEGImages/a.jpg"])]),
        "JPEGImages/a.jpg: is in the archive 0 times",
    ),
    "a file twice": (zipped([*MEMBERS, (PICTURE, b"other")]), "JPEGImages/a.jpg: is in the archive 2 times"),
    "a file twice, with \\": (
        zipped([*MEMBERS, (PICTURE.replace("/", "\\"), b"other")]),
        "JPEGImages/a.jpg: is in the archive 2 times",
    ),
    "two repositories": (
        zipped([*MEMBERS, (PICTURE.replace(TOP, "Other"), b"other")]),
        "JPEGImages/a.jpg: is in the archive 2 times",
    ),
    "another file": (zipped([*without(PICTURE), (PICTURE, b"other")]), "JPEGImages/a.jpg: is not the file"),
    "a link": (zipped([*without(PICTURE), link_to("/etc/passwd")]), "JPEGImages/a.jpg: is not the file"),
    "a bomb": (zipped([*without(PICTURE), (PICTURE, bytes(2**25))]), "JPEGImages/a.jpg: is larger than 16,777,216"),
    "a nameless member": (zipped([*without(PICTURE), (".", b"")]), "is in the archive 0 times"),
    **{path: (zipped([*MEMBERS, (path, b"")]), f"{path}: this path leads outside") for path in OUTSIDE},
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_a_bad_archive(parent: Path, kind: str) -> None:
    content, words = ARCHIVES[kind]
    assert words in refusal(parent, archive=saved(parent, content))
    assert sorted(path.name for path in parent.parent.iterdir()) == ["archive.zip", "parent"]


def test_a_missing_archive_and_a_folder_in_its_place(parent: Path) -> None:
    assert "gone.zip" in refusal(parent, archive=parent.with_name("gone.zip"))
    assert str(parent) in refusal(parent, archive=parent)


@given(st.data())
def test_a_damaged_archive_gives_the_right_files_or_none(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    parent = tmp_path_factory.mktemp("damaged") / "parent"
    parent.mkdir()
    try:
        download_bccd(parent / "bccd", archive=saved(parent, bytes(content)))
    except DataError:
        assert list(parent.iterdir()) == []
    else:
        assert contents(parent / "bccd") == CONTENTS


# --- interrupted --------------------------------------------------------------------------------------------


def test_ctrl_c_leaves_nothing(server: str, parent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "read_small", interrupt)
    monkeypatch.setattr(module, "BCCD_URL", f"{server}/good.zip")
    with pytest.raises(KeyboardInterrupt):
        download_bccd(parent / "bccd")
    assert list(parent.iterdir()) == []


KILLED = """
import os, signal, sys
from dsod_lite.datasets.folder_tools import bccd

sums, to, archive = eval(sys.argv[1]), sys.argv[2], sys.argv[3]
read_small, read = bccd.read_small, []

def read_three(file, what):
    read.append(what)
    if len(read) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return read_small(file, what)

bccd.expected_sums, bccd.read_small = lambda: sums, read_three
bccd.download_bccd(to, archive)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_process_leaves_no_half_folder(parent: Path) -> None:
    path = saved(parent, GOOD)
    command = [sys.executable, "-c", KILLED, repr(SUMS), str(parent / "bccd"), str(path)]
    result = subprocess.run(command, cwd=REPOSITORY, env=os.environ | {"TQDM_DISABLE": "1"}, capture_output=True)
    assert result.returncode == -9, result.stderr.decode()
    assert not (parent / "bccd").exists()
    (left,) = parent.iterdir()  # two of four files, under a name that nobody takes for the set
    assert left.name.startswith("bccd.part-")
    assert len(contents(left)) == 2
    download_bccd(parent / "bccd", archive=path)
    assert contents(parent / "bccd") == CONTENTS


# --- the real set -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bccd() -> Path:
    if not SHARED_BCCD.is_dir():
        pytest.skip(f"the BCCD folder is not at {SHARED_BCCD}")
    return SHARED_BCCD


def test_the_committed_sums_are_those_of_a_whole_voc_folder() -> None:
    lines = (REPOSITORY / "dsod_lite/datasets/folder_tools/bccd.sha256").read_text().splitlines()
    sums = {line.split(maxsplit=1)[1]: line.split()[0] for line in lines}
    assert len(sums) == len(lines) == 364 * 2 + 4 + 1  # pictures with annotations, lists, the licence
    assert all(len(digest) == 64 and set(digest) <= set("0123456789abcdef") for digest in sums.values())
    pictures = {Path(name).stem for name in sums if name.startswith("JPEGImages/")}
    assert pictures == {Path(name).stem for name in sums if name.startswith("Annotations/")}


def test_the_committed_sums_equal_the_real_folder(bccd: Path) -> None:
    sums = module.expected_sums()
    assert set(sums) == {path.relative_to(bccd).as_posix() for path in bccd.rglob("*") if path.is_file()}
    download_bccd(bccd)  # is there and whole


def test_an_archive_of_the_real_set(bccd: Path, parent: Path) -> None:
    files = {path.relative_to(bccd).as_posix(): path for path in bccd.rglob("*") if path.is_file()}
    members = [(f"{TOP}/BCCD/{n}" if "/" in n else f"{TOP}/{n}", p.read_bytes()) for n, p in files.items()]
    download_bccd(parent / "bccd", archive=saved(parent, zipped(members, zipfile.ZIP_STORED)))
    assert set(contents(parent / "bccd")) == set(files)


def test_the_real_set_has_its_two_boxes_of_no_size(bccd: Path) -> None:
    with pytest.warns(UserWarning, match="without width or height") as caught:
        dataset = VOCDataset(bccd, "trainval")
    assert len(dataset) == 292
    assert dataset.classes == ("Platelets", "RBC", "WBC")
    assert set(dataset.sizes) == {(640, 480)}
    with warnings.catch_warnings(record=True) as test_set:
        warnings.simplefilter("always")
        assert len(VOCDataset(bccd, "test")) == 72
    said = " ".join(str(warning.message) for warning in [*caught, *test_set])
    assert "BloodImage_00338" in said
    assert "BloodImage_00343" in said
    defects = check_folder(bccd)
    copies = [line for line in defects if "has a copy of the same photograph" in line]
    assert len(copies) == 1  # the same cells twice, in another focus, one to learn from and one to choose by
    assert "BloodImage_00038.jpg: is in train, and val has" in copies[0]
    assert "BloodImage_00037.jpg" in copies[0]
    defects = [line for line in defects if "no width or height" in line]
    assert [Path(line.split(": ")[0]).stem for line in defects] == ["BloodImage_00338", "BloodImage_00343"]


# --- the second labelling -----------------------------------------------------------------------------------


def rows_of_labels() -> list[list[str]]:
    """Sum, name in the folder, path in the archive."""
    text = (REPOSITORY / "dsod_lite/datasets/folder_tools/bccd_relabelled.sha256").read_text()
    return [line.split() for line in text.splitlines()]


def test_the_second_labels_belong_to_bccds_photographs() -> None:
    rows = rows_of_labels()
    sums = (REPOSITORY / "dsod_lite/datasets/folder_tools/bccd.sha256").read_text()
    labelled = {Path(name).stem for _, name, _ in rows} - {"LICENSE"}
    assert len(rows) == 222  # 221 and the licence
    assert len(labelled) == 221
    assert {member for _, _, member in rows if not member.startswith("TXL_PBC/labels/")} == {"LICENSE.txt"}
    assert len({member for _, _, member in rows}) == len({digest for digest, _, _ in rows}) == 222
    assert all(f"JPEGImages/{name}.jpg" in sums for name in labelled)


@pytest.mark.skipif(not SHARED_LABELS.is_dir(), reason=f"the second labels are not at {SHARED_LABELS}")
def test_an_archive_of_the_second_labels(parent: Path) -> None:
    top = "TXL-PBC_Dataset-056d09e"
    members: list[Member] = [
        (f"{top}/{member}", (SHARED_LABELS / name).read_bytes()) for _, name, member in rows_of_labels()
    ]
    path = saved(parent, zipped([*members, (f"{top}/TXL_PBC/images/test/a.jpg", b"not of the set")]))
    download_bccd_relabelled(parent / "labels", path)
    assert contents(parent / "labels") == {name: (SHARED_LABELS / name).read_bytes() for _, name, _ in rows_of_labels()}
    download_bccd_relabelled(parent / "labels")  # is there and whole
    (parent / "labels/LICENSE").write_text("another")
    with pytest.raises(DataError, match=r"labels/LICENSE: is not the file it should be \(SHA-256\)"):
        download_bccd_relabelled(parent / "labels")

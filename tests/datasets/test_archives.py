"""VOC and COCO from archives in their makers' layout, which the tests make themselves and serve."""

import hashlib
import io
import socket
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from torchvision.datasets.voc import DATASET_YEAR_DICT
from zips import zipped

from dsod_lite.datasets import DataError
from dsod_lite.datasets.folder_tools.archives import COCO, VOC, Archive, download_archives

FILES: dict[str, bytes] = {}
"""What the server has, by path."""
REQUESTS: list[tuple[str, str | None]] = []
"""(path, Range) of what it was asked for."""
CUT: dict[str, int] = {}
"""Paths whose answer breaks off after so many bytes, once."""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        REQUESTS.append((self.path, wanted))
        content = FILES[self.path]
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if content.startswith(b"<html>"):  # a page for browsers, whatever was asked for
            start = 0
        if start and start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:][: CUT.pop(self.path, len(content))])

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    for memory in (FILES, REQUESTS, CUT):
        memory.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def tarred(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def linked(path: str, to: str) -> bytes:
    out = io.BytesIO(tarred(TRAIN))
    with tarfile.open(fileobj=out, mode="a") as archive:
        info = tarfile.TarInfo(path)
        info.type, info.linkname = tarfile.SYMTYPE, to
        archive.addfile(info)
    return out.getvalue()


def serve(server: str, name: str, content: bytes) -> Archive:
    FILES[f"/{name}"] = content
    return Archive(hashlib.md5(content, usedforsecurity=False).hexdigest(), (f"{server}/{name}",))


def files_below(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


TRAIN = {"VOCdevkit/VOC2007/JPEGImages/1.jpg": bytes(9000), "VOCdevkit/VOC2007/ImageSets/Main/trainval.txt": b"1\n"}
TEST = {"VOCdevkit/VOC2007/JPEGImages/2.jpg": b"2", "VOCdevkit/VOC2007/ImageSets/Main/test.txt": b"2\n"}


def test_archives_share_a_folder_and_are_fetched_once(server: str, tmp_path: Path) -> None:
    archives = [serve(server, "train.tar", tarred(TRAIN)), serve(server, "test.zip", zipped(TEST))]
    for _ in range(2):
        download_archives(archives, tmp_path)
        assert files_below(tmp_path) == {*TRAIN, *TEST, ".unpacked/train.tar", ".unpacked/test.zip"}
        assert (tmp_path / "VOCdevkit/VOC2007/JPEGImages/1.jpg").read_bytes() == bytes(9000)
    assert [path for path, _ in REQUESTS] == ["/train.tar", "/test.zip"]


def test_a_cut_download_goes_on_where_it_stopped(server: str, tmp_path: Path) -> None:
    archive = serve(server, "train.tar", tarred(TRAIN))
    CUT["/train.tar"] = 4000
    with pytest.raises(DataError, match=r"train\.tar: .*try again to go on"):
        download_archives([archive], tmp_path)
    assert files_below(tmp_path) == {"train.tar.part"}
    download_archives([archive], tmp_path)
    assert REQUESTS[-1] == ("/train.tar", "bytes=4000-")
    assert files_below(tmp_path) == {*TRAIN, ".unpacked/train.tar"}


def test_a_whole_download_that_was_not_unpacked_is_not_fetched_again(server: str, tmp_path: Path) -> None:
    archive = serve(server, "train.tar", tarred(TRAIN))
    (tmp_path / "train.tar.part").write_bytes(FILES["/train.tar"])  # killed right after the last byte
    (tmp_path / ".unpacking-train.tar").mkdir()  # and once more while unpacking
    (tmp_path / ".unpacking-train.tar/half.jpg").write_bytes(b"half")
    download_archives([archive], tmp_path)
    assert files_below(tmp_path) == {*TRAIN, ".unpacked/train.tar"}


def test_another_sum_is_refused(server: str, tmp_path: Path) -> None:
    archive = serve(server, "train.tar", tarred(TRAIN))
    FILES["/train.tar"] = tarred(TRAIN | {"VOCdevkit/more.txt": b"tampered"})
    with pytest.raises(DataError, match=rf"train\.tar: has the MD5 sum \w+, not {archive.md5}"):
        download_archives([archive], tmp_path)
    assert files_below(tmp_path) == set()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.tar", tarred(TRAIN)[:5000], "a.tar: cannot be unpacked"),
        ("a.zip", zipped(TRAIN)[:5000], "a.zip: cannot be unpacked"),
        ("a.tar", tarred({"VOCdevkit/good.jpg": b"good", "../outside.jpg": b"bad"}), "leads outside"),
        ("a.tar", tarred({"VOCdevkit/good.jpg": b"good", "/outside.jpg": b"bad"}), "leads outside"),
        ("a.tar", linked("VOCdevkit/itself", "itself"), "is a link or a device"),
        ("a.tar", linked("VOCdevkit/again", "."), "is a link or a device"),
        ("a.zip", zipped({"good.jpg": b"good", "../outside.jpg": b"bad"}), "leads outside"),
        ("a.zip", zipped({"good.jpg": b"good", "C:\\outside.jpg": b"bad"}), "leads outside"),
    ],
    ids=[
        "cut tar", "cut zip", "tar upwards", "tar from the root", "link to itself", "link to its folder", "zip upwards",
        "zip to a drive",
    ],
)  # fmt: skip
def test_nothing_of_a_bad_archive_is_left(server: str, tmp_path: Path, name: str, content: bytes, said: str) -> None:
    archive = serve(server, name, content)
    inside = tmp_path / "inside"
    with pytest.raises(DataError, match=said):
        download_archives([archive], inside)
    assert files_below(tmp_path) <= {f"inside/{name}.part"}


def test_the_next_address_takes_over_where_the_first_has_nothing_another_file_or_half(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = tarred(TRAIN)
    archive = serve(server, "mirror/train.tar", whole)
    for place, content in {"blocked": b"<html>not from here</html>", "cut": whole}.items():
        FILES[f"/{place}/train.tar"] = content
    CUT["/cut/train.tar"] = 4000
    with socket.socket() as closed:  # bound, and nobody listens
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}/train.tar"
        places = [f"{server}/{place}/train.tar" for place in ("blocked", "cut", "blocked", "mirror")]
        download_archives([Archive(archive.md5, (nobody, *places))], tmp_path)
    assert files_below(tmp_path) == {*TRAIN, ".unpacked/train.tar"}
    assert REQUESTS == [
        ("/blocked/train.tar", None), ("/cut/train.tar", None),
        ("/blocked/train.tar", "bytes=4000-"), ("/mirror/train.tar", "bytes=4000-"),
    ]  # fmt: skip
    said = capsys.readouterr().err
    assert [url for url in (nobody, *places) if url not in said] == []


def test_if_no_address_has_it_each_is_named(server: str, tmp_path: Path) -> None:
    FILES["/a.tar"] = FILES["/b.tar"] = b"nothing of use"
    with pytest.raises(DataError) as error:
        download_archives([Archive("0" * 32, (f"{server}/a.tar", f"{server}/b.tar"))], tmp_path)
    assert [str(error.value).count(f"{server}/{name}") for name in ("a.tar", "b.tar")] == [1, 1]
    assert files_below(tmp_path) == set()


def test_the_published_archives() -> None:
    torchvision = [DATASET_YEAR_DICT[part] for part in ("2007", "2007-test", "2012")]
    assert [a.name for a in VOC] == [
        "VOCtrainval_06-Nov-2007.tar", "VOCtest_06-Nov-2007.tar", "VOCtrainval_11-May-2012.tar",
    ]  # fmt: skip
    assert [a.md5 for a in VOC] == [part["md5"] for part in torchvision]
    for archives in (VOC, *COCO.values()):
        assert len(archives) == 3
        assert len({a.md5 for a in archives}) == 3
        assert all(url.endswith(f"/{a.name}") for a in archives for url in a.urls)
        assert all(len(a.urls) >= 2 for a in archives)

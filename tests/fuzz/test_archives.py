"""Whatever is in an archive, its files are unpacked, inside of their folder, or it is refused and nothing is left."""

import hashlib
import io
import random
import shutil
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from damage import NASTY, damaged_bytes, examine

from dsod_lite.datasets import DataError
from dsod_lite.datasets.folder_tools.archives import unpack_into
from dsod_lite.datasets.folder_tools.bccd import download
from dsod_lite.datasets.folder_tools.photographs import PHOTOGRAPHS, PhotographSet, download_photographs, folder_digest

FILES = {f"set/images/{i}.jpg": bytes(range(200)) * (i + 1) for i in range(4)}
FILES |= {"set/LICENSE": b"MIT", "set/notes/a": b""}
NAMES: tuple[str, ...] = ("..", "set/../x", "set/images", "set/images/", "/", "a/./b", "a", "a/b")
NAMES += tuple(text for text in NASTY if isinstance(text, str) and text.isprintable())


def zipped(draw: random.Random | None) -> bytes:
    """The files, and with a generator one more that should not be there, or is another kind than it says."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in FILES.items():
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)
        if draw:
            info = zipfile.ZipInfo(draw.choice([*FILES, "set/images/new"]))
            info.filename = draw.choice((info.filename, *NAMES))
            info.external_attr = draw.choice((0, 0o120777, 0o040777, 0o010777)) << 16  # a link, a folder, a pipe
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a name is there twice
                archive.writestr(info, draw.choice((b"", b"../../x", b"\0" * 2**22)), draw.choice((0, 8, 12, 14)))
    return content.getvalue()


def tarred(draw: random.Random | None, mode: str) -> bytes:
    """Likewise."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in FILES.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        if draw:
            info = tarfile.TarInfo(draw.choice((*FILES, *NAMES)))
            info.type = draw.choice(b"0123456").to_bytes()  # a file, links, devices, a folder, a pipe
            info.linkname = draw.choice((*FILES, *NAMES))
            info.mode = draw.choice((0, 0o777, 0o4755))
            archive.addfile(info)
    return content.getvalue()


def damaged(whole: Callable[[random.Random | None], bytes], draw: random.Random) -> bytes:
    """The bytes of the archive as it should be, or what is in it, or both."""
    content = whole(draw if draw.random() < 0.6 else None)
    return damaged_bytes(content, draw) if draw.random() < 0.6 else content


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_a_published_archive(kind: str, tmp_path: Path) -> None:
    """Its sum says that it is the makers'; but there is nothing behind that."""
    file, to, name = tmp_path / "archive.part", tmp_path / "to", f"archive.{kind}"

    def whole(draw: random.Random | None) -> bytes:
        return zipped(draw) if kind == "zip" else tarred(draw, "w:gz" if kind == "tar.gz" else "w")

    file.write_bytes(whole(None))

    def damage(draw: random.Random) -> None:
        shutil.rmtree(to, ignore_errors=True)
        file.write_bytes(damaged(whole, draw))

    def read(_: random.Random) -> None:
        try:
            unpack_into(file, to, name)
        except DataError:
            assert not any(to.rglob("*"))
            raise
        finally:
            assert {path.name for path in tmp_path.iterdir()} <= {file.name, to.name}

    examine(kind, damage, read, DataError)


@pytest.mark.parametrize("kind", ["by file", "as a whole"])
def test_a_set_from_github(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, to = tmp_path / "archive.zip", tmp_path / "to"
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
    wanted = {name.removeprefix("set/"): (digest, name.removeprefix("set/")) for name, digest in sums.items()}
    lines = (f"{sums[name]}  {name.removeprefix('set/')}\n" for name in sorted(FILES) if "notes" not in name)
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    monkeypatch.setitem(PHOTOGRAPHS, "set", PhotographSet("a/b", "c", ("images/", "LICENSE"), digest, ""))

    file.write_bytes(zipped(None))

    def damage(draw: random.Random) -> None:
        shutil.rmtree(to, ignore_errors=True)
        file.write_bytes(damaged(zipped, draw))

    def read(_: random.Random) -> None:
        try:
            if kind == "by file":
                download("", wanted, to, file)
            else:
                download_photographs("set", to, file)
                assert folder_digest(to) == digest
        finally:
            assert {path.name for path in tmp_path.iterdir()} <= {file.name, to.name}

    examine(kind, damage, read, DataError)

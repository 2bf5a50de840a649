"""Small public sets of photographs to try a detector on, each at a commit of its owner's, and checked as a whole."""

import hashlib
import tempfile
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from ...support.errors import DataError
from ...support.files import new_folder
from .bccd import REMEDY
from .download import fetch
from .zips import opened, read_small

MAX_SET = 2**28
"""Bytes; the largest of the sets has a third of it. An archive that unpacks to more is none of them."""


class PhotographSet(NamedTuple):
    """A set of photographs that its owner publishes on GitHub."""

    repository: str
    commit: str
    kept: tuple[str, ...]
    """Beginnings of the paths that are kept: the pictures, their labels, and what is said of the licence."""
    digest: str
    """See `folder_digest`."""
    about: str


PHOTOGRAPHS = {
    "raccoons": PhotographSet(
        "datitran/raccoon_dataset",
        "93938849301895fb73909842ba04af9b602f677a",
        ("annotations/", "images/", "LICENSE"),
        "5bacfdc1b7fa877f173eb68495a43cde5b6a5381664280cab5b34157180724de",
        "200 photographs of raccoons, VOC's format (MIT), 14 MB",
    ),
    "kangaroos": PhotographSet(
        "experiencor/kangaroo",
        "882bbbd75ba49cb8cf9393e06d88ebaec293af32",
        ("annots/", "images/", "README.md"),
        "cb96d7188d257c2adb4f76556fc0e0827e863b1cb2f6abd131e35400d72b58bf",
        "164 photographs of kangaroos, VOC's format (without a licence), 20 MB",
    ),
    "cards": PhotographSet(
        "EdjeElectronics/TensorFlow-Object-Detection-API-Tutorial-Train-Multiple-Objects-Windows-10",
        "c1645825822622fc75919b6be253779d49678f55",
        ("images/", "LICENSE"),
        "8a4c4c3a53725fafaba910477e17ec426154fdd9f1ae40c0534f949e55b75599",
        "363 photographs of six playing cards, VOC's format, divided (Apache 2.0), 39 MB",
    ),
    "chess": PhotographSet(
        "jsansao/ChessPiecesv23",
        "246442c35465cdc9c917cdd0aa36698320def063",
        ("train/", "valid/", "test/", "README"),
        "481dd6d23cab5ea8c60e2602b541cabdfa5d3c4acaf4511ccd48bbcc196e3fa6",
        "289 photographs of twelve chess pieces, COCO's format, divided (public domain), 80 MB",
    ),
}


def download_photographs(name: str, to: str | Path, archive: str | Path | None = None) -> None:
    """One of PHOTOGRAPHS as its owner laid it out. The folder appears whole or not at all.

    Args:
        name: the set's.
        to: the folder to make. If it is there and whole, nothing is done.
        archive: a .zip of the repository downloaded before; None fetches it.

    Raises:
        DataError: if the download is cut, the archive is damaged or has unsafe paths, or its content is not what it
            should be; or if `to` holds something else.
    """
    chosen, to = PHOTOGRAPHS[name], Path(to)
    if to.exists():
        if folder_digest(to) != chosen.digest:
            raise DataError(f"{to}: is not the set of {name} as it should be (SHA-256); {REMEDY}")
        return
    with new_folder(to) as part, tempfile.TemporaryDirectory() as aside:
        if archive is None:
            archive = Path(aside) / "download.zip"
            fetch(f"https://github.com/{chosen.repository}/archive/{chosen.commit}.zip", archive)
        _unpack(Path(archive), part, chosen.kept)
        if folder_digest(part) != chosen.digest:
            raise DataError(f"{archive}: the set of {name} in it is not what it should be (SHA-256)")


def folder_digest(folder: Path) -> str:
    """The SHA-256 sum of the lines that `sha256sum` has for a folder's files, in the order of their paths."""
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = (f"{hashlib.sha256((folder / path).read_bytes()).hexdigest()}  {path}\n" for path in paths)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _unpack(archive: Path, to: Path, kept: tuple[str, ...]) -> None:
    """The files whose paths, below the archive's outermost folder, begin as one of `kept`."""
    with opened(archive) as (source, members):
        files = {name: own[0] for name, own in members.items() if name.startswith(kept) and not own[0].is_dir()}
        if (size := sum(member.file_size for member in files.values())) > MAX_SET:
            raise DataError(f"{archive}: is another set, of {size:,} bytes; nothing was unpacked")
        for name, member in tqdm(files.items(), desc="unpacking", leave=False):
            path = to / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with source.open(member) as file:
                path.write_bytes(read_small(file, f"{archive}: {name}"))

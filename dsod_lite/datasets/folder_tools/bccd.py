"""The BCCD blood cells, and a second labelling of most of them, fetched and checked file by file."""

import hashlib
import tempfile
from importlib.resources import files
from pathlib import Path

from tqdm import tqdm

from ...support.errors import DataError
from ...support.files import new_folder
from .download import fetch
from .zips import opened, read_small

# MIT licence. The commit is part of the address, and the committed sums say what has to be in it.
BCCD_URL = "https://github.com/Shenggan/BCCD_Dataset/archive/d272fb14.zip"
RELABELLED_URL = "https://github.com/lugan113/TXL-PBC_Dataset/archive/056d09e45403f4d1321b99cdb2cfcc3eb605edcf.zip"
"""Likewise, MIT licence. Its pictures are BCCD's and others, under other names; the sums' third column has these."""
REMEDY = "name a folder that does not exist yet, or remove this one if it holds nothing else"


def download_bccd(to: str | Path, archive: str | Path | None = None) -> None:
    """The BCCD blood cells as a folder in VOC's layout: 364 photographs of 640×480 pixels, three classes.

    Every file is compared with the SHA-256 sums in `bccd.sha256`. The folder appears whole or not at all.

    Args:
        to: the folder to make. If it is there and whole, nothing is done.
        archive: a .zip downloaded before; None fetches it.

    Raises:
        DataError: if the download is cut, the archive is damaged or has unsafe paths, or a file is missing or
            differs; or if `to` holds something else.
    """
    download(BCCD_URL, {name: (digest, path_in_archive(name)) for name, digest in expected_sums().items()}, to, archive)


def download_bccd_relabelled(to: str | Path, archive: str | Path | None = None) -> None:
    """A second labelling of 221 of BCCD's photographs, from TXL-PBC (Gan and Li, arXiv 2407.13214): labels/NAME.txt.

    NAME is the photograph's in BCCD. A line is an object: class (0 white cell, 1 red cell, 2 platelet), centre x and y,
    width and height, as fractions of the picture. Checked as `download_bccd` checks, and like it whole or not at all.

    Args:
        to: the folder to make. If it is there and whole, nothing is done.
        archive: a .zip downloaded before; None fetches it, 36 MB.

    Raises:
        DataError: as `download_bccd`.
    """
    lines = (files(__package__) / "bccd_relabelled.sha256").read_text(encoding="utf-8").splitlines()
    rows = (line.split(maxsplit=2) for line in lines)
    download(RELABELLED_URL, {name: (digest, member) for digest, name, member in rows}, to, archive)


def download(url: str, wanted: dict[str, tuple[str, str]], to: str | Path, archive: str | Path | None) -> None:
    """Makes a folder of some of an archive's files: name in the folder -> (SHA-256 sum, path in the archive)."""
    to = Path(to)
    if to.exists():
        check_sums(to, {name: digest for name, (digest, _) in wanted.items()})
        return
    with new_folder(to) as part, tempfile.TemporaryDirectory() as aside:
        if archive is None:
            archive = Path(aside) / "download.zip"
            fetch(url, archive)
        unpack(Path(archive), part, wanted)


def expected_sums() -> dict[str, str]:
    """Path within BCCD's folder -> SHA-256 sum, of every file of the set."""
    lines = (files(__package__) / "bccd.sha256").read_text(encoding="utf-8").splitlines()
    return {path: digest for digest, path in (line.split(maxsplit=1) for line in lines)}


def check_sums(folder: Path, sums: dict[str, str]) -> None:
    """Raises DataError naming the first file of the folder that is missing or differs."""
    for name, digest in sums.items():
        path = folder / name
        if not path.is_file():
            raise DataError(f"{path}: is missing; {REMEDY}")
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise DataError(f"{path}: is not the file it should be (SHA-256); {REMEDY}")


def unpack(archive: Path, to: Path, wanted: dict[str, tuple[str, str]]) -> None:
    """The files that are wanted, see `download`, into a new folder.

    Nothing is taken from the archive's own paths but the end that equals one that is wanted, and an archive
    with a path that leads outside is refused altogether.
    """
    with opened(archive) as (source, members):
        for name, (digest, member) in tqdm(wanted.items(), desc="unpacking", leave=False):
            found = members[member]
            if len(found) != 1:
                raise DataError(f"{archive}: {name}: is in the archive {len(found)} times, not once")
            with source.open(found[0]) as file:
                content = read_small(file, f"{archive}: {name}")
            if hashlib.sha256(content).hexdigest() != digest:
                raise DataError(f"{archive}: {name}: is not the file it should be (SHA-256)")
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            (to / name).write_bytes(content)


def path_in_archive(name: str) -> str:
    """Where GitHub's archive has a file of the set, below its outermost folder: the licence beside BCCD/."""
    return f"BCCD/{name}" if "/" in name else name

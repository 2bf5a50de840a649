"""VOC and COCO as their makers publish them: fetched, checked and unpacked, and gone on with after a stop."""

import hashlib
import os
import shutil
import tarfile
import urllib.error
import urllib.request
import zipfile
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

from torchvision.datasets.voc import DATASET_YEAR_DICT
from tqdm import tqdm

from ...support.errors import DataError
from .download import path_inside


class Archive(NamedTuple):
    """A published file and its MD5 sum, by which its makers and torchvision know it."""

    url: str
    md5: str


VOC_PARTS = [DATASET_YEAR_DICT[part] for part in ("2007", "2007-test", "2012")]
VOC = [Archive(part["url"], part["md5"]) for part in VOC_PARTS]
COCO_ADDRESS = "http://images.cocodataset.org"
COCO = {
    2014: [
        Archive(f"{COCO_ADDRESS}/zips/train2014.zip", "0da8c0bd3d6becc4dcb32757491aca88"),
        Archive(f"{COCO_ADDRESS}/zips/val2014.zip", "a3d79f5ed8d289b7a7554ce06a5782b3"),
        Archive(f"{COCO_ADDRESS}/annotations/annotations_trainval2014.zip", "0a379cfc70b0e71301e0f377548639bd"),
    ],
    2017: [
        Archive(f"{COCO_ADDRESS}/zips/train2017.zip", "cced6f7f71b7629ddf16f17bbcfab6b2"),
        Archive(f"{COCO_ADDRESS}/zips/val2017.zip", "442b8da7639aecaf257c1dceb8ba8c80"),
        Archive(f"{COCO_ADDRESS}/annotations/annotations_trainval2017.zip", "f4bbac642086de4f52a3fdda2de5fa2c"),
    ],
}


def download_archives(archives: list[Archive], to: str | Path) -> None:
    """Fetches and unpacks archives into one folder. What is done is not done again; a cut download goes on.

    An archive is removed once its files are in place, and the folder then remembers its name in `.unpacked/`.

    Raises:
        DataError: if a file cannot be fetched, has another sum, is damaged or holds unsafe paths. Nothing of such an
            archive is left in the folder.
    """
    to = Path(to)
    for archive in archives:
        name = archive.url.rsplit("/", 1)[-1]
        done = to / ".unpacked" / name
        if done.exists():
            continue
        done.parent.mkdir(parents=True, exist_ok=True)
        file = to / f"{name}.part"
        fetch_on(archive.url, file)
        if (found := md5_of(file)) != archive.md5:
            file.unlink()  # a cut download would be gone on with; this one cannot be mended
            raise DataError(f"{archive.url}: has the MD5 sum {found}, not {archive.md5}; it was removed, try again")
        unpack_into(file, to, name)
        done.touch()
        file.unlink()


def fetch_on(url: str, path: Path) -> None:
    """Downloads to a file with a progress bar, from where an earlier attempt stopped if the server can."""
    have = path.stat().st_size if path.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            if response.status != 206:  # all of it, whatever was asked for
                have = 0
            length = int(response.headers.get("Content-Length") or 0)
            total = have + length if length else None
            bar = tqdm(total=total, initial=have, unit="B", unit_scale=True, desc=url.rsplit("/", 1)[-1])
            with open(path, "ab" if have else "wb") as file, bar:
                while block := response.read(1 << 20):
                    file.write(block)
                    bar.update(len(block))
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing beyond what is here: it is whole already
            return
        raise DataError(f"{url}: cannot be fetched ({error})") from None
    except (OSError, HTTPException, ValueError) as error:
        raise DataError(f"{url}: cannot be fetched ({error}); what came is kept, try again to go on") from None
    if total is not None and path.stat().st_size < total:
        raise DataError(f"{url}: cut off after {path.stat().st_size:,} of {total:,} bytes; try again to go on")


def md5_of(path: Path) -> str:
    """MD5 sum of a file, in hexadecimal. It finds damage; it is no protection against malice."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file, tqdm(total=path.stat().st_size, unit="B", unit_scale=True, desc="checking") as bar:
        while block := file.read(1 << 22):
            digest.update(block)
            bar.update(len(block))
    return digest.hexdigest()


def unpack_into(file: Path, to: Path, name: str) -> None:
    """Unpacks a .tar or .zip aside, and moves its files to their places only when all of it is there."""
    aside = to / f".unpacking-{name}"
    shutil.rmtree(aside, ignore_errors=True)  # of a run that was killed
    try:
        if name.endswith(".zip"):
            with zipfile.ZipFile(file) as source:
                for info in source.infolist():
                    path_inside(info.filename, name)
                for info in tqdm(source.infolist(), desc=f"unpacking {name}", unit="file"):
                    source.extract(info, aside)
        else:
            with tarfile.open(file) as source_tar:
                for member in tqdm(source_tar, desc=f"unpacking {name}", unit="file"):
                    path_inside(member.name, name)
                    source_tar.extract(member, aside, filter="data")  # refuses whatever leads outside
        for source_file in sorted(p for p in aside.rglob("*") if p.is_file()):
            place = to / source_file.relative_to(aside)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(source_file, place)
    except DataError:
        raise
    except Exception as error:  # both modules and their decompressors raise nearly anything on a broken archive
        raise DataError(f"{name}: cannot be unpacked: {error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)

"""VOC and COCO as their makers publish them: fetched, checked and unpacked, and gone on with after a stop."""

import functools
import os
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

from torchvision.datasets.utils import calculate_md5
from torchvision.datasets.voc import DATASET_YEAR_DICT
from tqdm import tqdm

from ...support.errors import DataError
from .download import fetch, path_inside


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
        fetch(archive.url, file)
        if (found := calculate_md5(file)) != archive.md5:
            file.unlink()  # a cut download would be gone on with; this one cannot be mended
            raise DataError(f"{archive.url}: has the MD5 sum {found}, not {archive.md5}; it was removed, try again")
        unpack_into(file, to, name)
        done.touch()
        file.unlink()


def unpack_into(file: Path, to: Path, name: str) -> None:
    """Unpacks a .tar or .zip aside, and moves its files to their places only when all of it is there."""
    aside = to / f".unpacking-{name}"
    shutil.rmtree(aside, ignore_errors=True)  # of a run that was killed
    try:
        # Of a path that leads outside both modules would make one inside; such an archive is refused altogether.
        bar = functools.partial(tqdm, desc=f"unpacking {name}", unit="file")
        if name.endswith(".zip"):
            with zipfile.ZipFile(file) as zipped:
                for path in zipped.namelist():
                    path_inside(path, name)
                zipped.extractall(aside, bar(zipped.namelist()))
        else:
            with tarfile.open(file) as tarred:
                for path in tarred.getnames():
                    path_inside(path, name)
                tarred.extractall(aside, bar(tarred.getmembers()), filter="data")
        shutil.copytree(aside, to, copy_function=os.replace, dirs_exist_ok=True)
    except DataError:
        raise
    except Exception as error:  # both modules and their decompressors raise nearly anything on a broken archive
        raise DataError(f"{name}: cannot be unpacked: {error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)

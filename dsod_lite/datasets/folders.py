"""Which data set a folder is: one in VOC's layout, VOC's devkit with its years, or COCO."""

from pathlib import Path

from .coco import CocoDataset
from .union import VOC_UNIONS, Union, voc_union
from .voc import VOCDataset

Split = VOCDataset | CocoDataset | Union


def open_split(
    folder: str | Path, split: str, classes: tuple[str, ...] | None = None, with_objects: bool = False
) -> Split:
    """One list of a folder's pictures.

    Args:
        folder: in VOC's layout; or VOCdevkit, with VOC2007 and VOC2012 in it; or COCO's, with
            annotations/instances_*.json and folders of pictures.
        split: a list of ImageSets/Main; "07+12" or "07++12" of VOCdevkit, "VOC2007/test" for a list of one year; the
            "*" of COCO's annotation file.
        classes: names of the labels 1 to C; None: as the data have them.
        with_objects: whether to leave out COCO's pictures without objects, as in training.

    Raises:
        DataError: naming the file that is missing or broken.
    """
    folder = Path(folder)
    if split in VOC_UNIONS:
        return voc_union(folder, split)
    annotations = folder / "annotations" / f"instances_{split}.json"
    if annotations.exists():
        return CocoDataset(folder / split, annotations, classes, with_objects)
    year, _, name = split.rpartition("/")
    return VOCDataset(folder / year, name, classes)


def usual_splits(folder: str | Path) -> tuple[str, str | None]:
    """What to train on, and what to judge on: None where there is no such list.

    VOC's devkit: 07+12 and 2007's test. COCO: train and val of 2017, or of 2014. Else trainval and test where the
    folder has the first, and train and val where not.
    """
    folder = Path(folder)
    if (folder / "VOC2007").is_dir():
        return "07+12", "VOC2007/test"
    for year in ("2017", "2014"):
        if has_split(folder, f"train{year}"):
            return f"train{year}", f"val{year}" if has_split(folder, f"val{year}") else None
    split, validation = ("trainval", "test") if has_split(folder, "trainval") else ("train", "val")
    return split, validation if has_split(folder, validation) else None


def has_split(folder: str | Path, split: str) -> bool:
    """Whether the folder has such a list of pictures, by itself or as COCO's annotation file."""
    folder = Path(folder)
    lists = (folder / "ImageSets" / "Main" / f"{split}.txt", folder / "annotations" / f"instances_{split}.json")
    return any(path.exists() for path in lists)

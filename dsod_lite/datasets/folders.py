"""A folder of labelled pictures, in whichever format: its lists, and one of them as a data set."""

from pathlib import Path

from ..support.errors import DataError
from .annotations import REMEDY
from .files import DIVISIONS
from .formats.table import read_folder
from .labelled import LabelledDataset
from .labels import Labels


def open_split(
    folder: str | Path, split: str, classes: tuple[str, ...] | None = None, with_objects: bool = False
) -> LabelledDataset:
    """One list of a folder's pictures.

    Args:
        folder: in any of the formats of `formats.table`.
        split: train, val, test …: a list as the folder has it, whatever the format calls it; "07+12" or "07++12" of
            VOCdevkit, "VOC2007/test" for a list of one year.
        classes: names of the labels 1 to C; None: as the labels have them.
        with_objects: whether to leave out COCO's pictures without objects, as in training.

    Raises:
        DataError: naming the file that is missing or broken.
    """
    labels, own = opened(folder, split)
    pictures = labels.pictures(own)
    wanted, numbers = labels.numbers(own, classes)
    raw = labels.judged_raw and not with_objects
    alone = labels.judged_raw and with_objects
    return LabelledDataset(pictures, wanted, f"{folder} ({own})", numbers, with_objects=alone, raw=raw)


def split_paths(folder: str | Path, split: str) -> list[Path]:
    """The files of a list's pictures, whatever their labels say. Raises DataError as `open_split` does."""
    labels, own = opened(folder, split)
    return [entry.path for entry in labels.entries(own)]


def opened(folder: str | Path, split: str) -> tuple[Labels, str]:
    """A folder's labels, and its name for a list. Raises DataError naming the lists that there are."""
    row, labels = read_folder(folder)
    own = find_list(labels, split)
    if own is None:
        there = ", ".join(labels.splits) or f"none; {REMEDY}"
        raise DataError(f"{folder} ({row.name}): {split}: there is no such split; the folder has: {there}")
    return labels, own


def find_list(labels: Labels, split: str) -> str | None:
    """The folder's name for a list: `valid` where it is asked for `val`, and the other way round."""
    if split in labels.splits:
        return split
    meant = DIVISIONS.get(split.lower())
    return next((own for own in labels.splits if meant and DIVISIONS.get(own.lower()) == meant), None)


def usual_splits(folder: str | Path) -> tuple[str, str | None]:
    """What to train on, and what to judge on: None where there is no such list.

    VOC's devkit: 07+12 and 2007's test. COCO: train and val of 2017, or of 2014. Else trainval and test where the
    folder has the first, and train and val where not. A folder with one list is trained on as a whole.
    """
    _, labels = read_folder(folder)
    for split, validation in (
        ("07+12", "VOC2007/test"),
        ("train2017", "val2017"),
        ("train2014", "val2014"),
        ("trainval", "test"),
        ("train", "val"),
    ):
        if own := find_list(labels, split):
            return own, find_list(labels, validation)
    if len(labels.splits) == 1:
        return labels.splits[0], None
    return "train", None


def has_split(folder: str | Path, split: str) -> bool:
    """Whether the folder has such a list of pictures."""
    return find_list(read_folder(folder)[1], split) is not None

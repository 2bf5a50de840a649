"""Folders in Pascal VOC's layout: JPEGImages, Annotations and ImageSets/Main with train.txt, val.txt, test.txt."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ..support.errors import DataError
from .annotations import class_names, images_by_name, progress, read_annotation, split_names
from .labelled import LabelledDataset, Transform
from .labels import Entry, LabelledObject, LabelledPicture, fails


class VOCDataset(LabelledDataset):
    """One split of a folder in VOC's layout, as a `DetectionDataset`.

    Boxes are the numbers of the file, as SSD and DSOD read them. Every annotation is read, and every picture's header,
    when the data set is made; what is done to boxes then is said (see `LabelledDataset`).

    Raises:
        DataError: naming the file and the field.
    """

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        classes: Sequence[str] | None = None,
        transform: Transform | None = None,
    ) -> None:
        self.root, self.split = Path(root), split
        if not self.root.is_dir():
            raise DataError(f"{self.root}: there is no such folder")
        pictures = [entry.read() for entry in progress(voc_entries(self.root, split))]
        names = tuple(classes) if classes is not None else class_names(self.root)
        super().__init__(pictures, names, f"{self.root} ({split})", transform=transform)


def voc_entries(root: Path, split: str) -> list[Entry]:
    """The pictures of ImageSets/Main/SPLIT.txt. Raises DataError naming the list."""
    names, images = split_names(root, split), images_by_name(root)
    return [voc_entry(root, name, images.get(name)) for name in names]


def voc_entry(root: Path, name: str, path: Path | None) -> Entry:
    """JPEGImages/NAME and Annotations/NAME.xml."""
    xml = root / "Annotations" / f"{name}.xml"
    if path is None:
        missing = root / "JPEGImages" / f"{name}.jpg"
        return Entry(missing, fails(DataError(f"{missing}: there is no such picture")))
    return Entry(path, partial(labelled, name, path, xml))


def labelled(name: str, path: Path, xml: Path) -> LabelledPicture:
    """A picture and its annotation. Raises DataError naming the file and the field."""
    annotation = read_annotation(xml)
    objects = tuple(LabelledObject(o.name, o.box, o.difficult) for o in annotation.objects)
    return LabelledPicture(name, path, objects, str(xml), annotation.size, xml=xml)

"""Folders in Pascal VOC's layout: JPEGImages, Annotations and ImageSets/Main with train.txt, val.txt, test.txt."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..support.errors import DataError
from .annotations import class_names, find_image, images_by_name, progress, read_annotation, split_names
from .labelled import LabelledDataset, Transform
from .labels import LabelledObject, LabelledPicture


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
        pictures = voc_pictures(self.root, split)
        names = tuple(classes) if classes is not None else class_names(self.root)
        super().__init__(pictures, names, f"{self.root} ({split})", transform=transform)


def voc_pictures(root: Path, split: str) -> list[LabelledPicture]:
    """The pictures of ImageSets/Main/SPLIT.txt. Raises DataError naming the file and the field."""
    names = split_names(root, split)
    images = images_by_name(root)
    paths = [images[name] if name in images else find_image(root, name) for name in names]
    read = (labelled(name, path, root / "Annotations" / f"{name}.xml") for name, path in zip(names, paths, strict=True))
    return list(_shown(read, len(names)))


def labelled(name: str, path: Path, xml: Path) -> LabelledPicture:
    """A picture and its annotation. Raises DataError naming the file and the field."""
    annotation = read_annotation(xml)
    objects = tuple(LabelledObject(o.name, o.box, o.difficult) for o in annotation.objects)
    return LabelledPicture(name, path, objects, str(xml), annotation.size, xml=xml)


def _shown(items: Iterator[LabelledPicture], length: int) -> Iterator[LabelledPicture]:
    bar = progress(range(length))
    return (item for item, _ in zip(items, bar, strict=True))

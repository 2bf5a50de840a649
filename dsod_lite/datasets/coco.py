"""COCO: pictures in one folder, all annotations in one JSON file."""

from pathlib import Path

from ..support.errors import DataError
from .coco_file import CocoFile
from .labelled import LabelledDataset, Transform

# COCO's words for VOC's 20 classes, where they differ.
VOC_WORDS = {
    "airplane": "aeroplane",
    "motorcycle": "motorbike",
    "couch": "sofa",
    "potted plant": "pottedplant",
    "dining table": "diningtable",
    "tv": "tvmonitor",
}


class CocoDataset(LabelledDataset):
    """One split of COCO, as a `DetectionDataset`.

    To train on (`with_objects`), boxes around crowds are left out, as the authors do, boxes without area dropped and
    boxes over the edge clipped, with one warning each that counts and names them; and pictures on which no object is
    left are left out, as in SSD's lists. To be judged by, everything is as in the file, so that the numbers are
    pycocotools' own: a target has "iscrowd" bool [M] and "area" float32 [M], the pixels of the mask, beside the
    others, and crowds are "difficult", which VOC's measure does not count.

    Args:
        images: the folder, such as coco/train2017.
        annotations: the file, such as coco/annotations/instances_train2017.json.
        classes: names of the classes to keep, in the order of their labels, in VOC's or in COCO's words; None: all that
            the file has, in its order.
        with_objects: whether to train on it; False: to be judged by it.
        transform: augmentation.

    Raises:
        DataError: naming the file and the field.
    """

    def __init__(
        self,
        images: str | Path,
        annotations: str | Path,
        classes: tuple[str, ...] | None = None,
        with_objects: bool = True,
        transform: Transform | None = None,
    ) -> None:
        self.images = Path(images)
        if not self.images.is_dir():
            raise DataError(f"{self.images}: there is no such folder")
        file = CocoFile(Path(annotations))
        there = {path.name for path in self.images.iterdir()}  # one look: a question for each file would take a minute

        def find(name: str) -> Path | None:
            path = self.images / name
            return path if name in there or ("/" in name and path.exists()) else None

        wanted = file.classes if classes is None else classes
        labels = subset(wanted, file.classes, file.path)
        pictures = [entry.read() for entry in file.entries(find, self.images)]
        super().__init__(pictures, wanted, str(file.path), labels, transform, with_objects, raw=not with_objects)


def subset(wanted: tuple[str, ...], own: tuple[str, ...], path: Path) -> dict[str, int | None]:
    """The label of each of a file's classes, None for those not wanted. Raises DataError for one that it lacks."""
    label = {name: i for i, name in enumerate(wanted, start=1)}
    labels = {name: label.get(name, label.get(VOC_WORDS.get(name, name))) for name in own}
    if missing := [name for name in wanted if label[name] not in labels.values()]:
        raise DataError(f"{path}: categories: has no {', '.join(missing)}")
    return labels

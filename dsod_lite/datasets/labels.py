"""What a label says, whatever file it stands in: pictures, and the objects on them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from .images import image_frame

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class LabelledObject:
    """One object: its class, and a box xyxy in pixels of the picture (see `LabelledPicture.relative`)."""

    name: str
    box: Box
    difficult: bool = False  # VOC's mark: neither a hit nor a miss
    crowd: bool = False  # COCO's: a box around many
    area: float | None = None  # pixels of the mask, where there is one
    where: str = ""  # what messages call it; empty: "PICTURE object 3"


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """One picture, and what its labels say of it."""

    name: str  # within its data set
    path: Path
    objects: tuple[LabelledObject, ...]
    source: str  # the file with the labels, and the place in it: errors begin with it
    size: tuple[int, int] | None = None  # (width, height) as the labels give it
    relative: bool = False  # boxes are fractions of the picture, not pixels
    xml: Path | None = None  # the VOC annotation, where it is one


@dataclass(frozen=True, slots=True)
class Upright:
    """A picture's labels in the frame that `read_image` shows, which is a viewer's."""

    size: tuple[int, int]  # (width, height) of the picture itself
    objects: tuple[LabelledObject, ...]  # in its pixels
    turned: bool  # the labels were made on pixels that the camera had stored lying on their side
    resized: bool  # the labels give another size than the picture has, and not for that reason


def upright(picture: LabelledPicture) -> Upright:
    """The labels of a picture, turned as its EXIF tag turns the pixels if they were made on unturned ones.

    Which is so where the size in the labels has the sides swapped. Raises DataError naming a picture that is missing or
    broken.
    """
    size, orientation = image_frame(picture.path)
    lying = (size[1], size[0])
    turned = orientation > 4 and lying != size and picture.size == lying
    resized = not turned and not picture.relative and picture.size not in (None, size)
    objects = picture.objects
    if picture.relative:
        objects = tuple(replace(o, box=_scaled(o.box, *(lying if turned else size))) for o in objects)
    if turned:
        objects = tuple(replace(o, box=turn(o.box, lying, orientation)) for o in objects)
    return Upright(size, objects, turned, resized)


def turn(box: Box, size: tuple[int, int], orientation: int) -> Box:
    """A box xyxy on stored pixels of `size` (width, height) -> on those that a viewer shows, for EXIF's 5 to 8."""
    width, height = size
    x0, y0, x1, y1 = box
    left, right = (height - y1, height - y0) if orientation in (6, 7) else (y0, y1)
    top, bottom = (width - x1, width - x0) if orientation in (7, 8) else (x0, x1)
    return left, top, right, bottom


def _scaled(box: Box, width: int, height: int) -> Box:
    return box[0] * width, box[1] * height, box[2] * width, box[3] * height


class Labels:
    """What a folder's labels say, list by list, read when it is asked for.

    Args:
        splits: the lists that the folder is divided into, and what reads each.
        classes: the classes as the folder declares them; None: every name that an object has, sorted.
        of_list: where each list has a file and classes of its own, as with COCO: these. Such a list is judged on
            exactly as it is in the file, and the classes asked for may be fewer.
        subset: then the label 1 to C of each class of a list, None for those that were not asked for.
    """

    def __init__(
        self,
        splits: Mapping[str, Callable[[], Iterable[LabelledPicture]]],
        classes: Callable[[], tuple[str, ...]] | None = None,
        of_list: Callable[[str], tuple[str, ...]] | None = None,
        subset: Callable[[str, tuple[str, ...]], dict[str, int | None]] | None = None,
    ) -> None:
        self._splits, self._classes, self._of_list, self._subset = splits, classes, of_list, subset
        self._read: dict[str, list[LabelledPicture]] = {}

    @property
    def splits(self) -> list[str]:
        """The names of the lists."""
        return list(self._splits)

    @property
    def judged_raw(self) -> bool:
        """Whether a list is judged on exactly as it is in its file."""
        return self._of_list is not None

    def pictures(self, split: str) -> list[LabelledPicture]:
        """The pictures of a list, in its order. Raises DataError naming what cannot be read."""
        if split not in self._read:
            self._read[split] = list(self._splits[split]())
        return self._read[split]

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The classes of the whole folder, in the order of their labels."""
        if self._of_list is not None:
            return tuple(dict.fromkeys(name for split in self._splits for name in self._of_list(split)))
        if self._classes is not None:
            return self._classes()
        return tuple(sorted({o.name for split in self._splits for p in self.pictures(split) for o in p.objects}))

    def numbers(
        self, split: str, classes: tuple[str, ...] | None = None
    ) -> tuple[tuple[str, ...], dict[str, int | None]]:
        """The classes asked for, or those that there are, and the label of each name in a list."""
        if classes is not None and self._subset is not None:
            return classes, self._subset(split, classes)
        if classes is None:
            classes = self._of_list(split) if self._of_list is not None else self.classes
        return classes, {name: label for label, name in enumerate(classes, start=1)}


def grouped(pictures: Iterable[tuple[str, LabelledPicture]], classes: tuple[str, ...] | None = None) -> Labels:
    """Pictures with the list that each belongs to, as one file has them."""
    splits: dict[str, list[LabelledPicture]] = {}
    for split, picture in pictures:
        splits.setdefault(split, []).append(picture)
    declared = None if classes is None else lambda: classes or ()
    return Labels({split: lambda own=own: own for split, own in splits.items()}, declared)  # type: ignore[misc]

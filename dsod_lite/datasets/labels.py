"""What a label says, whatever file it stands in: pictures, and the objects on them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

from ..support.errors import DataError
from .annotations import progress
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


def sizes(picture: LabelledPicture, size: tuple[int, int]) -> str:
    """That labels and picture differ in size, as a message has it."""
    said = picture.size or (0, 0)
    return f"size: {said[0]}×{said[1]}, but the picture has {size[0]}×{size[1]}"


def turn(box: Box, size: tuple[int, int], orientation: int) -> Box:
    """A box xyxy on stored pixels of `size` (width, height) -> on those that a viewer shows, for EXIF's 5 to 8."""
    width, height = size
    x0, y0, x1, y1 = box
    left, right = (height - y1, height - y0) if orientation in (6, 7) else (y0, y1)
    top, bottom = (width - x1, width - x0) if orientation in (7, 8) else (x0, x1)
    return left, top, right, bottom


def _scaled(box: Box, width: int, height: int) -> Box:
    return box[0] * width, box[1] * height, box[2] * width, box[3] * height


class Entry(NamedTuple):
    """A picture of a list, before its labels are read: so that a broken one hides no other."""

    path: Path  # of the picture; where there is none, what `read` says is missing
    read: Callable[[], LabelledPicture]  # raises DataError naming the file and the field


class Labels:
    """What a folder's labels say, list by list, read when it is asked for.

    Args:
        splits: the lists that the folder is divided into, and what gives the entries of each.
        classes: the classes as the folder declares them; None: every name that an object has, sorted.
        of_list: where each list has a file and classes of its own, as with COCO: these. Such a list is judged on
            exactly as it is in the file, and the classes asked for may be fewer.
        subset: then the label 1 to C of each class of a list, None for those that were not asked for.
    """

    def __init__(
        self,
        splits: Mapping[str, Callable[[], Iterable[Entry]]],
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

    def entries(self, split: str) -> list[Entry]:
        """The pictures of a list, in its order.

        Raises DataError naming a list that cannot be read, or two places in the labels that are about one picture: to
        either the objects of the other are background.
        """
        entries = list(self._splits[split]())
        seen: dict[Path, Entry] = {}
        for entry in entries:
            if (other := seen.setdefault(entry.path, entry)) is not entry:
                first, second = other.read().source, entry.read().source
                raise DataError(f"{second}: {entry.path} is labelled at {first} too; leave one of them out")
        return entries

    def pictures(self, split: str) -> list[LabelledPicture]:
        """The same, read. Raises DataError naming what cannot be read."""
        if split not in self._read:
            self._read[split] = [entry.read() for entry in progress(self.entries(split))]
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


def listed(entries: Iterable[tuple[str, Entry]]) -> dict[str, Callable[[], list[Entry]]]:
    """The lists of entries that come with the name of theirs, as from a file that has all."""
    splits: dict[str, list[Entry]] = {}
    for split, entry in entries:
        splits.setdefault(split, []).append(entry)
    return {split: partial(list, own) for split, own in splits.items()}


def fails(error: DataError) -> Callable[[], LabelledPicture]:
    """What reads an entry that cannot be read."""

    def read() -> LabelledPicture:
        raise error

    return read

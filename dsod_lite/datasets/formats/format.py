"""What a format of labels is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...support.errors import DataError
from ..files import Files
from ..labels import LabelledPicture, Labels
from ..names import UNWRITABLE
from ..numbers import shown


@dataclass(frozen=True)
class Division:
    """A whole data set, ready to be written: each list's pictures, with boxes in pixels as a viewer shows them.

    Raises DataError for a class whose name would not be read back.
    """

    classes: tuple[str, ...]
    splits: Mapping[str, Sequence[LabelledPicture]]  # every picture has its size, and a name of its own

    def __post_init__(self) -> None:
        for name in self.classes:
            if UNWRITABLE.search(name) or name != name.strip():
                raise DataError(f"the class {shown(name)} has characters that labels cannot be written with; rename it")


@dataclass(frozen=True)
class Format:
    """A way in which labelling tools keep labels.

    Attributes:
        name: what it is called; `arrange --format` takes it, where it is written.
        words: what the help says of it.
        recognises: whether a folder is of this kind, by the names of its files and, where these leave it open, a look
            into one.
        read: what the labels say. Raises DataError naming the file and the field.
        write: pictures and labels into an empty folder; None for what is only read.
        ending: of the file of labels that each picture has; None: one file has many, or there are others like it.
        marks: whether it has a place for VOC's mark of difficult objects, and for COCO's boxes around crowds.
    """

    name: str
    words: str
    recognises: Callable[[Files], bool]
    read: Callable[[Files], Labels]
    write: Callable[[Division, Path], None] | None = None
    ending: str | None = None
    marks: bool = False


def copy_picture(picture: LabelledPicture, to: Path) -> Path:
    """The picture's file as TO.suffix, in a folder that is made if need be."""
    to.parent.mkdir(parents=True, exist_ok=True)
    target = to.with_name(f"{to.name}{picture.path.suffix.lower()}")  # cameras write .JPG
    target.write_bytes(picture.path.read_bytes())
    return target

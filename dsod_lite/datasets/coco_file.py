"""COCO's JSON file, checked field by field."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from ..support.errors import DataError
from ..support.files import read_json
from .files import ABSENT
from .labels import Entry, LabelledObject, LabelledPicture, fails
from .numbers import number, pixels, shown, written_number

Fields = dict[str, Any]
"""An entry of the file."""


class CocoFile:
    """What a file of COCO's kind says, checked: every reference resolves, every name is one, every number is finite.

    Raises:
        DataError: naming the file, the entry and the field; both entries where two do not fit.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        content = read_json(path, without_mask)
        if not isinstance(content, dict):
            raise DataError(f"{path}: cannot be read as COCO's JSON: its outermost value is no object")
        self._via = "VGG Image Annotator" in str(content.get("info"))
        images, annotations, categories = (self._list(content, f) for f in ("images", "annotations", "categories"))
        self.names = self._categories(categories)
        self._images = self._by_id("images", images)
        self._objects = self._objects_by_image(annotations)
        labelled = {entry["category_id"] for entry in annotations}
        groups = {c.get("supercategory") for c in categories}
        self.classes = tuple(
            self.names[c["id"]]
            for c in sorted(categories, key=lambda c: _order(c["id"]))
            # Roboflow puts the project itself before its classes: the others' supercategory, and no object has it.
            if c["id"] in labelled or c["name"] not in groups or c.get("supercategory") not in ("none", "", None)
        )

    def entries(
        self, find: Callable[[str], Path | None], folder: Path, why: Callable[[str], str] = lambda _: ABSENT
    ) -> list[Entry]:
        """In the order of their ids. `find` gives the picture of a name; messages look for it in `folder`, and `why`
        says what is wrong with the name."""
        found: list[Entry] = []
        for image_id, entry in sorted(self._images.items(), key=lambda item: _order(item[0])):
            where = f"{self.path}: images: {image_id}"
            try:
                name = inner_name(entry.get("file_name"), where)
            except DataError as error:
                found.append(Entry(Path(where), fails(error)))
                continue
            path = find(name)
            if path is None:
                missing = DataError(f"{where}: file_name: {folder / name}: {why(name)}")
                found.append(Entry(folder / name, fails(missing)))
            else:
                found.append(Entry(path, partial(self._picture, image_id, name, path, where)))
        return found

    def _picture(self, image_id: int | str, name: str, path: Path, where: str) -> LabelledPicture:
        entry = self._images[image_id]
        size = pixels(entry.get("width"), entry.get("height"))
        if size is None:
            field = "height" if pixels(entry.get("width"), 1) else "width"
            raise DataError(f"{where}: {field}: {shown(entry.get(field))} is not a number of pixels")
        objects = tuple(self._object(a) for a in self._objects[image_id])
        return LabelledPicture(name, path, objects, where, size)

    def _list(self, content: Fields, field: str) -> list[Fields]:
        value = content.get(field)
        if value is None:
            raise DataError(f"{self.path}: {field}: is missing")
        if not isinstance(value, list):
            raise DataError(f"{self.path}: {field}: {shown(value)} is not a list")
        for i, entry in enumerate(value):
            if not isinstance(entry, dict):
                raise DataError(f"{self.path}: {field}: entry {i}: {shown(entry)} is no object with fields")
        return value

    def _by_id(self, field: str, entries: list[Fields]) -> dict[int | str, Fields]:
        found: dict[int | str, Fields] = {}
        for i, entry in enumerate(entries):
            where = f"{self.path}: {field}: entry {i}"
            key = _id(entry.get("id"))
            if key is None:
                raise DataError(f"{where}: id: {shown(entry.get('id'))} is neither a whole number nor a word")
            entry["id"] = key
            if found.get(key) == entry:  # VIA repeats a category for each of its objects
                continue
            if key in found:
                other, this = (shown(e.get("file_name", e.get("name"))) for e in (found[key], entry))
                raise DataError(f"{where} ({this}): id: {shown(key)} is that of {other} too")
            found[key] = entry
        return found

    def _categories(self, entries: list[Fields]) -> dict[int | str, str]:
        names: dict[int | str, str] = {}
        owner: dict[str, int | str] = {}
        for key, entry in self._by_id("categories", entries).items():
            name = entry.get("name")
            if not isinstance(name, str) or not name.strip():
                raise DataError(f"{self.path}: categories: {shown(key)}: name: {shown(name)} is no class's name")
            name = name.strip()
            if owner.setdefault(name, key) != key:
                raise DataError(f"{self.path}: categories: {shown(owner[name])} and {shown(key)} are both {name!r}")
            names[key] = name
        return names

    def _objects_by_image(self, entries: list[Fields]) -> defaultdict[int | str, list[Fields]]:
        found: defaultdict[int | str, list[Fields]] = defaultdict(list)
        for entry in entries:
            for field, known, owners in (
                ("category_id", self.names, "categories"),
                ("image_id", self._images, "images"),
            ):
                key = _id(entry.get(field))
                if self._via and isinstance(key, str) and key.isdecimal() and len(key) < 20:
                    key = int(key)  # it writes its images' numbers as words there
                if key is None or key not in known:
                    said = f"{self.path}: annotations: {shown(entry.get('id'))}: {field}: {shown(entry.get(field))}"
                    raise DataError(f"{said} is none of the {owners}{_other_kind(key, known)}")
                entry[field] = key
            found[entry["image_id"]].append(entry)
        return found

    def _object(self, entry: Fields) -> LabelledObject:
        where = f"annotation {shown(entry.get('id'))}"
        said = f"{self.path}: annotations: {shown(entry.get('id'))}"
        box = entry.get("bbox")
        corners = [_number(v) for v in box] if isinstance(box, list) else []
        if len(corners) != 4 or None in corners:
            raise DataError(f"{said}: bbox: {shown(box)} is not x, y, width, height")
        x, y, w, h = (v or 0.0 for v in corners)
        crowd, area = entry.get("iscrowd"), entry.get("area")
        if crowd not in (None, 0, 1):
            raise DataError(f"{said}: iscrowd: {shown(crowd)} is neither 0 nor 1")
        pixels_of_mask = _number(area)
        if area is not None and pixels_of_mask is None:
            raise DataError(f"{said}: area: {shown(area)} is not a number of pixels")
        name = self.names[entry["category_id"]]
        difficult = entry.get("difficult") in (1, True)  # written by `arrange`
        return LabelledObject(name, (x, y, x + w, y + h), difficult, bool(crowd), pixels_of_mask, where)


def without_mask(entry: Fields) -> Fields:
    """Nobody here reads masks, and of COCO they are most of what the file takes in memory."""
    entry.pop("segmentation", None)
    return entry


def inner_name(name: Any, where: str) -> str:
    """A picture's name that stays within its folder. Raises DataError."""
    if not isinstance(name, str) or not name.strip() or "\0" in name:
        raise DataError(f"{where}: file_name: {shown(name)} is no file's name")
    name = name.replace("\\", "/")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or name[1:2] == ":":
        raise DataError(f"{where}: file_name: {shown(name)} leads outside of its folder")
    return str(path)


def _number(value: Any) -> float | None:
    """A number, which Roboflow may have written as a word: [1150, 436, "996.0000", "1170.0000"]."""
    return written_number(value) if isinstance(value, str) else number(value)


def _id(value: Any) -> int | str | None:
    """An id that can be compared: a whole number (7.0 is 7) or a word."""
    if isinstance(value, str) and value:
        return value
    found = number(value)
    return int(value) if found is not None and found == int(found) else None


def _order(key: int | str) -> tuple[bool, int, str]:
    """Numbers first, by their size; words after them."""
    return (True, 0, key) if isinstance(key, str) else (False, key, "")


def _other_kind(key: int | str | None, known: Mapping[int | str, Any]) -> str:
    """Where 7 is there and "7" was asked for, or the other way round: the likeliest reason."""
    if isinstance(key, str) and key.isdecimal() and len(key) < 20 and int(key) in known:
        return f"; there {int(key)} is a number, and here it is a word"
    return f"; there {str(key)!r} is a word, and here it is a number" if str(key) in known else ""

"""LabelMe: a JSON file a picture, with shapes in pixels."""

import json
from pathlib import Path
from typing import Any

from ...support.errors import DataError
from ...support.files import read_json
from ..annotations import progress
from ..files import Files, look_into
from ..labels import LabelledObject, LabelledPicture, Labels
from ..numbers import number, pixels, shown
from .format import Division, Format, copy_picture
from .outlines import bounds
from .voc import pair_up, paired

NO_CLASS = ("__ignore__", "_background_")
"""Labels that LabelMe's own converters leave out."""


def recognises(files: Files) -> bool:
    """A JSON file with the name of a picture, and with shapes in it."""
    paths = [path for path in pair_up(files, ".json").values()]
    return any(b'"shapes"' in look_into(files.root / path) for path in paths[:3])


def read(files: Files) -> Labels:
    """The lists are those of the folders."""
    return paired(files, ".json", read_picture)


def read_picture(name: str, path: Path, source: Path) -> LabelledPicture:
    """Raises DataError naming the file, the shape and the field."""
    content = read_json(source)
    shapes = content.get("shapes") if isinstance(content, dict) else None
    if not isinstance(shapes, list):
        raise DataError(f"{source}: shapes: {shown(shapes)} is no list of shapes")
    found = (read_shape(f"{source}: shapes: {i}", shape) for i, shape in enumerate(shapes))
    objects = tuple(item for item in found if item.name not in NO_CLASS)
    size = pixels(content.get("imageWidth"), content.get("imageHeight"))
    return LabelledPicture(name, path, objects, str(source), size)


def read_shape(where: str, shape: Any) -> LabelledObject:
    """A rectangle is given by two corners, a circle by its centre and a point on it, all else by its corners."""
    if not isinstance(shape, dict):
        raise DataError(f"{where}: {shown(shape)} is no object with fields")
    name, points = shape.get("label"), shape.get("points")
    if not isinstance(name, str) or not name.strip():
        raise DataError(f"{where}: label: {shown(name)} is no class's name")
    pairs = points if isinstance(points, list) else []
    numbers = [[number(v) for v in p] if isinstance(p, list) and len(p) == 2 else [None] for p in pairs]
    if not numbers or any(None in pair for pair in numbers):
        raise DataError(f"{where} ({name}): points: {shown(points)} are no places in the picture")
    places = [(pair[0] or 0.0, pair[1] or 0.0) for pair in numbers]
    return LabelledObject(name.strip(), bounds(places, shape.get("shape_type") == "circle"))


def write(division: Division, to: Path) -> None:
    """LIST/NAME.json beside LIST/NAME.jpg."""
    for split, pictures in division.splits.items():
        for picture in progress(pictures):
            image = copy_picture(picture, to / split / picture.name)
            width, height = picture.size or (0, 0)
            shapes = [
                {
                    "label": item.name, "shape_type": "rectangle", "flags": {}, "group_id": None,
                    "points": [[round(v, 3) for v in item.box[:2]], [round(v, 3) for v in item.box[2:]]],
                }
                for item in picture.objects
            ]  # fmt: skip
            content: dict[str, Any] = {
                "version": "5.0.1", "flags": {}, "shapes": shapes, "imagePath": image.name, "imageData": None,
                "imageHeight": height, "imageWidth": width,
            }  # fmt: skip
            text = json.dumps(content, ensure_ascii=False, indent=1)
            (to / split / f"{picture.name}.json").write_text(text, encoding="utf-8")


LABELME = Format("labelme", "LabelMe: NAME.json beside NAME.jpg", recognises, read, write, ending=".json")

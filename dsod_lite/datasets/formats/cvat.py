"""CVAT's own XML ("CVAT for images"): one file with all pictures."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from ...support.errors import DataError
from ..annotations import progress
from ..files import DIVISIONS, UNDIVIDED, Files, division, look_into
from ..labels import Box, Entry, LabelledObject, LabelledPicture, Labels, listed
from ..names import unique_names
from ..numbers import pixels, shown, written_number
from .format import Division, Format, copy_picture
from .outlines import bounds, ellipse, turned


def sources(files: Files) -> list[str]:
    """The XML files that begin as CVAT's do."""
    found = []
    for path in files.ending(".xml"):
        if PurePosixPath(path).stem in files.stems:  # VOC's, one a picture
            continue
        if b"<annotations" in look_into(files.root / path, 4096):
            found.append(path)
    return found


def read(files: Files) -> Labels:
    """The lists are CVAT's subsets, or those of the folders."""
    found: list[tuple[str, str, ET.Element, str]] = []
    classes: dict[str, None] = {}
    for source in sources(files):
        root = parse(files.root / source)
        classes |= dict.fromkeys(declared(root))
        for i, image in enumerate(root.findall("image")):
            subset = (image.get("subset") or "").lower()
            path = files.picture(image.get("name") or "", source, subset) or ""
            split = DIVISIONS.get(subset, subset) or division(path or source) or UNDIVIDED
            found.append((split, path, image, f"{files.root / source}: image {i}"))
    names = unique_names(dict.fromkeys(path for _, path, _, _ in found))
    splits = listed((split, _entry(files, names[path], path, image, where)) for split, path, image, where in found)
    return Labels(splits, (lambda: tuple(classes)) if classes else None)


def declared(root: ET.Element) -> Iterator[str]:
    """The labels of the file's head that objects can have: not those of whole pictures, nor a skeleton's points."""
    for label in root.iterfind("meta//label"):
        name = (label.findtext("name") or "").strip()
        if name and label.findtext("type") != "tag" and not (label.findtext("parent") or "").strip():
            yield name


def _entry(files: Files, name: str, path: str, image: ET.Element, where: str) -> Entry:
    if not path:
        return files.missing(where, image.get("name"))
    return Entry(files.root / path, partial(read_image, name, files.root / path, image, where))


def read_image(name: str, path: Path, image: ET.Element, where: str) -> LabelledPicture:
    """An <image>. Raises DataError naming the place in the file."""
    objects = tuple(o for i, e in enumerate(image) for o in read_shape(f"{where}: {e.tag} {i}", e))
    size = pixels(written_number(image.get("width")), written_number(image.get("height")))
    return LabelledPicture(name, path, objects, where, size)


def parse(path: Path) -> ET.Element:
    """The file's <annotations>. Raises DataError naming it."""
    try:
        root = ET.parse(path).getroot()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except (ET.ParseError, LookupError, ValueError) as error:  # LookupError: an encoding nobody knows
        raise DataError(f"{path}: is not well-formed XML: {error}") from None
    if root.tag != "annotations":
        raise DataError(f"{path}: is no annotation of CVAT's: its outermost element is <{root.tag}>, not <annotations>")
    if root.find("track") is not None and root.find("image") is None:
        raise DataError(f"{path}: has the tracks of a video; export it as `CVAT for images`, with its pictures")
    return root


def read_shape(where: str, element: ET.Element) -> Iterator[LabelledObject]:
    """The object of a <box>, <polygon> …; nothing for <tag>, which is of the whole picture."""
    reader = SHAPES.get(element.tag)
    if reader is None:
        return
    name = (element.get("label") or "").strip()
    if not name:
        raise DataError(f"{where}: label: is missing or empty")
    try:
        box = reader(element)
    except (ValueError, TypeError):
        raise DataError(f"{where} ({name}): {shown(element.attrib)} is no place in the picture") from None
    yield LabelledObject(name, box)


def _numbers(element: ET.Element, *fields: str) -> list[float]:
    values = [written_number(element.get(field)) for field in fields]
    if None in values:
        raise ValueError
    return [value or 0.0 for value in values]


def _rotation(element: ET.Element) -> float:
    """Degrees, clockwise, around the centre."""
    return _numbers(element, "rotation")[0] if element.get("rotation") else 0.0


def _box(element: ET.Element) -> Box:
    x0, y0, x1, y1 = _numbers(element, "xtl", "ytl", "xbr", "ybr")
    return turned((x0, y0, x1, y1), ((x0 + x1) / 2, (y0 + y1) / 2), _rotation(element))


def _cuboid(element: ET.Element) -> Box:
    corners = [f"{side}{end}" for end in "12" for side in ("tl", "bl", "tr", "br")]
    return bounds([(x, y) for x, y in (_numbers(element, f"x{corner}", f"y{corner}") for corner in corners)])


def _places(element: ET.Element) -> list[tuple[float, float]]:
    pairs = [[written_number(v) for v in pair.split(",")] for pair in (element.get("points") or "").split(";")]
    if any(len(pair) != 2 or None in pair for pair in pairs):
        raise ValueError
    return [(pair[0] or 0.0, pair[1] or 0.0) for pair in pairs]


def _points(element: ET.Element) -> Box:
    return bounds(_places(element))


def _skeleton(element: ET.Element) -> Box:
    """Around its points that are in the picture."""
    return bounds([place for e in element.findall("points") if e.get("outside") != "1" for place in _places(e)])


def _ellipse(element: ET.Element) -> Box:
    x, y, rx, ry = _numbers(element, "cx", "cy", "rx", "ry")
    return ellipse(x, y, rx, ry, _rotation(element))


def _mask(element: ET.Element) -> Box:
    x, y, w, h = _numbers(element, "left", "top", "width", "height")
    return x, y, x + w, y + h


SHAPES = {
    "box": _box, "polygon": _points, "polyline": _points, "points": _points, "ellipse": _ellipse, "mask": _mask,
    "cuboid": _cuboid, "skeleton": _skeleton,
}  # fmt: skip


def write(division: Division, to: Path) -> None:
    """annotations.xml with subsets, and images/LIST."""
    root = ET.Element("annotations")
    ET.SubElement(root, "version").text = "1.1"
    labels = ET.SubElement(ET.SubElement(ET.SubElement(root, "meta"), "job"), "labels")
    for name in division.classes:
        ET.SubElement(ET.SubElement(labels, "label"), "name").text = name
    number = 0
    for split, pictures in division.splits.items():
        for picture in progress(pictures):
            file = copy_picture(picture, to / "images" / split / picture.name)
            width, height = map(str, picture.size or ("", ""))
            attributes = {"id": str(number), "name": file.name, "subset": split, "width": width, "height": height}
            image = ET.SubElement(root, "image", attributes)
            for item in picture.objects:
                corners = zip(("xtl", "ytl", "xbr", "ybr"), item.box, strict=True)
                place = {field: f"{value:.2f}" for field, value in corners}
                ET.SubElement(image, "box", {"label": item.name, "occluded": "0", **place})
            number += 1
    ET.ElementTree(root).write(to / "annotations.xml", encoding="utf-8", xml_declaration=True)


CVAT = Format(
    "cvat", "CVAT's XML: annotations.xml with the pictures anywhere below", lambda files: bool(sources(files)),
    read, write,
)  # fmt: skip

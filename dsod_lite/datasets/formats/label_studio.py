"""Label Studio's JSON: a list of tasks, boxes in percent of the picture."""

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlparse

from ...support.errors import DataError
from ...support.files import read_json
from ..annotations import progress
from ..files import UNDIVIDED, Files, division, look_into
from ..images import is_picture
from ..labels import Box, Entry, LabelledObject, LabelledPicture, Labels, fails, listed
from ..names import unique_names
from ..numbers import number, pixels, shown
from .format import Division, Format, copy_picture
from .outlines import bounds, ellipse, turned

PREFIX = re.compile(r"^[0-9a-f]{8}-")
"""What Label Studio puts before the name of an uploaded file."""
PICTURES = "/data/local-files/?d="
"""What it wants before the path of a picture that lies on its own disk."""
LABELS = ("rectanglelabels", "labels", "polygonlabels", "ellipselabels", "brushlabels")


def sources(files: Files) -> list[str]:
    """The JSON files that begin as Label Studio's do: a list of tasks with a picture."""
    found = []
    for path in files.ending(".json"):
        if PurePosixPath(path).stem in files.stems:
            continue
        head = look_into(files.root / path).lstrip(b"\xef\xbb\xbf \t\r\n")  # Windows' editors put a mark before it
        if head.startswith(b"[") and (b"original_width" in head or (b'"data"' in head and b'"annotations"' in head)):
            found.append(path)
    return found


def read(files: Files) -> Labels:
    """The lists are those of the folders. Of a picture labelled several times the first labelling counts.

    A task that was skipped, or that nobody has come to, says nothing of its picture, which may be full of objects.
    """
    found: list[tuple[str, str, Entry | None, str, list[dict[str, Any]]]] = []
    for source in sources(files):
        tasks = read_json(files.root / source)
        for i, task in enumerate(tasks if isinstance(tasks, list) else []):
            where, url, wrong = f"{files.root / source}: task {i}", "", None
            results: list[dict[str, Any]] | None = []
            try:
                url, results = read_task(where, task)
            except DataError as error:
                wrong = Entry(Path(where), fails(error))
            if results is None:
                continue
            path = picture_of(files, url, source) or ""
            if not path and not wrong:
                wrong = files.missing(where, url)
            found.append((division(path or source) or UNDIVIDED, path, wrong, where, results))
    names = unique_names(dict.fromkeys(path for _, path, _, _, _ in found))
    return Labels(listed(
        (split, wrong or Entry(files.root / p, partial(read_picture, names[p], files.root / p, where, results)))
        for split, p, wrong, where, results in found
    ))  # fmt: skip


def read_picture(name: str, path: Path, where: str, results: list[dict[str, Any]]) -> LabelledPicture:
    """What was labelled on a picture. Raises DataError naming the place in the file."""
    objects = tuple(o for i, result in enumerate(results) for o in read_result(f"{where}: result {i}", result))
    size = next(filter(None, map(size_of, results)), None)
    return LabelledPicture(name, path, objects, where, size, relative=True)


def read_task(where: str, task: Any) -> tuple[str, list[dict[str, Any]] | None]:
    """The address of a task's picture, and what was labelled on it, in the full export and in the short one.

    None if it was not labelled.
    """
    if not isinstance(task, dict):
        raise DataError(f"{where}: {shown(task)} is no object with fields")
    data = task.get("data", task)
    fields = data if isinstance(data, dict) else {}
    urls = [v for v in fields.values() if isinstance(v, str) and any(map(is_picture, urlparse(v)[2:5]))]
    if not urls:
        raise DataError(f"{where}: data: {shown(data)} names no picture")
    results: Any
    if "data" not in task:
        results = next((v for v in task.values() if isinstance(v, list) and v and isinstance(v[0], dict)), [])
    else:
        done = task.get("annotations", task.get("completions"))
        kept = [a for a in done if isinstance(a, dict) and not a.get("was_cancelled")] if isinstance(done, list) else []
        if not kept:
            return urls[0], None
        results = kept[0].get("result")
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise DataError(f"{where}: result: {shown(results)} is no list of objects with fields")
    return urls[0], results


def picture_of(files: Files, url: str, source: str) -> str | None:
    """The picture here that was uploaded, or served from a disk, under this address."""
    address = urlparse(url)
    path = parse_qs(address.query).get("d", [unquote(address.path)])[0]  # /data/local-files/?d=pictures/a.jpg
    name = path.rpartition("/")[2]
    found = (files.picture(other, source) for other in (path.lstrip("/"), name, PREFIX.sub("", name)) if other)
    return next(filter(None, found), None)


def size_of(result: dict[str, Any]) -> tuple[int, int] | None:
    """(width, height) of the picture, which every result repeats."""
    return pixels(result.get("original_width"), result.get("original_height"))


def read_result(where: str, result: dict[str, Any]) -> Iterator[LabelledObject]:
    """The object of a result, box in fractions; nothing where it is of another kind, a choice or a text."""
    value = result.get("value", result)
    if not isinstance(value, dict):
        raise DataError(f"{where}: value: {shown(value)} is no object with fields")
    names = next((value[key] for key in LABELS if key in value), None)
    if names is None:
        return
    if not isinstance(names, list) or not names or not isinstance(names[0], str) or not names[0].strip():
        raise DataError(f"{where}: {shown(names)} is no list with a class's name")
    box = box_of(value, size_of(result))
    if box is None:
        raise DataError(f"{where} ({names[0]}): {shown(value)} is no place in the picture, in percent")
    yield LabelledObject(names[0].strip(), box)


def box_of(value: dict[str, Any], size: tuple[int, int] | None) -> Box | None:
    """xyxy in fractions, of a rectangle, an ellipse or a polygon in percent; None if it is none of them.

    A rectangle is turned clockwise around its first corner, an ellipse around its centre, both in pixels of a picture
    of `size` (width, height).
    """
    points = value.get("points")
    if isinstance(points, list) and points:
        pairs = [[number(v) for v in p] if isinstance(p, list) and len(p) == 2 else [None] for p in points]
        if any(None in pair for pair in pairs):
            return None
        x0, y0, x1, y1 = bounds([(pair[0] or 0.0, pair[1] or 0.0) for pair in pairs])
        return x0 / 100, y0 / 100, x1 / 100, y1 / 100
    fields = ("x", "y", "radiusX", "radiusY") if "radiusX" in value else ("x", "y", "width", "height")
    numbers, degrees = [number(value.get(field)) for field in fields], number(value.get("rotation") or 0)
    if None in numbers or degrees is None or (degrees and size is None):
        return None
    wide, high = size or (1, 1)
    x, y, w, h = ((v or 0.0) / 100 * side for v, side in zip(numbers, (wide, high, wide, high), strict=True))
    box = ellipse(x, y, w, h, degrees) if "radiusX" in value else turned((x, y, x + w, y + h), (x, y), degrees)
    return box[0] / wide, box[1] / high, box[2] / wide, box[3] / high


def write(division: Division, to: Path) -> None:
    """LIST/tasks.json beside the pictures of the list; `PICTURES` is the address that they are served from."""
    for split, pictures in division.splits.items():
        tasks = []
        for picture in progress(pictures):
            name = copy_picture(picture, to / split / picture.name).name
            width, height = picture.size or (1, 1)
            results = []
            for item in picture.objects:
                x0, y0, x1, y1 = item.box
                place = {"x": x0 / width, "y": y0 / height, "width": (x1 - x0) / width, "height": (y1 - y0) / height}
                value = {key: round(100 * part, 6) for key, part in place.items()}
                results.append({
                    "type": "rectanglelabels", "from_name": "label", "to_name": "image",
                    "original_width": width, "original_height": height, "image_rotation": 0,
                    "value": {**value, "rotation": 0, "rectanglelabels": [item.name]},
                })  # fmt: skip
            address = f"{PICTURES}{quote(f'{split}/{name}')}"
            tasks.append({"data": {"image": address}, "annotations": [{"result": results}]})
        text = json.dumps(tasks, ensure_ascii=False, indent=1)
        (to / split / "tasks.json").write_text(text, encoding="utf-8")


LABEL_STUDIO = Format(
    "label-studio", "Label Studio's JSON with the pictures anywhere below", lambda files: bool(sources(files)),
    read, write,
)  # fmt: skip

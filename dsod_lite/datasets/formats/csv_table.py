"""CSV: a row an object, as of TensorFlow's tools, Roboflow, VoTT, makesense.ai, Keras RetinaNet and Open Images."""

import csv
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ...support.errors import DataError
from ..annotations import progress
from ..files import DIVISIONS, UNDIVIDED, Files, division
from ..images import SUFFIXES
from ..labels import Box, Entry, LabelledObject, LabelledPicture, Labels, listed
from ..names import unique_names
from ..numbers import pixels, shown, written_number
from .format import Division, Format, copy_picture

COLUMNS = {
    "picture": ("filename", "file_name", "image", "image_path", "imagepath", "path", "image_name", "img", "image_id",
                "imageid"),
    "class": ("class", "label", "class_name", "label_name", "classname", "category", "name", "labelname"),
    "x0": ("xmin", "x_min", "x1", "left", "bbox_x", "x"),
    "y0": ("ymin", "y_min", "y1", "top", "bbox_y", "y"),
    "x1": ("xmax", "x_max", "x2", "right"),
    "y1": ("ymax", "y_max", "y2", "bottom"),
    "w": ("bbox_width", "w", "box_width"),
    "h": ("bbox_height", "h", "box_height"),
    "width": ("width", "image_width", "img_width"),
    "height": ("height", "image_height", "img_height"),
    "crowd": ("isgroupof", "is_group_of", "iscrowd", "is_crowd"),
}
"""What is needed, and the names that tools give it."""
HEADLESS = {
    6: ("picture", "x0", "y0", "x1", "y1", "class"),  # RetinaNet
    8: ("class", "x0", "y0", "w", "h", "picture", "width", "height"),  # makesense.ai
}
"""Tables without a first line of names, by the number of their columns."""
PLACES = ("x0", "y0", "x1", "y1", "w", "h")
"""Columns of the box."""
FORMULA = re.compile(r"'*[=+\-@]")
"""What a spreadsheet computes begins so. An apostrophe before it makes a word of it, and is taken away again."""


class Table(NamedTuple):
    """A CSV file: which column has what, and its rows with their line numbers."""

    columns: dict[str, int]
    rows: list[tuple[int, list[str]]]

    def fractions(self) -> bool:
        """Whether its boxes are in fractions of the picture, as Open Images' are: as pixels they would be none."""
        places = [self.columns[meaning] for meaning in PLACES if meaning in self.columns]
        numbers = (written_number(row[i]) for _, row in self.rows for i in places if i < len(row))
        return all(number is None or number <= 1 for number in numbers)


def tables(files: Files) -> dict[str, Table]:
    """The files that are tables of boxes."""
    found = {path: read_table(files.root / path) for path in files.ending(".csv")}
    return {path: table for path, table in found.items() if table}


def read_table(path: Path) -> Table | None:
    """None for a CSV file that is no table of boxes. Raises DataError naming a file that cannot be read."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            mark = max(",;\t", key=first.count)
            rows = [(i, row) for i, row in enumerate(csv.reader(file, delimiter=mark), start=1) if any(row)]
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV: {error}") from None
    if not rows:
        return None
    heads = [cell.strip().lower() for cell in rows[0][1]]
    columns = {}
    for meaning, names in COLUMNS.items():
        if place := [heads.index(name) for name in names if name in heads]:
            columns[meaning] = place[0]
    if {"picture", "class", "x0", "y0"} <= columns.keys() and ({"x1", "y1"} <= columns.keys() or "w" in columns):
        return Table(columns, rows[1:])
    fields = HEADLESS.get(len(heads))
    if fields and all(_numbers_or_empty(row, fields) for _, row in rows[:3]):
        return Table({name: i for i, name in enumerate(fields)}, rows)
    return None


def _numbers_or_empty(row: list[str], fields: tuple[str, ...]) -> bool:
    cells = [row[i] for i, name in enumerate(fields) if name not in ("picture", "class") and i < len(row)]
    return len(row) == len(fields) and all(not cell or written_number(cell) is not None for cell in cells)


def read(files: Files) -> Labels:
    """The lists are those of the folders, or of the tables' names: train.csv, test_labels.csv."""
    rows: dict[tuple[str, str, str], list[tuple[str, dict[str, str]]]] = {}
    lost: list[tuple[str, Entry]] = []
    fractions: set[str] = set()
    called = descriptions(files)
    for source, table in tables(files).items():
        if table.fractions():
            fractions.add(source)
        words = re.split("[_-]", PurePosixPath(source).stem.lower())
        named = next((DIVISIONS[word] for word in words if word in DIVISIONS), None)
        for line, row in progress(table.rows):
            where = f"{files.root / source}: line {line}"
            cells = {meaning: as_read(row[i]) if i < len(row) else "" for meaning, i in table.columns.items()}
            cells["class"] = called.get(cells["class"], cells["class"])
            written = (cells["picture"] + ending for ending in ("", *SUFFIXES))  # Open Images leaves it away
            path = next(filter(None, (files.picture(name, source, named or "") for name in written)), None)
            split = division(path or source) or division(source) or named or UNDIVIDED
            if path is None:
                lost.append((split, files.missing(where, cells["picture"])))
            else:
                rows.setdefault((split, path, source), []).append((where, cells))
    names = unique_names(dict.fromkeys(path for _, path, _ in rows))
    found = [
        (split, Entry(files.root / path, partial(read_picture, names[path], files.root / path, own, src in fractions)))
        for (split, path, src), own in rows.items()
    ]
    return Labels(listed(found + lost))


def descriptions(files: Files) -> dict[str, str]:
    """The names in Open Images' class-descriptions.csv, where there is one: /m/01yrx is called Cat."""
    found: dict[str, str] = {}
    for path in (path for path in files.ending(".csv") if "class-descriptions" in path):
        with open(files.root / path, encoding="utf-8-sig", errors="replace", newline="") as file:
            found.update((row[0].strip(), row[1].strip()) for row in csv.reader(file) if len(row) == 2)
    return found


def read_picture(
    name: str, path: Path, rows: list[tuple[str, dict[str, str]]], relative: bool = False
) -> LabelledPicture:
    """A picture's rows. Raises DataError naming the line."""
    objects = tuple(item for where, cells in rows for item in read_row(where, cells))
    where, cells = rows[0]
    size = pixels(written_number(cells.get("width")), written_number(cells.get("height")))
    return LabelledPicture(name, path, objects, where, size, relative)


def read_row(where: str, cells: dict[str, str]) -> Iterator[LabelledObject]:
    """The object of a row; nothing where class and box are empty: a picture without objects."""
    name = cells["class"]
    place = [cells.get(meaning, "") for meaning in PLACES]
    if not name and not any(place):
        return
    if not name:
        raise DataError(f"{where}: class: is missing or empty")
    numbers = {m: written_number(cells[m]) for m in PLACES if m in cells}
    if None in numbers.values():
        raise DataError(f"{where} ({name}): {shown(place)} are not numbers of pixels")
    crowd = cells.get("crowd", "").lower() in ("1", "true")
    yield LabelledObject(name, _box({key: value or 0.0 for key, value in numbers.items()}), crowd=crowd)


def _box(n: dict[str, float]) -> Box:
    if "x1" in n and "y1" in n:
        return n["x0"], n["y0"], n["x1"], n["y1"]
    return n["x0"], n["y0"], n["x0"] + n["w"], n["y0"] + n["h"]


def as_written(word: str) -> str:
    """A name as a cell that no spreadsheet computes."""
    return f"'{word}" if FORMULA.match(word) else word


def as_read(cell: str) -> str:
    """What a cell says."""
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def write(division: Division, to: Path) -> None:
    """LIST/_annotations.csv beside the pictures of the list, as Roboflow has them."""
    for split, pictures in division.splits.items():
        (to / split).mkdir()
        with open(to / split / "_annotations.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax"))
            for picture in progress(pictures):
                name = as_written(copy_picture(picture, to / split / picture.name).name)
                for item in picture.objects:
                    corners = (f"{v:.2f}" for v in item.box)
                    writer.writerow((name, *(picture.size or ("", "")), as_written(item.name), *corners))
                if not picture.objects:
                    writer.writerow((name, *(picture.size or ("", "")), "", "", "", "", ""))


CSV = Format(
    "csv", "CSV: a row an object, with columns such as filename, class, xmin, ymin, xmax, ymax, in pixels or, "
    "as Open Images has them, in fractions",
    lambda files: bool(tables(files)), read, write,
)  # fmt: skip

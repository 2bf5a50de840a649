"""COCO: a JSON file a list, or several. In COCO's own layout, Roboflow's and CVAT's, or beside the pictures."""

import json
import re
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Any

from ..annotations import progress
from ..coco import subset
from ..coco_file import CocoFile
from ..files import UNDIVIDED, Files, division, division_of, look_into
from ..labels import Entry, Labels
from .format import Division, Format, copy_picture

PREFIX = "instances_"


def annotation_files(files: Files) -> dict[str, list[str]]:
    """List -> the files that have it. COCO's own layout has one; tasks of CVAT's exported one by one have many."""
    standing = sorted(files.root.glob(f"annotations/{PREFIX}*.json")) if files.whole else []
    if standing:
        return {path.stem.removeprefix(PREFIX): [f"annotations/{path.name}"] for path in standing}
    found: dict[str, list[str]] = {}
    for path in files.ending(".json"):
        stem = PurePosixPath(path).stem
        if stem in files.stems:  # a JSON file for each picture is another format
            continue
        if stem == "_annotations.coco" or is_coco(files.root / path):
            named = next(filter(None, map(division_of, re.split(r"[_.-]", stem))), None)
            found.setdefault(division(path) or named or UNDIVIDED, []).append(path)
    return found


def is_coco(path: Path) -> bool:
    """Whether a JSON file has COCO's three lists: the name of each, or a field of its entries.

    Looked for in its first and last piece, for it may be large, and the middle list's name is in neither then.
    """
    text = look_into(path)
    lists = ((b'"images"', b'"file_name"'), (b'"annotations"', b'"image_id"'), (b'"categories"', b'"category_id"'))
    return all(name in text or field in text for name, field in lists)


def read(files: Files) -> Labels:
    """A list for each division that the files are of."""
    sources = annotation_files(files)

    @cache
    def file(source: str) -> CocoFile:
        return CocoFile(files.root / source)

    def entries(split: str) -> list[Entry]:
        return [entry for source in sources[split] for entry in entries_of(split, source)]

    def entries_of(split: str, source: str) -> list[Entry]:
        own = files.root / split  # COCO's own folders are called as the list is

        def find(name: str) -> Path | None:
            found = f"{split}/{name}" if f"{split}/{name}" in files else files.picture(name, source, split)
            return files.root / found if found else None

        return file(source).entries(find, own if own.is_dir() else (files.root / source).parent, files.why_none)

    def classes(split: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for source in sources[split] for name in file(source).classes))

    def labels(split: str, wanted: tuple[str, ...]) -> dict[str, int | None]:
        return subset(wanted, classes(split), files.root / sources[split][0])

    return Labels({s: partial(entries, s) for s in sources}, None, classes, labels)


def write(division: Division, to: Path) -> None:
    """annotations/instances_LIST.json, and the pictures of each list in its folder."""
    number = {name: i for i, name in enumerate(division.classes, start=1)}
    categories = [{"id": i, "name": name} for name, i in number.items()]
    (to / "annotations").mkdir()
    for split, pictures in division.splits.items():
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for i, picture in enumerate(progress(pictures), start=1):
            name = copy_picture(picture, to / split / picture.name).name
            width, height = picture.size or (0, 0)
            images.append({"id": i, "file_name": name, "width": width, "height": height})
            for item in picture.objects:
                x0, y0, x1, y1 = (round(v, 3) for v in item.box)
                area = (x1 - x0) * (y1 - y0) if item.area is None else item.area
                annotations.append({
                    "id": len(annotations) + 1, "image_id": i, "category_id": number[item.name],
                    "bbox": [x0, y0, round(x1 - x0, 3), round(y1 - y0, 3)],
                    "area": round(area, 3), "iscrowd": int(item.crowd),
                    **({"difficult": 1} if item.difficult else {}),  # ours: COCO has no such mark, and passes it over
                })  # fmt: skip
        content = {"images": images, "annotations": annotations, "categories": categories}
        text = json.dumps(content, ensure_ascii=False)
        (to / "annotations" / f"{PREFIX}{split}.json").write_text(text, encoding="utf-8")


COCO = Format(
    "coco",
    "COCO: annotations/instances_LIST.json with the pictures in LIST/; Roboflow's and CVAT's folders",
    lambda files: bool(annotation_files(files)),
    read,
    write,
    marks=True,
)

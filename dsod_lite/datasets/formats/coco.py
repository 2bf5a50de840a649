"""COCO: one JSON file a list. In COCO's own layout, in Roboflow's and CVAT's, or one file beside its pictures."""

import json
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from ..annotations import progress
from ..coco import subset
from ..coco_file import CocoFile
from ..files import DIVISIONS, UNDIVIDED, Files, division, look_into
from ..labels import Entry, Labels
from .format import Division, Format, copy_picture

PREFIX = "instances_"


def annotation_files(files: Files) -> dict[str, str]:
    """List -> the file that has it."""
    standing = sorted(files.root.glob(f"annotations/{PREFIX}*.json")) if files.whole else []
    own = {path.stem.removeprefix(PREFIX): path for path in standing}
    if own:
        return {split: f"annotations/{path.name}" for split, path in own.items()}
    found: dict[str, str] = {}
    for path in files.ending(".json"):
        stem = PurePosixPath(path).stem
        if stem in files.stems:  # a JSON file for each picture is another format
            continue
        if stem == "_annotations.coco" or is_coco(files.root / path):
            named = DIVISIONS.get(stem.removeprefix(PREFIX).removesuffix(".coco").lower())
            found.setdefault(division(path) or named or UNDIVIDED, path)
    return found


def is_coco(path: Path) -> bool:
    """Whether a JSON file has COCO's fields. Looked for in its first and last piece, for it may be large."""
    text = look_into(path)
    return all(field in text for field in (b'"images"', b'"annotations"', b'"categories"'))


def read(files: Files) -> Labels:
    """A list for each file."""
    sources = annotation_files(files)
    opened: dict[str, CocoFile] = {}

    def file(split: str) -> CocoFile:
        if split not in opened:
            opened[split] = CocoFile(files.root / sources[split])
        return opened[split]

    def entries(split: str) -> list[Entry]:
        inner, own = sources[split], files.root / split  # COCO's own folders are called as the list is

        def find(name: str) -> Path | None:
            found = f"{split}/{name}" if f"{split}/{name}" in files else files.picture(name, inner, split)
            return files.root / found if found else None

        return file(split).entries(find, own if own.is_dir() else (files.root / inner).parent)

    def labels(split: str, wanted: tuple[str, ...]) -> dict[str, int | None]:
        return subset(wanted, file(split).classes, files.root / sources[split])

    return Labels({s: partial(entries, s) for s in sources}, None, lambda split: file(split).classes, labels)


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
    crowds=True,
)

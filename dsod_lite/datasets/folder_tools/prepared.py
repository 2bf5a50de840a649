"""A copy of a folder in VOC's layout whose large pictures are shrunk once, not once in every epoch."""

import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageOps
from tqdm import tqdm

from ...support.errors import DataError, SettingError
from ...support.files import new_folder
from ..annotations import CORNERS
from ..files import Files
from ..formats.table import read_folder
from ..formats.voc import LAYOUT, LISTS, element
from ..images import FORMATS, as_rgb, image_frame, image_size, read_rgb
from ..labels import Box, LabelledPicture, Upright, sizes, turn, upright
from ..names import unique_names
from .arrange import own_division
from .check import unlisted

QUALITY = 95
"""JPEG's, of the pictures that are written. Where nothing is shrunk, the file is copied byte by byte."""


class Prepared(NamedTuple):
    """What `prepare_folder` did: numbers of pictures, and the bytes of all of them before and after."""

    pictures: int
    shrunk: int
    bytes_before: int
    bytes_after: int


def prepare_folder(root: str | Path, to: str | Path, size: int = 512) -> Prepared:
    """Writes a copy whose pictures have at most `size` pixels on the shorter side, with boxes that go with them.

    Every labelled picture is taken over, and the lists as they are. The copy is in VOC's layout, whatever the format
    of the original. The copy appears whole or not at all.

    It pays from about a megapixel on, where most of the time goes into decoding pixels that the network never sees:
    nearly twice as fast at 1280×960, and the more the larger (`data/runs/pipeline.json` has the times). It does
    nothing for VOC or COCO, whose pictures are about 500×375 and 640×480: these are copied. 512 pixels on the shorter
    side are more than VOC has, so a network of 300×300 loses nothing that it had there.

    Raises:
        DataError: naming the file that cannot be read, or `to` if it exists already.
        SettingError: if `size` is below 32.
    """
    if size < 32:
        raise SettingError(f"size is {size}: pictures of less than 32 pixels have nothing to find on them")
    row, labels = read_folder(root)
    lists = {split: labels.entries(split) for split in labels.splits} if row is LAYOUT else own_division(labels)
    entries = {entry.path: entry for own in lists.values() for entry in own}
    if row is LAYOUT:
        entries |= {entry.path: entry for entry in unlisted(Path(root))}
    files = Files(root)
    names = {path: path.stem for path in entries}
    if row is not LAYOUT:
        unique = unique_names(map(files.relative, entries))
        names = {path: unique[files.relative(path)] for path in entries}
    done = Prepared(0, 0, 0, 0)
    with new_folder(Path(to)) as part:
        for folder in ("JPEGImages", "Annotations", LISTS):
            (part / folder).mkdir(parents=True)
        for path, entry in tqdm(entries.items(), "preparing", leave=False):
            picture = entry.read()
            seen = upright(picture)
            if seen.resized:
                raise DataError(f"{picture.source}: {sizes(picture, seen.size)}; which of them the boxes are for, "
                                "nobody knows")  # fmt: skip
            written = prepare_picture(path, part / "JPEGImages", size, names[path])
            now = image_size(written)
            write_scaled(picture, part / "Annotations" / f"{names[path]}.xml", seen, written, now)
            done = Prepared(
                done.pictures + 1,
                done.shrunk + (now != seen.size),
                done.bytes_before + path.stat().st_size,
                done.bytes_after + written.stat().st_size,
            )
        for split, own in lists.items():
            text = "".join(f"{names[entry.path]}\n" for entry in own)
            (part / LISTS / f"{split}.txt").write_text(text, encoding="utf-8")
    return done


def prepare_picture(path: Path, folder: Path, size: int, name: str | None = None) -> Path:
    """A picture into a folder, shrunk if its shorter side is above `size`; returns the file written.

    It keeps its name, or takes `name`.

    What is shrunk is upright, RGB and JPEG. A JPEG of twice the size or more is decoded by libjpeg at a half, a
    quarter or an eighth, never below twice `size`, which is quicker and leaves Lanczos enough to work with.
    """
    width, height = image_size(path)
    factor = size / min(width, height)
    if factor >= 1:
        return Path(shutil.copyfile(path, folder / f"{name or path.stem}{path.suffix}"))
    try:
        with Image.open(path, formats=FORMATS) as image:
            image.draft("RGB", (2 * size, 2 * size))  # says nothing to other formats than JPEG
            ImageOps.exif_transpose(image, in_place=True)
            rgb = as_rgb(image)
    except Exception:  # Pillow's decoders raise nearly anything on a broken file
        rgb, _ = read_rgb(path)  # says what is wrong, or reads a JPEG that breaks off as far as it goes
    written = folder / f"{name or path.stem}.jpg"
    shape = round(width * factor), round(height * factor)
    rgb.resize(shape, Image.Resampling.LANCZOS).save(written, quality=QUALITY)
    return written


def write_scaled(picture: LabelledPicture, to: Path, seen: Upright, written: Path, now: tuple[int, int]) -> None:
    """The labels as a VOC annotation, every box scaled as the picture was that is `written` and has the size `now`.

    All else that an annotation of VOC's says is kept, the boxes of an object's parts among it.
    """
    if picture.xml is None:
        objects = tuple(replace(item, box=scaled(item.box, seen.size, now)) for item in seen.objects)
        shrunk = replace(picture, name=written.stem, path=written, objects=objects, size=now)
        ET.ElementTree(element(shrunk)).write(to, encoding="utf-8")
        return
    if now == seen.size:
        shutil.copyfile(picture.xml, to)
        return
    tree = ET.parse(picture.xml)
    _, orientation = image_frame(picture.path)
    for child in tree.iter("bndbox"):
        corners = [child.find(corner) for corner in CORNERS]
        try:
            x0, y0, x1, y1 = (float(corner.text) for corner in corners)  # type: ignore[union-attr, arg-type]
        except (AttributeError, TypeError, ValueError):
            raise DataError(f"{picture.xml}: bndbox: {ET.tostring(child, encoding='unicode')} is no box") from None
        box = turn((x0, y0, x1, y1), picture.size or seen.size, orientation) if seen.turned else (x0, y0, x1, y1)
        for corner, value in zip(corners, scaled(box, seen.size, now), strict=True):
            corner.text = f"{value:.2f}"  # type: ignore[union-attr]
    says = {"filename": written.name, "size/width": now[0], "size/height": now[1]}
    for field, content in says.items():
        if (found := tree.find(field)) is not None:
            found.text = str(content)
    tree.write(to, encoding="utf-8")


def scaled(box: Box, size: tuple[int, int], now: tuple[int, int]) -> Box:
    """A box xyxy on a picture of `size` (width, height) -> on the same picture with the size `now`."""
    x, y = now[0] / size[0], now[1] / size[1]
    return box[0] * x, box[1] * y, box[2] * x, box[3] * y

"""A copy of a folder in VOC's layout whose large pictures are shrunk once, not once in every epoch."""

import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageOps
from tqdm import tqdm

from ...support.errors import DataError, SettingError
from ...support.files import new_folder
from ..annotations import CORNERS, find_image, read_annotation
from ..images import as_rgb, image_size

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

    Every annotated picture is taken over, and the lists as they are; `VOCDataset` reads the copy as it reads the
    original. The copy appears whole or not at all.

    It pays from about a megapixel on, where most of the time goes into decoding pixels that the network never sees:
    nearly twice as fast at 1280×960, and the more the larger (`data/runs/pipeline.json` has the times). It does
    nothing for VOC or COCO, whose pictures are about 500×375 and 640×480: these are copied. 512 pixels on the shorter
    side are more than VOC has, so a network of 300×300 loses nothing that it had there.

    Raises:
        DataError: naming the file that cannot be read, or `to` if it exists already.
        SettingError: if `size` is below 32.
    """
    root, to = Path(root), Path(to)
    if size < 32:
        raise SettingError(f"size is {size}: pictures of less than 32 pixels have nothing to find on them")
    annotations = sorted((root / "Annotations").glob("*.xml"))
    lists = sorted((root / "ImageSets" / "Main").glob("*.txt"))
    if not annotations or not lists:
        raise DataError(f"{root}: is not in VOC's layout: it lacks Annotations/*.xml or ImageSets/Main/*.txt")
    done = Prepared(0, 0, 0, 0)
    with new_folder(to) as part:
        for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
            (part / folder).mkdir(parents=True)
        for annotation in tqdm(annotations, desc="preparing", leave=False):
            picture = find_image(root, annotation.stem)
            written = prepare_picture(picture, part / "JPEGImages", size)
            write_scaled(annotation, part / "Annotations" / annotation.name, image_size(picture), written)
            done = Prepared(
                done.pictures + 1,
                done.shrunk + (image_size(picture) != image_size(written)),
                done.bytes_before + picture.stat().st_size,
                done.bytes_after + written.stat().st_size,
            )
        for path in lists:
            shutil.copyfile(path, part / "ImageSets" / "Main" / path.name)
    return done


def prepare_picture(path: Path, folder: Path, size: int) -> Path:
    """A picture into a folder, shrunk if its shorter side is above `size`; returns the file written.

    What is shrunk is upright, RGB and JPEG. A JPEG of twice the size or more is decoded by libjpeg at a half, a
    quarter or an eighth, never below twice `size`, which is quicker and leaves Lanczos enough to work with.
    """
    width, height = image_size(path)
    factor = size / min(width, height)
    if factor >= 1:
        return Path(shutil.copyfile(path, folder / path.name))
    try:
        with Image.open(path) as image:
            image.draft("RGB", (2 * size, 2 * size))  # says nothing to other formats than JPEG
            ImageOps.exif_transpose(image, in_place=True)
            rgb = as_rgb(image)
    except Exception as error:  # Pillow's decoders raise nearly anything on a broken file
        raise DataError(f"{path}: cannot be read as a picture: {error}") from error
    written = folder / f"{path.stem}.jpg"
    shape = round(width * factor), round(height * factor)
    rgb.resize(shape, Image.Resampling.LANCZOS).save(written, quality=QUALITY)
    return written


def write_scaled(annotation: Path, to: Path, size: tuple[int, int], picture: Path) -> None:
    """An annotation with every box scaled as a picture was that had `size` (width, height) and is written to a file.

    All else that it says is kept, the boxes of an object's parts among it.
    """
    read_annotation(annotation)  # says what is wrong with it, and where
    now = image_size(picture)
    if now == size:
        shutil.copyfile(annotation, to)
        return
    tree = ET.parse(annotation)
    for box in tree.iter("bndbox"):
        for corner in CORNERS:
            element = box.find(corner)
            axis = 0 if corner.startswith("x") else 1
            try:
                value = float(element.text) * now[axis] / size[axis]  # type: ignore[union-attr, arg-type]
            except (AttributeError, TypeError, ValueError):
                raise DataError(f"{annotation}: bndbox/{corner}: is not a number") from None
            element.text = f"{value:.2f}"  # type: ignore[union-attr]
    says = {"filename": picture.name, "size/width": now[0], "size/height": now[1]}
    for field, content in says.items():
        if (found := tree.find(field)) is not None:
            found.text = str(content)
    tree.write(to, encoding="utf-8")

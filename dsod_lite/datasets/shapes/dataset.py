"""The drawn data: as many pictures of six kinds of shapes as anyone wants, the same for the same seed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torchvision import tv_tensors

from ...support.errors import DataError, SettingError
from .drawing import Rng
from .scene import KINDS, Point, Shape, paint_clutter, paint_ground, paint_shape, place, random_shape


@dataclass(frozen=True)
class Level:
    """How hard the pictures are to read."""

    objects: tuple[int, int]
    empty: float  # share of pictures without any object
    sizes: tuple[float, float, float]  # root of the box's area over the picture's side: least, usual least, most
    contrast: Point  # of an object with the ground behind it
    overlap: float  # share of the objects that may hide a part of others
    visible: float  # every object shows at least this much of itself
    clutter: int


LEVELS = {
    "standard": Level((1, 6), 0.04, (0.08, 0.13, 0.7), (0.28, 0.7), 0.4, 0.6, 3),
    "hard": Level((5, 20), 0.0, (0.03, 0.035, 0.25), (0.1, 0.35), 1.0, 0.25, 8),
}


@dataclass(frozen=True)
class Picture:
    pixels: NDArray[np.uint8]  # [S, S, 3]
    shapes: list[Shape]  # from back to front
    difficult: list[bool]  # more than half of the shape is hidden


def draw_picture(seed: int, level: str, size: int, index: int) -> Picture:
    """Picture number `index` of the endless series that seed, level and size name."""
    rules = LEVELS[level]
    rng = Rng(seed, list(LEVELS).index(level), size, index)
    picture, loudness = paint_ground(rng, size)
    for _ in range(rng.integer(0, rules.clutter)):
        paint_clutter(rng, picture, loudness)
    owner, areas, shapes = np.zeros((size, size), np.int64), [size * size], []
    for _ in range(0 if rng.chance(rules.empty) else rng.integer(*rules.objects)):
        least, usual, most = rules.sizes
        side = rng.log_uniform(least, usual) if rng.chance(0.05) else rng.log_uniform(usual, most)
        visible = rules.visible if rng.chance(rules.overlap) else 1.0
        if placed := place(rng, random_shape(rng, size * side, size - 4), owner, areas, visible):
            paint_shape(rng, picture, placed, rng.uniform(*rules.contrast) + loudness / 2)
            shapes.append(placed)
    grain = rng.choice((0.0, 0.0, 0.03, 0.06)) * (rng.array(size, size) - 0.5)
    pixels = np.rint(255 * np.clip(picture + grain, 0, 1)).astype(np.uint8).transpose(1, 2, 0)
    showing = np.bincount(owner.ravel(), minlength=len(areas)).tolist()
    return Picture(pixels, shapes, [2 * s < a for s, a in zip(showing[1:], areas[1:], strict=True)])


class ShapesDataset(torch.utils.data.Dataset[Any]):
    """Drawn pictures with their boxes. Picture i depends on seed, level, image_size and i alone.

    An item is a picture, float32 [3, S, S] in [0, 1], drawn when it is asked for, and its target: "boxes"
    float32 [N, 4] xyxy in pixels, "labels" int64 [N] (1 is `classes[0]`), "difficult" bool [N] (more than
    half hidden; at the level "standard" none is), "image_id" int, the index. With a `transform`, the picture
    goes to it as uint8 `tv_tensors.Image` and the boxes as `tv_tensors.BoundingBoxes`, and what it returns is
    the item.

    Raises:
        SettingError: for an unknown level, a negative length, an image_size below 64, a seed not in [0, 2**32).
    """

    classes: tuple[str, ...] = tuple(KINDS)

    def __init__(
        self,
        length: int,
        image_size: int = 128,
        seed: int = 0,
        level: str = "standard",
        transform: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        if level not in LEVELS:
            raise SettingError(f"level {level!r} is none of {', '.join(LEVELS)}")
        if length < 0:
            raise SettingError(f"length {length} is negative")
        if image_size < 64:
            raise SettingError(f"image_size {image_size} is below 64: small shapes would vanish between the pixels")
        if not 0 <= seed < 2**32:
            raise SettingError(f"seed {seed} is outside [0, 2**32)")
        self.length, self.image_size, self.seed, self.level = length, image_size, seed, level
        self.transform = transform

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, i: int) -> Any:
        if not 0 <= i < self.length:
            raise IndexError(f"picture {i} of {self.length}")
        picture = draw_picture(self.seed, self.level, self.image_size, i)
        image = torch.from_numpy(np.ascontiguousarray(picture.pixels.transpose(2, 0, 1)))
        boxes = torch.tensor([shape.box for shape in picture.shapes], dtype=torch.float32).reshape(-1, 4)
        target = {
            "boxes": boxes,
            "labels": torch.tensor([1 + self.classes.index(s.kind) for s in picture.shapes], dtype=torch.int64),
            "difficult": torch.tensor(picture.difficult, dtype=torch.bool),
            "image_id": i,
        }
        if self.transform is None:
            return image.float() / 255, target
        target["boxes"] = tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=image.shape[-2:])
        return self.transform(tv_tensors.Image(image), target)


SHIPPED = {"train": 920, "val": 92, "test": 138}  # pictures in data/shapes
# Each split starts far along the series: ShapesDataset(100_000) is more to train on and has no test picture.
STARTS = {"train": 0, "val": 1_000_000, "test": 2_000_000}


def write_shapes(
    root: str | Path,
    image_size: int = 128,
    train: int = SHIPPED["train"],
    val: int = SHIPPED["val"],
    test: int = SHIPPED["test"],
    seed: int = 0,
    level: str = "standard",
) -> None:
    """Write drawn pictures in VOC's layout. The defaults give the folder data/shapes.

    Pictures go to JPEGImages, boxes to Annotations, lists to ImageSets/Main. The training pictures are those
    of ShapesDataset(train, image_size, seed, level), but for JPEG and boxes of whole pixels.

    Raises:
        DataError: if the folder has lists of pictures already.
        SettingError: as ShapesDataset.
    """
    root = Path(root)
    if any((root / "ImageSets/Main").glob("*.txt")):
        raise DataError(f"{root}: holds pictures and their lists already; name another folder")
    for count in (train, val, test):
        ShapesDataset(count, image_size, seed, level)  # says what is wrong before anything is drawn
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    number = 0
    lists: dict[str, str] = {}
    for split, count in (("train", train), ("val", val), ("test", test)):
        names = []
        for index in range(STARTS[split], STARTS[split] + count):
            number += 1
            names.append(f"{number:06d}")
            picture = draw_picture(seed, level, image_size, index)
            image = Image.fromarray(np.ascontiguousarray(picture.pixels))
            image.save(root / "JPEGImages" / f"{names[-1]}.jpg", quality=90, optimize=True)
            xml = annotation(f"{names[-1]}.jpg", picture)
            (root / "Annotations" / f"{names[-1]}.xml").write_text(xml, encoding="utf-8", newline="\n")
        lists[split] = "".join(f"{name}\n" for name in names)
    for split, listing in lists.items():  # last: half of a folder is none, and can be drawn again
        (root / "ImageSets/Main" / f"{split}.txt").write_text(listing, encoding="utf-8", newline="\n")


def annotation(filename: str, picture: Picture) -> str:
    """VOC's XML. Coordinates are the box's corners rounded to whole pixels, from 0, as `VOCDataset` takes them."""
    height, width, depth = picture.pixels.shape
    lines = [
        "<annotation>",
        f"  <filename>{filename}</filename>",
        f"  <size><width>{width}</width><height>{height}</height><depth>{depth}</depth></size>",
    ]
    for shape, difficult in zip(picture.shapes, picture.difficult, strict=True):
        corners = zip(("xmin", "ymin", "xmax", "ymax"), map(round, shape.box), strict=True)
        box = "".join(f"<{name}>{value}</{name}>" for name, value in corners)
        flags = f"<truncated>0</truncated><difficult>{int(difficult)}</difficult>"
        lines.append(f"  <object><name>{shape.kind}</name>{flags}<bndbox>{box}</bndbox></object>")
    return "\n".join([*lines, "</annotation>", ""])

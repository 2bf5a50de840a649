"""The drawn data: the same on every machine, true to its boxes, and written in VOC's layout."""

import hashlib
import math
import pickle
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import tv_tensors

from dsod_lite.datasets.shapes.dataset import Picture, ShapesDataset, draw_picture, write_shapes
from dsod_lite.datasets.shapes.drawing import Rng, coverage, plane
from dsod_lite.datasets.shapes.scene import KINDS, Shape, random_shape
from dsod_lite.support.errors import DataError

SHIPPED = Path(__file__).parents[2] / "data/shapes"


@pytest.fixture(scope="module")
def standard() -> list[Picture]:
    return [draw_picture(7, "standard", 128, i) for i in range(400)]


@pytest.fixture(scope="module")
def hard() -> list[Picture]:
    return [draw_picture(7, "hard", 128, i) for i in range(100)]


def sizes(pictures: list[Picture]) -> list[float]:
    boxes = [s.box for p in pictures for s in p.shapes]
    return [math.sqrt((x1 - x0) * (y1 - y0)) / 128 for x0, y0, x1, y1 in boxes]


def alone(shape: Shape, size: int) -> np.ndarray:
    return coverage(shape.distance(*plane(size, 0, 0, size, size)))


# --- the same everywhere ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "size", "expected"),
    [
        ("standard", 128, "f5574764578c69bff39dc71998a785890cbb3d1944a40ba173523c17d3109e1d"),
        ("standard", 300, "13d37a014a2c0531a22c3be5ad2d2df5fd79b76ea0008cba570d7d6f42881ce2"),
        ("hard", 128, "1f6140193a8a3e932b01e22b8aeebd32667a736737edbd90320fcd1d833be1bc"),
        ("hard", 300, "4ece58022573fc9fdbac59b5fb0e1a41a0ac5430942cc4fa36d1f34d42a3086c"),
    ],
)
def test_pictures_and_boxes_are_the_same_on_every_machine(level: str, size: int, expected: str) -> None:
    digest = hashlib.sha256()
    for index in range(12):
        picture = draw_picture(3, level, size, index)
        digest.update(picture.pixels.tobytes())
        digest.update(np.array([s.box for s in picture.shapes], "<f8").tobytes())
        digest.update(" ".join(s.kind for s in picture.shapes).encode())
    assert digest.hexdigest() == expected


def test_a_picture_depends_on_its_own_index_only() -> None:
    forwards, backwards = ShapesDataset(6), ShapesDataset(4)
    for i in (3, 0, 2):
        assert torch.equal(forwards[i][0], backwards[i][0])
    others = [ShapesDataset(1, seed=1)[0][0], ShapesDataset(1, level="hard")[0][0], ShapesDataset(2)[1][0]]
    assert not any(torch.equal(ShapesDataset(1)[0][0], other) for other in others)


def test_workers_draw_the_same() -> None:
    dataset: Any = ShapesDataset(8, image_size=64)
    assert torch.equal(pickle.loads(pickle.dumps(dataset))[5][0], dataset[5][0])
    loader = DataLoader(dataset, batch_size=4, num_workers=2, collate_fn=list)
    for (image, target), (same, same_target) in zip((item for batch in loader for item in batch), dataset, strict=True):
        assert torch.equal(image, same)
        assert torch.equal(target["boxes"], same_target["boxes"])


# --- random numbers -----------------------------------------------------------------------------------------


def test_log_uniform_gives_each_octave_the_same_share() -> None:
    rng = Rng(0)
    octaves = Counter(int(math.log2(rng.log_uniform(1, 8))) for _ in range(6000))
    assert set(octaves) == {0, 1, 2}
    assert all(abs(count - 2000) < 200 for count in octaves.values())


def test_directions_are_unit_vectors_all_round() -> None:
    rng = Rng(0)
    directions = [rng.direction() for _ in range(2000)]
    assert all(math.isclose(c * c + s * s, 1) for c, s in directions)
    quarters = Counter((c > 0, s > 0) for c, s in directions)
    assert all(abs(count - 500) < 100 for count in quarters.values())
    assert len(quarters) == 4


# --- boxes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_boxes_are_tight(kind: str) -> None:
    rng = Rng(1)
    tested = 0
    while tested < 25:
        shape = random_shape(rng, rng.log_uniform(10, 90), 124)
        if shape.kind != kind:
            continue
        tested += 1
        covered = alone(shape, 128) > 0.02
        rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
        extent = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
        assert np.abs(extent - shape.box).max() <= 1, shape


@pytest.mark.parametrize(
    ("kind", "share"),
    [
        ("circle", math.pi / 4),
        ("rectangle", 1.0),
        ("triangle", 0.5),
        ("cross", 1 - 0.6**2),  # arms 0.4 thick leave four corners of 0.3 x 0.3
        ("ring", math.pi / 4 * (1 - 0.6**2)),
    ],
)
def test_areas_of_upright_shapes(kind: str, share: float) -> None:
    detail = 0.0 if kind == "triangle" else 0.4
    shape = Shape(kind, (64.0, 64.0), (50.0, 50.0), (1.0, 0.0), detail)
    assert alone(shape, 128).sum() == pytest.approx(share * 100 * 100, rel=0.01)


def test_a_star_is_the_polygon_of_its_ten_corners() -> None:
    """Even-odd ray casting over the outline is an oracle that knows nothing of the five lines."""
    shape = Shape("star", (64.0, 64.0), (50.0, 40.0), (0.6, 0.8), 0.0)
    angles = [math.pi * (k / 5 - 0.5) for k in range(10)]
    radii = [1 if k % 2 == 0 else (3 - math.sqrt(5)) / 2 for k in range(10)]  # a pentagram's inner corners
    local = [(50 * r * math.cos(a), 40 * r * math.sin(a)) for r, a in zip(radii, angles, strict=True)]
    outline = [(64 + 0.6 * u - 0.8 * v, 64 + 0.8 * u + 0.6 * v) for u, v in local]
    x, y = plane(128, 0, 0, 128, 128)
    inside = np.zeros((128, 128), bool)
    for (px, py), (qx, qy) in zip(outline, outline[1:] + outline[:1], strict=True):
        inside ^= ((py > y) != (qy > y)) & (x < px + (y - py) * (qx - px) / (qy - py))
    assert np.array_equal(shape.distance(x, y) < 0, inside)


# --- what the levels promise --------------------------------------------------------------------------------


def test_standard_sizes_and_aspects(standard: list[Picture]) -> None:
    found = sizes(standard)
    assert 0.079 < min(found) < 0.1
    assert 0.6 < max(found) < 0.701
    for x0, y0, x1, y1 in (s.box for p in standard for s in p.shapes):
        assert 0 < x0 < x1 < 128
        assert 0 < y0 < y1 < 128
        assert 1 / 2.6 < (x1 - x0) / (y1 - y0) < 2.6


def test_standard_has_up_to_six_objects_and_now_and_then_none(standard: list[Picture]) -> None:
    counts = Counter(len(p.shapes) for p in standard)
    assert set(counts) == {0, 1, 2, 3, 4, 5, 6}
    assert 0.01 < counts[0] / len(standard) < 0.08


@pytest.mark.parametrize("level", ["standard", "hard"])
def test_classes_have_about_equal_shares(level: str, request: pytest.FixtureRequest) -> None:
    pictures: list[Picture] = request.getfixturevalue(level)
    counts = Counter(s.kind for p in pictures for s in p.shapes)
    fair = sum(counts.values()) / 6
    assert set(counts) == set(ShapesDataset.classes)
    assert all(0.8 * fair < count < 1.2 * fair for count in counts.values())


@pytest.mark.parametrize("level", ["standard", "hard"])
def test_hidden_objects_are_difficult_and_none_is_lost(level: str, request: pytest.FixtureRequest) -> None:
    pictures: list[Picture] = request.getfixturevalue(level)
    least = 1.0
    for picture in pictures[:60]:
        front = np.zeros((128, 128), bool)
        for shape, difficult in reversed(list(zip(picture.shapes, picture.difficult, strict=True))):
            mask = shape.distance(*plane(128, 0, 0, 128, 128)) < 0
            visible = (mask & ~front).sum() / mask.sum()
            assert difficult == (visible < 0.5)
            least = min(least, visible)
            front |= mask
    assert least >= (0.5 if level == "standard" else 0.2)
    assert least < 0.7  # some do hide a part of others


def test_hard_has_smaller_and_more_objects(standard: list[Picture], hard: list[Picture]) -> None:
    assert np.median(sizes(hard)) < 0.5 * np.median(sizes(standard))
    assert 0.03 <= min(sizes(hard)) < 0.04
    assert all(5 <= len(p.shapes) <= 20 for p in hard)
    assert any(any(p.difficult) for p in hard)
    assert not any(any(p.difficult) for p in standard)


def test_objects_stand_out_from_what_is_around_them(standard: list[Picture]) -> None:
    """Across the edge the picture changes more than the ground does by itself, for nearly all objects."""
    steps = []
    for picture in standard[:100]:
        if not picture.shapes:
            continue
        shape = picture.shapes[-1]  # the front one: nothing hides its edge
        distance = shape.distance(*plane(128, 0, 0, 128, 128))
        inner, outer = (distance > -3.5) & (distance < -1), (distance > 1) & (distance < 3.5)
        colours = [picture.pixels[band].mean(axis=0) for band in (inner, outer)]
        steps.append(np.abs(colours[0] - colours[1]).max())
    assert np.quantile(steps, 0.05) > 20


# --- the data set -------------------------------------------------------------------------------------------


def test_item_has_torchvisions_form() -> None:
    dataset: Any = ShapesDataset(30, image_size=96)
    assert len(dataset) == len(list(dataset)) == 30
    for i, (image, target) in enumerate(dataset):
        assert image.dtype == torch.float32
        assert image.shape == (3, 96, 96)
        assert 0 <= image.min() < image.max() <= 1
        n = len(target["labels"])
        assert target["boxes"].dtype == torch.float32
        assert target["boxes"].shape == (n, 4)
        assert target["labels"].dtype == torch.int64
        assert all(1 <= label <= 6 for label in target["labels"])
        assert target["difficult"].dtype == torch.bool
        assert target["difficult"].shape == (n,)
        assert target["image_id"] == i


def test_labels_count_the_classes_from_one() -> None:
    picture, (image, target) = draw_picture(0, "standard", 128, 4), ShapesDataset(5)[4]
    assert [ShapesDataset.classes[c - 1] for c in target["labels"]] == [s.kind for s in picture.shapes]
    assert np.array_equal((image * 255).round().byte().permute(1, 2, 0).numpy(), picture.pixels)


def test_transform_gets_tv_tensors_and_its_result_is_the_item() -> None:
    result = ShapesDataset(5, transform=lambda image, target: ("mine", image, target))[4]
    assert result[0] == "mine"
    image, target = result[1:]
    assert isinstance(image, tv_tensors.Image)
    assert image.dtype == torch.uint8
    assert isinstance(target["boxes"], tv_tensors.BoundingBoxes)
    assert target["boxes"].format == tv_tensors.BoundingBoxFormat.XYXY
    assert target["boxes"].canvas_size == (128, 128)
    plain_image, plain = ShapesDataset(5)[4]
    assert torch.equal(image.float() / 255, plain_image)
    assert torch.equal(target["boxes"], plain["boxes"])


@pytest.mark.parametrize("index", [-1, 3])
def test_index_out_of_range(index: int) -> None:
    with pytest.raises(IndexError):
        ShapesDataset(3)[index]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": "easy"}, "'easy' is none of standard, hard"),
        ({"length": -1}, "length -1"),
        ({"image_size": 32}, "image_size 32"),
        ({"seed": -1}, "seed -1"),
        ({"seed": 2**32}, "seed 4294967296"),
    ],
)
def test_bad_arguments_are_named(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ShapesDataset(**{"length": 3} | arguments)


# --- VOC's layout -------------------------------------------------------------------------------------------


def read_voc(root: Path, split: str) -> list[tuple[Path, list[tuple[str, list[int]]]]]:
    """Each picture's file and its objects: name, and xmin, ymin, xmax, ymax as they stand in the file."""
    items = []
    for name in (root / f"ImageSets/Main/{split}.txt").read_text().split():
        tree = ET.parse(root / f"Annotations/{name}.xml").getroot()
        size = [int(tree.findtext(f"size/{side}", "")) for side in ("width", "height", "depth")]
        picture = root / "JPEGImages" / tree.findtext("filename", "")
        with Image.open(picture) as image:
            assert size == [*image.size, len(image.getbands())]
        objects = []
        for element in tree.iter("object"):
            corners = [int(element.findtext(f"bndbox/{c}", "")) for c in ("xmin", "ymin", "xmax", "ymax")]
            assert element.findtext("truncated") == "0"
            assert element.findtext("difficult") in ("0", "1")
            objects.append((element.findtext("name", ""), corners))
        items.append((picture, objects))
    return items


def test_written_folder_reads_back(tmp_path: Path) -> None:
    write_shapes(tmp_path, image_size=96, train=6, val=2, test=3, seed=5, level="hard")
    train, val, test = (read_voc(tmp_path, split) for split in ("train", "val", "test"))
    assert (len(train), len(val), len(test)) == (6, 2, 3)
    assert len({path for path, _ in train + val + test}) == 11
    dataset: Any = ShapesDataset(6, image_size=96, seed=5, level="hard")
    for (path, objects), (drawn, target) in zip(train, dataset, strict=True):
        assert [name for name, _ in objects] == [dataset.classes[c - 1] for c in target["labels"]]
        boxes = torch.tensor([corners for _, corners in objects])
        assert (boxes - target["boxes"]).abs().max() <= 0.5
        assert (boxes[:, 2:] > boxes[:, :2]).all()
        with Image.open(path) as image:
            decoded = torch.from_numpy(np.array(image)).permute(2, 0, 1) / 255
        assert (decoded - drawn).abs().mean() < 0.03


def test_pictures_that_are_there_are_not_drawn_over(tmp_path: Path) -> None:
    write_shapes(tmp_path, image_size=64, train=2, val=1, test=1)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(DataError, match="holds pictures and their lists already; name another folder"):
        write_shapes(tmp_path, image_size=64, train=3, val=1, test=1, seed=1)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("wrong", [{"image_size": 10}, {"train": -1}, {"seed": -1}, {"level": "harder"}])
def test_nothing_is_drawn_that_makes_no_sense(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"image_size 10|length -1|seed -1|level 'harder'"):
        write_shapes(tmp_path, **wrong)
    assert list(tmp_path.iterdir()) == []


def test_splits_share_no_picture(tmp_path: Path) -> None:
    write_shapes(tmp_path, image_size=64, train=3, val=3, test=3)
    pictures = [path.read_bytes() for s in ("train", "val", "test") for path, _ in read_voc(tmp_path, s)]
    assert len(set(pictures)) == 9


def test_shipped_folder() -> None:
    splits = {split: read_voc(SHIPPED, split) for split in ("train", "val", "test")}
    listed = [path.name for items in splits.values() for path, _ in items]
    assert len(listed) == len(set(listed))
    assert set(listed) == {path.name for path in (SHIPPED / "JPEGImages").iterdir()}
    assert {Path(name).stem for name in listed} == {path.stem for path in (SHIPPED / "Annotations").iterdir()}
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) <= 6e6
    names = {name for items in splits.values() for _, objects in items for name, _ in objects}
    assert tuple(sorted(names)) == ShapesDataset.classes
    for _, objects in splits["test"]:
        for _, (x0, y0, x1, y1) in objects:
            assert 0 < x0 < x1 < 128
            assert 0 < y0 < y1 < 128


@pytest.mark.parametrize(("split", "start"), [("train", 0), ("val", 1_000_000), ("test", 2_000_000)])
def test_shipped_pictures_are_what_the_code_draws(split: str, start: int) -> None:
    for i, (path, objects) in enumerate(read_voc(SHIPPED, split)[:20]):
        drawn = draw_picture(0, "standard", 128, start + i)
        assert [name for name, _ in objects] == [s.kind for s in drawn.shapes]
        with Image.open(path) as image:
            assert np.abs(np.asarray(image, float) - drawn.pixels).mean() < 8

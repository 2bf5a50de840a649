"""SSD's crop: the windows that a plain loop over its rules would find, and pixels and boxes that go with them."""

import math
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from folders import add, write_list
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision import tv_tensors
from torchvision.ops import box_iou
from torchvision.transforms import v2

from dsod_lite.datasets import VOCDataset, ssd_augmentation
from dsod_lite.datasets.augmentation.crop import (
    INTERPOLATIONS,
    MEAN_COLOUR,
    MIN_IOUS,
    Shown,
    SSDCrop,
    draw_window,
    ssd_windows,
)
from dsod_lite.support.batches import collate, loaded
from dsod_lite.training.loading import EpochSampler, SeededDataset

WHOLE = [0.0, 0.0, 1.0, 1.0]
SCENES = {
    "large": [(0.1, 0.2, 0.8, 0.9)],
    "small": [(0.45, 0.3, 0.53, 0.4)],
    "several": [(0.0, 0.0, 0.3, 0.5), (0.4, 0.1, 0.9, 0.4), (0.6, 0.7, 0.98, 1.0)],
}


def plain_iou(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def plain_windows(boxes: list[tuple[float, ...]], rng: random.Random) -> list[tuple[float, ...]]:
    """The rules as they read: sampler by sampler, trial by trial."""
    found: list[tuple[float, ...]] = [(0, 0, 1, 1)]
    for least in (0.1, 0.3, 0.5, 0.7, 0.9, 0.0):
        for _ in range(50):
            scale = rng.uniform(0.3, 1)
            aspect = min(max(rng.uniform(0.5, 2), scale**2), 1 / scale**2)
            width, height = scale * math.sqrt(aspect), scale / math.sqrt(aspect)
            x, y = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
            window = (x, y, x + width, y + height)
            if any(plain_iou(window, box) >= least for box in boxes):
                found.append(window)
                break
    return found


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """The Kolmogorov-Smirnov distance of two samples: the largest gap between their distribution functions."""
    values = np.sort(np.concatenate([a, b]))
    below = [np.searchsorted(np.sort(sample), values, side="right") / len(sample) for sample in (a, b)]
    return float(np.abs(below[0] - below[1]).max())


@pytest.mark.parametrize("boxes", SCENES.values(), ids=SCENES)
def test_windows_are_those_of_a_loop_over_the_rules(boxes: list[tuple[float, ...]]) -> None:
    torch.manual_seed(0)
    rng = random.Random(0)
    ours, plain, numbers = [], [], []
    for _ in range(1500):
        windows, loop = ssd_windows(torch.tensor(boxes)), plain_windows(boxes, rng)
        ours.append(windows[int(torch.randint(len(windows), ()))].tolist())
        plain.append(rng.choice(loop))
        numbers.append((len(windows), len(loop)))
    a, b = np.array(ours), np.array(plain)
    measures = {
        "left": lambda w: w[:, 0],
        "bottom": lambda w: w[:, 3],
        "width": lambda w: w[:, 2] - w[:, 0],
        "height": lambda w: w[:, 3] - w[:, 1],
        "IoU": lambda w: box_iou(torch.tensor(w), torch.tensor(boxes, dtype=torch.float64)).amax(dim=1).numpy(),
    }
    # 1.95 · √(2 / 1500) = 0.071 is passed once in a thousand times by samples of one distribution.
    assert {name: d for name, of in measures.items() if (d := apart(of(a), of(b))) > 0.071} == {}
    found = np.array(numbers).mean(axis=0)
    assert abs(found[0] - found[1]) < 0.12


corner = st.floats(0, 0.875, width=32)
side = st.floats(0.015625, 1, width=32)
objects = st.lists(st.tuples(corner, corner, side, side), min_size=1, max_size=5)


@given(objects, st.integers(0, 2**31))
def test_windows_keep_the_authors_limits(drawn: list[tuple[float, ...]], seed: int) -> None:
    boxes = torch.tensor([(x, y, min(x + w, 1), min(y + h, 1)) for x, y, w, h in drawn])
    torch.manual_seed(seed)
    windows = ssd_windows(boxes)
    assert windows[0].tolist() == WHOLE
    assert 2 <= len(windows) <= 7  # the sampler that takes any window always finds one
    assert windows.min() >= -1e-6
    assert windows.max() <= 1 + 1e-6
    width, height = (windows[1:, 2:] - windows[1:, :2]).unbind(dim=1)
    assert ((width * height).sqrt() >= 0.3 - 1e-5).all()
    assert (width / height >= 0.5 - 1e-4).all()
    assert (width / height <= 2 + 1e-4).all()
    # Some samplers find nothing, so the best IoUs in order are at least the minima of as many samplers in order.
    best = box_iou(windows[1:-1], boxes).amax(dim=1).sort().values.tolist()
    assert all(iou >= least - 1e-5 for iou, least in zip(best, MIN_IOUS, strict=False))


def test_without_objects_the_picture_stays_whole() -> None:
    assert ssd_windows(torch.zeros(0, 4)).tolist() == [WHOLE]


def test_the_canvas_is_drawn_as_torchvision_draws_it() -> None:
    torch.manual_seed(0)
    canvas = v2.RandomZoomOut(side_range=(1.0, 4.0), p=1.0)
    picture = tv_tensors.Image(torch.zeros(3, 300, 400, dtype=torch.uint8))
    theirs = np.array([canvas.make_params([picture])["padding"] for _ in range(1500)])
    windows = np.array([draw_window(torch.zeros(0, 4), 400, 300, 4.0) for _ in range(3000)])
    expanded = (windows != [0, 0, 400, 300]).any(axis=1)
    assert 0.46 < expanded.mean() < 0.54
    ours = windows[expanded] * [-1, -1, 1, 1] - [0, 0, 400, 300]  # left, top, right, bottom, as theirs
    assert [d for axis in range(4) if (d := apart(ours[:, axis], theirs[:, axis])) > 0.071] == []


# --- along one axis -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "stop", "side", "size", "source", "output"),
    [
        (0, 100, 100, 50, (0, 100), (0, 50)),  # the whole picture
        (20, 60, 100, 80, (20, 60), (0, 80)),  # a part, enlarged
        (-50, 150, 100, 100, (0, 100), (25, 75)),  # the middle of a canvas
        (-100, 20, 100, 60, (0, 20), (50, 60)),
        (90, 190, 100, 100, (90, 100), (0, 10)),
    ],
)
def test_what_a_window_shows(
    start: int, stop: int, side: int, size: int, source: tuple[int, int], output: tuple[int, int]
) -> None:
    assert Shown.through(start, stop, side, size) == Shown(slice(*source), slice(*output))


def test_a_window_may_show_nothing() -> None:
    assert Shown.through(-50, 0, 100, 60) is None
    assert Shown.through(120, 150, 100, 60) is None
    assert Shown.through(-999, 1, 100, 60) is None  # a pixel, of which 0.06 would be left


@given(st.integers(-300, 300), st.integers(1, 900), st.integers(1, 300), st.integers(1, 64))
def test_places_move_with_the_pixels(start: int, length: int, side: int, size: int) -> None:
    shown = Shown.through(start, start + length, side, size)
    if shown is None:
        return
    assert 0 <= shown.source.start < shown.source.stop <= side
    assert 0 <= shown.output.start < shown.output.stop <= size
    ends = torch.tensor([shown.source.start, shown.source.stop], dtype=torch.float32)
    expected = torch.tensor([shown.output.start, shown.output.stop], dtype=torch.float32)
    torch.testing.assert_close(shown.move(ends), expected)
    # and no place is further from the exact warp than rounding to whole pixels takes it
    assert (shown.move(ends) - (ends - start) * size / length).abs().max() <= 0.5 + 1e-3


# --- the whole ----------------------------------------------------------------------------------------------


def test_it_is_what_canvas_cut_and_warp_give() -> None:
    """The same picture in the authors' order: the whole canvas is drawn, cut, and warped."""
    height, width, size = 150, 200, 96
    y, x = torch.meshgrid(torch.linspace(0, 1, height), torch.linspace(0, 1, width), indexing="ij")
    smooth = torch.stack([x, y, 0.5 + 0.4 * torch.sin(3 * x + 4 * y)]).mul(255).to(torch.uint8)
    boxes = torch.tensor([[20.0, 30, 120, 140], [130, 20, 190, 80]])
    target = {"boxes": tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=(height, width))}
    shown = 0
    for seed in range(60):
        torch.manual_seed(seed)
        left, top, right, bottom = draw_window(boxes, width, height, 4.0)
        torch.manual_seed(seed)
        ours, moved = SSDCrop(size, colours=v2.Identity())(tv_tensors.Image(smooth), target)

        canvas = torch.tensor(MEAN_COLOUR, dtype=torch.uint8)[:, None, None].repeat(1, 4 * 3 * height, 4 * 3 * width)
        canvas[:, 5 * height : 6 * height, 5 * width : 6 * width] = smooth
        cut = canvas[:, 5 * height + top : 5 * height + bottom, 5 * width + left : 5 * width + right]
        theirs = v2.functional.resize(cut, [size, size], antialias=True)
        off = (ours.as_subclass(Tensor).int() - theirs.int()).abs().amax(dim=0)
        # Along the picture's edge on the canvas a line of pixels is mixed there and is not here; inside, a step of
        # the slope is what half a pixel and another interpolation make.
        assert off.float().quantile(0.9) <= 12
        assert off.float().mean() <= 6

        factors = torch.tensor([size / (right - left), size / (bottom - top)] * 2)
        exact = (boxes - torch.tensor([left, top] * 2)) * factors
        kept = (moved["boxes"].as_subclass(Tensor) != 0).any(dim=1)
        centre = (boxes[:, :2] + boxes[:, 2:]) / 2
        inside = ((centre >= torch.tensor([left, top])) & (centre <= torch.tensor([right, bottom]))).all(dim=1)
        assert kept.tolist() == inside.tolist()
        off = moved["boxes"].as_subclass(Tensor)[kept].clamp(0, size) - exact[kept].clamp(0, size)
        assert (off.abs() <= 0.51).all()
        shown += len(off)
    assert shown > 60


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("height", [1, 3, 200])
def test_pictures_of_a_few_pixels_survive(width: int, height: int) -> None:
    augmentation = ssd_augmentation(64)
    picture = torch.full((3, height, width), 9, dtype=torch.uint8)
    boxes = torch.tensor([[0.0, 0, width, height]])
    for seed in range(60):
        torch.manual_seed(seed)
        named = tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=(height, width))
        out, target = augmentation(tv_tensors.Image(picture), {"boxes": named, "labels": torch.tensor([1])})
        assert out.shape == (3, 64, 64)
        assert len(target["boxes"]) == len(target["labels"])
        assert target["boxes"].isfinite().all()


def test_the_canvas_keeps_the_mean_colour() -> None:
    """The authors change the picture's colours, not the canvas's: to the network it is exactly nothing."""
    augmentation = ssd_augmentation(64)
    picture = torch.full((3, 60, 80), 200, dtype=torch.uint8)
    expected = torch.tensor(MEAN_COLOUR) / 255
    canvases = 0
    for seed in range(80):
        torch.manual_seed(seed)
        none = tv_tensors.BoundingBoxes(torch.zeros(0, 4), format="XYXY", canvas_size=(60, 80))
        out, _ = augmentation(tv_tensors.Image(picture), {"boxes": none, "labels": torch.zeros(0, dtype=torch.int64)})
        corners = out[:, [0, 0, -1, -1], [0, -1, 0, -1]].T
        on_canvas = torch.isclose(corners, expected).all(dim=1)
        colours = out.flatten(1).T.unique(dim=0)
        assert len(colours) <= 2  # the picture's, whatever became of it, and the canvas's
        canvases += bool(on_canvas.all())
        assert len(colours) == 1 + bool(on_canvas.any())
    assert canvases > 25


def test_every_interpolation_is_drawn() -> None:
    """Black and white stripes, enlarged: each way to fill the pixels between them gives other greys."""
    stripes = (torch.arange(40) % 4 < 2).mul(255).to(torch.uint8).expand(3, 40, 40)
    none = tv_tensors.BoundingBoxes(torch.zeros(0, 4), format="XYXY", canvas_size=(40, 40))
    crop = SSDCrop(64, max_expand=1.0, colours=v2.Identity())
    seen = set()
    for seed in range(60):
        torch.manual_seed(seed)
        picture, _ = crop(tv_tensors.Image(stripes), {"boxes": none})
        seen.add(tuple(picture[0, 0].tolist()))
    assert len(seen) == len({mode for mode, _ in INTERPOLATIONS}) + 1  # antialias changes nothing about linear here


@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # on one core
def test_workers_and_one_process_give_the_same(tmp_path: Path) -> None:
    for i in range(8):
        add(tmp_path, f"p{i}", [("a", 5, 5, 30, 40), ("b", 30, 10, 60, 44)])
    write_list(tmp_path, "train", "".join(f"p{i}\n" for i in range(8)))
    dataset = SeededDataset(VOCDataset(tmp_path, transform=ssd_augmentation(48)))
    loads = []
    for workers in (0, 2):
        loader = DataLoader(dataset, 2, sampler=EpochSampler(8, 5), num_workers=workers, collate_fn=collate)
        loads.append([(i, t) for images, targets, _ in loaded(loader) for i, t in zip(images, targets, strict=True)])
    for (image, target), (other_image, other_target) in zip(*loads, strict=True):
        assert torch.equal(image, other_image)
        assert torch.equal(target["boxes"], other_target["boxes"])
        assert target["image_id"] == other_target["image_id"]

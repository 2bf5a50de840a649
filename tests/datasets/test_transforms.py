"""Augmentation: boxes stay with what they cover, and nothing comes out that training could not take."""

import pickle
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from dsod_lite.datasets.augmentation.colours import ssd_colours
from dsod_lite.datasets.augmentation.crop import SSDCrop
from dsod_lite.datasets.augmentation.transforms import AUGMENTATIONS, light_augmentation
from dsod_lite.detector.inputs import check_images, check_targets

Augmentation = Callable[[Tensor, dict], tuple[Tensor, dict]]  # type: ignore[type-arg]
SIDE = 128  # of the output
WIDTH, HEIGHT = 200, 160
Box = tuple[float, ...]
BOXES: list[Box] = [(8, 8, 40, 48), (60, 20, 130, 60), (150, 5, 196, 70), (10, 100, 70, 150), (100, 80, 190, 155)]
DIFFICULT = [False, True, True, False, True]
each_augmentation = pytest.mark.parametrize("augment", AUGMENTATIONS.values(), ids=AUGMENTATIONS)


def sample(image: Tensor, boxes: list[Box] = BOXES) -> tuple[Tensor, dict]:  # type: ignore[type-arg]
    """As VOCDataset hands it on. The labels are 1, 2, 3, so that each object can be told by its own."""
    corners = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    target = {
        "boxes": tv_tensors.BoundingBoxes(corners, format="XYXY", canvas_size=image.shape[-2:]),  # type: ignore[call-arg]
        "labels": torch.arange(1, len(boxes) + 1),
        "difficult": torch.tensor((DIFFICULT * 9)[: len(boxes)], dtype=torch.bool),
        "image_id": 7,
    }
    return tv_tensors.Image(image), target


def noise(height: int = HEIGHT, width: int = WIDTH) -> Tensor:
    return torch.randint(0, 256, (3, height, width), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def without_colours(augmentation: v2.Compose) -> v2.Compose:
    """The same random numbers for all the rest: colours are the last step before the floats."""
    steps = list(augmentation.transforms)
    steps[[type(step) for step in steps].index(v2.ToDtype) - 1] = v2.Identity()
    return v2.Compose([replace(t, colours=as_they_were) if isinstance(t, SSDCrop) else t for t in steps])


def as_they_were(image: Tensor) -> Tensor:
    ssd_colours(image)  # takes its random numbers
    return image


def draws(augmentation: Augmentation, image: Tensor, count: int, boxes=BOXES):  # type: ignore[no-untyped-def]
    for seed in range(count):
        torch.manual_seed(seed)
        yield augmentation(*sample(image, boxes))


# --- boxes and what they cover ------------------------------------------------------------------------------


@each_augmentation
def test_boxes_stay_with_what_they_cover(augment: Callable[[int], v2.Compose]) -> None:
    """A red, a green and a blue rectangle are where their boxes say, to 2 of 128 pixels, after every draw."""
    boxes = [(20, 10, 90, 60), (110, 30, 180, 140), (15, 90, 95, 150)]
    image = torch.full((3, HEIGHT, WIDTH), 30, dtype=torch.uint8)
    for channel, (x0, y0, x1, y1) in enumerate(boxes):
        image[channel, y0:y1, x0:x1] = 255
    compared = 0
    for out, target in draws(without_colours(augment(SIDE)), image, 100, boxes):
        for box, label, difficult in zip(target["boxes"], target["labels"], target["difficult"], strict=True):
            others = [c for c in range(3) if c != label - 1]
            covered = out[label - 1] - out[others].amax(dim=0) > 0.44  # half of (255 - 30) / 255
            rows, columns = covered.any(dim=1).nonzero(), covered.any(dim=0).nonzero()
            seen = torch.stack([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
            assert (box - seen).abs().max() <= 2
            assert difficult == DIFFICULT[label - 1]
            compared += 1
    assert compared > 150


def shows_enough(out: Tensor) -> bool:
    """Whether so much of the picture is seen on the canvas that `window` can tell."""
    own = out[2] > 0.99
    return bool(min(own.any(dim=0).sum(), own.any(dim=1).sum()) >= 16)


def window(out: Tensor) -> np.ndarray:
    """Where the output's corners (left, top, right, bottom) lie in the source, in its pixels.

    The source's red grows from left to right and its green from top to bottom, so every pixel says where it comes
    from. Its blue is full, and the canvas's is not.
    """
    red, green, blue = out.numpy()
    own = blue > 0.99
    places = np.arange(SIDE) + 0.5
    lines = []
    for colour, size, axis in ((red, WIDTH, 0), (green, HEIGHT, 1)):
        some = own.any(axis=axis)
        mean = (colour * own).sum(axis=axis)[some] / own.sum(axis=axis)[some]
        lines.append(np.polyfit(places[some], mean * size, 1))
    (slope_x, left), (slope_y, top) = lines
    return np.array([left, top, left + slope_x * SIDE, top + slope_y * SIDE])


def coordinates() -> Tensor:
    x = ((torch.arange(WIDTH) + 0.5) / WIDTH * 255).round().expand(HEIGHT, WIDTH)
    y = ((torch.arange(HEIGHT) + 0.5) / HEIGHT * 255).round()[:, None].expand(HEIGHT, WIDTH)
    return torch.stack([x, y, torch.full_like(x, 255)]).to(torch.uint8)


@each_augmentation
def test_objects_are_kept_by_their_centre_and_cut_at_the_window(augment: Callable[[int], v2.Compose]) -> None:
    kept = dropped = cut = 0
    for out, target in draws(without_colours(augment(SIDE)), coordinates(), 100):
        if not shows_enough(out):
            continue
        left, top, right, bottom = window(out)
        scale = np.array([SIDE / (right - left), SIDE / (bottom - top)] * 2)  # below 0 where it is mirrored
        found = dict(zip(target["labels"].tolist(), target["boxes"].numpy(), strict=True))
        assert target["difficult"].tolist() == [DIFFICULT[label - 1] for label in found]
        for label, box in enumerate(BOXES, start=1):
            moved = (np.array(box) - [left, top, left, top]) * scale
            expected = np.concatenate([moved.reshape(2, 2).min(axis=0), moved.reshape(2, 2).max(axis=0)])
            centre = (expected[:2] + expected[2:]) / 2
            from_edge = min(*centre, *(SIDE - centre))  # above 0: inside
            if abs(from_edge) < 2:
                continue  # too close to call by looking at pixels
            assert (label in found) == (from_edge > 0)
            if label in found:
                assert np.abs(found[label] - expected.clip(0, SIDE)).max() <= 2
                cut += bool((expected != expected.clip(0, SIDE)).any())
                kept += 1
            else:
                dropped += 1
    assert kept > 200
    assert min(dropped, cut) > 20


def test_light_crops_mildly_and_ssd_zooms_out_too() -> None:
    sides = {}
    for name, augment in AUGMENTATIONS.items():
        plain = without_colours(augment(SIDE))
        windows = np.array([window(out) for out, _ in draws(plain, coordinates(), 100) if shows_enough(out)])
        sides[name] = np.abs(windows[:, 2:] - windows[:, :2]) / [WIDTH, HEIGHT]
    assert sides["light"].min() >= 0.58
    assert sides["light"].max() <= 1.02
    assert sides["upless"].min() >= 0.58
    assert sides["upless"].max() <= 1.02
    assert 0.35 < (sides["light"] > 0.99).all(axis=1).mean() < 0.65  # half of them are not cropped
    assert sides["ssd"].min() < 0.5
    assert 2 < sides["ssd"].max() <= 4.1


@pytest.mark.parametrize("width", [299, 557, 585])
def test_a_box_at_the_edge_survives_rounding(width: int) -> None:
    # width · (300 / width) is 300.00003 in float32 for these, and v2.SanitizeBoundingBoxes drops what is outside.
    augmentation = light_augmentation(300)
    uncropped = v2.Compose([t for t in augmentation.transforms if not isinstance(t, v2.RandomIoUCrop)])
    for _, target in draws(uncropped, noise(width, width), 4, [(width - 50, width - 50, width, width)]):
        assert target["labels"].tolist() == [1]
        assert target["boxes"].max() <= 300


@pytest.mark.parametrize(("name", "upside_down"), [("light", False), ("upless", True), ("ssd", False)])
def test_mirroring_happens_half_of_the_time(name: str, upside_down: bool) -> None:
    augmentation = without_colours(AUGMENTATIONS[name](SIDE))
    windows = np.array([window(out) for out, _ in draws(augmentation, coordinates(), 100) if shows_enough(out)])
    sideways, over = (windows[:, 2:] < windows[:, :2]).mean(axis=0)
    assert 0.3 < sideways < 0.7
    assert 0.3 < over < 0.7 if upside_down else over == 0


# --- what comes out -----------------------------------------------------------------------------------------


@each_augmentation
@pytest.mark.parametrize("size", [(160, 200), (128, 128), (37, 211), (300, 20), (16, 16)])
def test_training_takes_what_comes_out(augment: Callable[[int], v2.Compose], size: tuple[int, int]) -> None:
    height, width = size
    boxes = [(0, 0, width, height), (0, 0, width / 2, height / 2), (width - 8, height - 8, width, height)]
    for out, target in draws(augment(SIDE), noise(height, width), 15, boxes):
        assert type(out) is Tensor
        assert type(target["boxes"]) is Tensor
        assert out.shape == (3, SIDE, SIDE)
        assert out.dtype == torch.float32
        assert 0 <= out.min() < out.max() <= 1
        assert target["boxes"].dtype == torch.float32
        assert target["boxes"].min() >= 0
        assert target["boxes"].max() <= SIDE
        assert set(target) == {"boxes", "labels", "difficult", "image_id"}
        assert target["image_id"] == 7
        assert target["difficult"].tolist() == [DIFFICULT[label - 1] for label in target["labels"]]
        check_images([out])
        check_targets([out], [target], num_classes=4)


@each_augmentation
def test_a_picture_without_objects_survives(augment: Callable[[int], v2.Compose]) -> None:
    for out, target in draws(augment(SIDE), noise(), 30, []):
        assert out.shape == (3, SIDE, SIDE)
        assert target["boxes"].shape == (0, 4)
        assert target["labels"].shape == target["difficult"].shape == (0,)
        assert target["labels"].dtype == torch.int64
        check_targets([out], [target], num_classes=2)


@each_augmentation
def test_difficult_marks_are_optional(augment: Callable[[int], v2.Compose]) -> None:
    augmentation = augment(SIDE)
    for seed in range(10):
        torch.manual_seed(seed)
        image, target = sample(noise())
        del target["difficult"]
        _, out = augmentation(image, target)
        assert len(out["labels"]) == len(out["boxes"])


@each_augmentation
def test_colours_change_and_boxes_do_not_change_with_them(augment: Callable[[int], v2.Compose]) -> None:
    both = zip(draws(augment(SIDE), noise(), 20), draws(without_colours(augment(SIDE)), noise(), 20), strict=True)
    changed = 0
    for (image, target), (plain_image, plain_target) in both:
        assert torch.equal(target["boxes"], plain_target["boxes"])
        changed += not torch.equal(image, plain_image)
    assert changed > 15


@each_augmentation
def test_the_input_is_left_as_it_was(augment: Callable[[int], v2.Compose]) -> None:
    image, target = sample(noise())
    before = image.clone(), {key: value.clone() for key, value in target.items() if isinstance(value, Tensor)}
    for seed in range(10):
        torch.manual_seed(seed)
        augment(SIDE)(image, target)
    assert torch.equal(image, before[0])
    assert all(torch.equal(target[key], value) for key, value in before[1].items())


@each_augmentation
def test_torchs_seed_decides_everything(augment: Callable[[int], v2.Compose]) -> None:
    augmentation = augment(SIDE)
    copy = pickle.loads(pickle.dumps(augmentation))  # as a worker process gets it
    first, again = list(draws(augmentation, noise(), 10)), list(draws(copy, noise(), 10))
    for (image, target), (same_image, same_target) in zip(first, again, strict=True):
        assert torch.equal(image, same_image)
        assert all(torch.equal(target[key], same_target[key]) for key in ("boxes", "labels", "difficult"))
    assert len({tuple(image.flatten().tolist()) for image, _ in first}) == 10


@pytest.mark.parametrize(("height", "width"), [(100, 100), (90, 160), (100, 260), (300, 60)])
def test_a_light_crop_is_cut_from_pictures_of_any_shape(height: int, width: int) -> None:
    """Half of them, to 0.6 or more of each side, as often narrower as wider than the picture."""
    torch.manual_seed(0)
    crop = light_augmentation(64).transforms[0]
    boxes = tv_tensors.BoundingBoxes(
        [[width * 0.4, height * 0.4, width * 0.6, height * 0.6]], format="XYXY", canvas_size=(height, width)
    )  # type: ignore[call-arg]
    image = tv_tensors.Image(torch.zeros(3, height, width, dtype=torch.uint8))
    shares = []
    for _ in range(200):
        cut, _ = crop(image, boxes)
        shares.append((cut.shape[-1] / width, cut.shape[-2] / height))
    cropped = [(w, h) for w, h in shares if (w, h) != (1, 1)]
    assert 70 < len(cropped) < 130
    assert all(0.57 <= w <= 1 and 0.57 <= h <= 1 and 0.7 < w / h < 1.43 for w, h in cropped)
    assert 0.3 < sum(w > h for w, h in cropped) / len(cropped) < 0.7


def test_the_light_crop_of_a_square_is_torchvisions() -> None:
    """So that a run on square pictures keeps its numbers."""
    theirs = v2.RandomIoUCrop(min_scale=0.6, min_aspect_ratio=0.75, max_aspect_ratio=4 / 3, sampler_options=[0.0, 1.0])
    boxes = tv_tensors.BoundingBoxes([[10, 20, 60, 50]], format="XYXY", canvas_size=(97, 97))  # type: ignore[call-arg]
    image = tv_tensors.Image(torch.randint(255, (3, 97, 97), dtype=torch.uint8))
    for seed in range(20):
        cuts = []
        for crop in (light_augmentation(64).transforms[0], theirs):
            torch.manual_seed(seed)
            cuts.append(crop(image, boxes))
        assert torch.equal(cuts[0][0], cuts[1][0])
        assert torch.equal(cuts[0][1], cuts[1][1])

"""What the explorers compute in the page equals what the package computes: hundreds of random cases each."""

from collections.abc import Iterator

import pytest
import torch
from browsing import Page, chromium
from explorers_page import compute, functions_page
from torch import Tensor
from torchvision.ops import box_convert, box_iou

from dsod_lite import DSODConfig, PriorConfig
from dsod_lite.detector.boxes import decode, encode
from dsod_lite.detector.loss import mine_hard_negatives
from dsod_lite.detector.matching import NO_OVERLAP, bipartite_priors, match
from dsod_lite.detector.priors import prior_boxes
from dsod_lite.explorers.matching import match_best


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium() as browser:
        yield functions_page(browser, "boxes", "priors", "matching")


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def random_boxes(count: int, rng: torch.Generator, largest: float = 1.0) -> Tensor:
    corner = torch.rand(count, 2, generator=rng)
    return torch.cat([corner, corner + 0.01 + largest * torch.rand(count, 2, generator=rng)], dim=1)


def test_iou_equals_torchvision_to_the_last_bit(page: Page, rng: torch.Generator) -> None:
    pairs = [(random_boxes(1 + i % 7, rng), random_boxes(40, rng)) for i in range(200)]
    found = compute(
        page,
        "pairs => pairs.map(pair => Array.from(boxIou(...pair.map(boxes => Float32Array.from(boxes)))))",
        [[a.flatten().tolist(), b.flatten().tolist()] for a, b in pairs],
    )
    for (a, b), iou in zip(pairs, found, strict=True):
        assert torch.equal(torch.tensor(iou).reshape(len(a), len(b)), box_iou(a, b))


def test_offsets_equal_the_packages(page: Page, rng: torch.Generator) -> None:
    boxes = random_boxes(500, rng).double()
    priors = box_convert(random_boxes(500, rng).double(), "xyxy", "cxcywh")
    offsets = torch.randn(500, 4, generator=rng, dtype=torch.float64)
    encoded, decoded = compute(
        page,
        """([boxes, priors, offsets]) => [
          boxes.map((box, i) => encode(box, priors[i])), offsets.map((o, i) => Array.from(decode(o, priors[i])))]""",
        [boxes.tolist(), priors.tolist(), offsets.tolist()],
    )
    torch.testing.assert_close(torch.tensor(encoded, dtype=torch.float64), encode(boxes, priors))
    torch.testing.assert_close(torch.tensor(decoded), decode(offsets, priors).float())


def numbers_of(config: PriorConfig, map_sizes: tuple[int, ...], size: int) -> list[object]:
    """The arguments of the page's priorBoxes."""
    numbers = {
        "minSizes": config.min_sizes,
        "maxSizes": config.max_sizes,
        "aspectRatios": config.aspect_ratios,
        "steps": config.steps or [size / cells for cells in map_sizes],
    }
    return [numbers, map_sizes, size]


def random_priors(rng: torch.Generator) -> tuple[PriorConfig, tuple[int, ...], int]:
    maps = int(torch.randint(1, 4, (1,), generator=rng))
    small = 1 + 200 * torch.rand(maps, generator=rng)
    large = small + 1 + 50 * torch.rand(maps, generator=rng)
    choices = ((), (2.0,), (2.0, 3.0), (1.7,))
    ratios = tuple(choices[i] for i in torch.randint(4, (maps,), generator=rng).tolist())
    steps = tuple((1 + 60 * torch.rand(maps, generator=rng)).tolist()) if maps % 2 else None
    sizes = tuple(torch.randint(1, 9, (maps,), generator=rng).tolist())
    size = int(torch.randint(32, 600, (1,), generator=rng))
    return PriorConfig(tuple(small.tolist()), tuple(large.tolist()), ratios, steps), sizes, size


def test_priors_equal_the_packages_to_the_last_bit(page: Page, rng: torch.Generator) -> None:
    voc = DSODConfig()
    cases = [(voc.priors, voc.map_sizes, voc.image_size), *(random_priors(rng) for _ in range(100))]
    found = compute(
        page,
        """cases => cases.map(numbers => {
          const priors = priorBoxes(...numbers);
          return [Array.from(priors), Array.from(toCorners(priors))];
        })""",
        [numbers_of(*case) for case in cases],
    )
    for case, (priors, corners) in zip(cases, found, strict=True):
        expected = prior_boxes(*case)
        assert torch.equal(torch.tensor(priors).reshape(-1, 4), expected)
        assert torch.equal(torch.tensor(corners).reshape(-1, 4), box_convert(expected, "cxcywh", "xyxy"))


def test_a_prior_is_found_again_in_its_cell(page: Page) -> None:
    config = PriorConfig((20, 50), (50, 90), ((2,), (3,)))
    arguments = numbers_of(config, (4, 2), 100)
    places = compute(
        page,
        """([numbers, mapSizes]) => Array.from({length: 80}, (_, i) => {
          const {map, row, column, shape} = priorPlace(i, numbers, mapSizes);
          return [map, row, column, shapeName(shape, numbers.aspectRatios[map])];
        })""",
        arguments[:2],
    )
    names = (["square", "large square", "2:1", "1:2"], ["square", "large square", "3:1", "1:3"])
    cells = [(m, r, c) for m, size in enumerate((4, 2)) for r in range(size) for c in range(size)]
    assert places == [[m, r, c, name] for m, r, c in cells for name in names[m]]


def by_method(method: str, iou: torch.Tensor, threshold: float) -> torch.Tensor:
    return match_best(iou, threshold) if method == "best" else match(iou[None], threshold)[0]


MATCHES = """cases => cases.map(([iou, objects, priors, threshold, method]) => {
  const values = Float32Array.from(iou);
  return [match(values, objects, priors, threshold, method), ownPriors(values, objects, priors, method)]
    .map(indices => Array.from(indices));
})"""


@pytest.mark.parametrize("method", ["bipartite", "best"])
@pytest.mark.parametrize("values", [4, 10, 10_000])
def test_matching_equals_the_packages(page: Page, rng: torch.Generator, values: int, method: str) -> None:
    """Overlaps of so many different values: with 4 there are ties, and objects that touch nothing, everywhere."""
    ious = []
    for i in range(200):
        shape = (i % 7, 1 + int(torch.randint(30, (1,), generator=rng)))
        ious.append(torch.randint(values, shape, generator=rng) / values)
    thresholds = [(0.25, 0.5, 0.75, 0.0625)[i % 4] for i in range(len(ious))]
    cases = [[iou.flatten().tolist(), *iou.shape, t, method] for iou, t in zip(ious, thresholds, strict=True)]
    for iou, threshold, (matched, own) in zip(ious, thresholds, compute(page, MATCHES, cases), strict=True):
        assert matched == by_method(method, iou, threshold).tolist()
        best, prior = iou.max(dim=1)
        expected = prior.where(best > NO_OVERLAP, -1) if method == "best" else bipartite_priors(iou[None])[0]
        assert own == (expected.tolist() if len(iou) else [])


@pytest.mark.parametrize("method", ["bipartite", "best"])
def test_boxes_get_the_priors_that_the_package_gives_them(page: Page, rng: torch.Generator, method: str) -> None:
    """From the numbers to the matches, with DSOD300's priors. Small boxes lie inside many priors of equal overlap."""
    config = DSODConfig()
    pictures = [random_boxes(1 + i % 5, rng, largest=0.5 ** (i % 6)) for i in range(100)]
    found = compute(
        page,
        """([numbers, pictures, method]) => {
          const corners = toCorners(priorBoxes(...numbers));
          return pictures.map(boxes => {
            const iou = boxIou(Float32Array.from(boxes.flat()), corners);
            const matched = match(iou, boxes.length, corners.length / 4, 0.5, method);
            return Array.from(matched.entries()).filter(([, object]) => object >= 0);
          });
        }""",
        [numbers_of(config.priors, config.map_sizes, 300), [boxes.tolist() for boxes in pictures], method],
    )
    corners = box_convert(prior_boxes(config.priors, config.map_sizes, 300), "cxcywh", "xyxy")
    for boxes, pairs in zip(pictures, found, strict=True):
        matched = by_method(method, box_iou(boxes, corners), 0.5)
        positive = (matched >= 0).nonzero().flatten()
        assert pairs == torch.stack([positive, matched[positive]], dim=1).tolist()


def test_as_many_negatives_are_mined_as_the_loss_takes(page: Page) -> None:
    cases = [[p, 40, ratio, least] for p in (0, 1, 3, 9, 30, 40) for ratio in (3.0, 2.5, 0.0) for least in (0, 5)]
    found = compute(page, "cases => cases.map(numbers => minedNegatives(...numbers))", cases)
    for (positives, priors, ratio, least), mined in zip(cases, found, strict=True):
        positive = torch.arange(priors)[None] < positives
        assert mined == int(mine_hard_negatives(torch.zeros(1, priors), positive, ratio, least).sum())

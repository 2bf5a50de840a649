"""Priors: the authors' numbers at 300x300, one by one, and what a config may say.

The literals are those that the authors' net definitions (VOC and COCO scripts) yield; see the notes on each.
"""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dsod_lite.detector.priors import COCO300_PRIORS, VOC300_PRIORS, PriorConfig, cell_shapes, prior_boxes

MAP_SIZES = (38, 19, 10, 5, 3, 2)
COUNTS = (5776, 2166, 600, 150, 36, 16)

# Of every map the first three priors and the last one: cx, cy, width, height, fractions of the image.
VOC_ENDS = [
    (
        [
            [0.0133333, 0.0133333, 0.1, 0.1],
            [0.0133333, 0.0133333, 0.1414213, 0.1414213],
            [0.0133333, 0.0133333, 0.1414213, 0.0707107],
        ],
        [1.0, 1.0, 0.0707107, 0.1414213],
    ),
    (
        [
            [0.0266667, 0.0266667, 0.2, 0.2],
            [0.0266667, 0.0266667, 0.2720294, 0.2720294],
            [0.0266667, 0.0266667, 0.2828427, 0.1414213],
        ],
        [0.9866667, 0.9866667, 0.11547, 0.3464101],
    ),
    (
        [
            [0.0533333, 0.0533333, 0.37, 0.37],
            [0.0533333, 0.0533333, 0.44699, 0.44699],
            [0.0533333, 0.0533333, 0.523259, 0.2616295],
        ],
        [1.0133333, 1.0133333, 0.2136196, 0.6408588],
    ),
    (
        [
            [0.1066667, 0.1066667, 0.54, 0.54],
            [0.1066667, 0.1066667, 0.619193, 0.619193],
            [0.1066667, 0.1066667, 0.7636753, 0.3818377],
        ],
        [0.96, 0.96, 0.3117692, 0.9353074],
    ),
    (
        [
            [0.1666667, 0.1666667, 0.71, 0.71],
            [0.1666667, 0.1666667, 0.7904429, 0.7904429],
            [0.1666667, 0.1666667, 1.0040915, 0.5020458],
        ],
        [0.8333334, 0.8333333, 0.5020459, 1.0040916],
    ),
    (
        [[0.5, 0.5, 0.88, 0.88], [0.5, 0.5, 0.9612492, 0.9612492], [0.5, 0.5, 1.244508, 0.622254]],
        [1.5, 1.5, 0.622254, 1.2445081],
    ),
]
COCO_ENDS = [
    (
        [
            [0.0133333, 0.0133333, 0.07, 0.07],
            [0.0133333, 0.0133333, 0.1024695, 0.1024695],
            [0.0133333, 0.0133333, 0.098995, 0.0494975],
        ],
        [1.0, 1.0, 0.0494974, 0.098995],
    ),
    (
        [
            [0.0266667, 0.0266667, 0.15, 0.15],
            [0.0266667, 0.0266667, 0.222486, 0.222486],
            [0.0266667, 0.0266667, 0.212132, 0.106066],
        ],
        [0.9866667, 0.9866667, 0.0866025, 0.2598076],
    ),
    (
        [
            [0.0533333, 0.0533333, 0.33, 0.33],
            [0.0533333, 0.0533333, 0.4102438, 0.4102438],
            [0.0533333, 0.0533333, 0.4666905, 0.2333452],
        ],
        [1.0133333, 1.0133333, 0.1905255, 0.5715768],
    ),
    (
        [
            [0.1066667, 0.1066667, 0.51, 0.51],
            [0.1066667, 0.1066667, 0.5932117, 0.5932117],
            [0.1066667, 0.1066667, 0.721249, 0.3606245],
        ],
        [0.96, 0.96, 0.2944487, 0.883346],
    ),
    (
        [
            [0.1666667, 0.1666667, 0.69, 0.69],
            [0.1666666, 0.1666666, 0.7747903, 0.7747903],
            [0.1666667, 0.1666667, 0.9758074, 0.4879037],
        ],
        [0.8333334, 0.8333333, 0.4879037, 0.9758073],
    ),
    (
        [[0.5, 0.5, 0.87, 0.87], [0.5, 0.5, 0.9557719, 0.9557719], [0.5, 0.5, 1.2303658, 0.6151829]],
        [1.5, 1.5, 0.615183, 1.2303658],
    ),
]


def voc300() -> torch.Tensor:
    return prior_boxes(VOC300_PRIORS, MAP_SIZES, 300)


@pytest.mark.parametrize(
    ("config", "ends"), [(VOC300_PRIORS, VOC_ENDS), (COCO300_PRIORS, COCO_ENDS)], ids=["VOC", "COCO"]
)
def test_the_authors_priors(config: PriorConfig, ends: list[tuple[list[list[float]], list[float]]]) -> None:
    priors = prior_boxes(config, MAP_SIZES, 300)
    assert priors.shape == (8744, 4)
    assert priors.dtype == torch.float32
    assert config.per_cell == (4, 6, 6, 6, 4, 4)
    for of_map, (first, last) in zip(priors.split(COUNTS), ends, strict=True):
        # Caffe computes with corners in single precision, hence the last digit.
        torch.testing.assert_close(of_map[:3], torch.tensor(first), rtol=0, atol=3e-7)
        torch.testing.assert_close(of_map[-1], torch.tensor(last), rtol=0, atol=3e-7)


def test_the_last_map_of_the_authors_has_four_cells() -> None:
    # Ports with a 1x1 last map have 8,732 priors; here the last map alone makes the difference.
    assert len(voc300()) - len(prior_boxes(VOC300_PRIORS, (38, 19, 10, 5, 3, 1), 300)) == 12
    shapes = [[0.88, 0.88], [0.9612492, 0.9612492], [1.2445081, 0.622254], [0.622254, 1.2445081]]
    expected = [[1.5, 1.5, *shape] for shape in shapes]
    torch.testing.assert_close(voc300()[-4:], torch.tensor(expected), rtol=0, atol=3e-7)


def test_centres_outside_the_image() -> None:
    centres = voc300()[:, :2]
    outside = ((centres < 0) | (centres > 1)).any(dim=1)
    # 10x10 map: 19 cells in its last row and column, 6 priors each. 2x2 map: 3 of 4 cells, 4 priors each.
    assert [int(o.sum()) for o in outside.split(COUNTS)] == [0, 0, 114, 0, 0, 12]


def test_priors_wholly_outside_the_image() -> None:
    priors = voc300()
    low, high = priors[:, :2] - priors[:, 2:] / 2, priors[:, :2] + priors[:, 2:] / 2
    outside = ((low >= 1) | (high <= 0)).any(dim=1)
    assert [int(o.sum()) for o in outside.split(COUNTS)] == [0, 0, 0, 0, 0, 10]


def test_the_order_within_a_cell_and_of_the_cells() -> None:
    # min 10, max 40: squares of 10 and 20; ratio 4: 20x5 and 5x20; ratio 2.25: 15x6.67 and 6.67x15.
    config = PriorConfig((10,), (40,), ((4, 2.25),))
    shapes = [(10, 10), (20, 20), (20, 5), (5, 20), (15, 20 / 3), (20 / 3, 15)]
    assert cell_shapes(10, 40, (4, 2.25)) == [pytest.approx(shape) for shape in shapes]
    # A map of 2x2 on 100 pixels has its centres at 25 and 75; x runs before y.
    expected = [[cx, cy, w, h] for cy in (25, 75) for cx in (25, 75) for w, h in shapes]
    torch.testing.assert_close(prior_boxes(config, [2], 100), torch.tensor(expected) / 100)


def test_maps_follow_each_other_finest_first() -> None:
    config = PriorConfig((10, 20), (20, 40), ((), (2,)), steps=(50, 100))
    priors = prior_boxes(config, (2, 1), 100)
    assert (
        priors[:, :2].tolist()
        == [[0.25, 0.25]] * 2 + [[0.75, 0.25]] * 2 + [[0.25, 0.75]] * 2 + [[0.75, 0.75]] * 2 + [[0.5, 0.5]] * 4
    )


@given(st.lists(st.integers(1, 12), min_size=1, max_size=4), st.integers(8, 800))
def test_without_steps_every_centre_is_inside(map_sizes: list[int], image_size: int) -> None:
    maps = len(map_sizes)
    config = PriorConfig((30,) * maps, (60,) * maps, ((2,),) * maps)
    priors = prior_boxes(config, map_sizes, image_size)
    assert len(priors) == sum(4 * size * size for size in map_sizes)
    assert (priors[:, :2] > 0).all()
    assert (priors[:, :2] < 1).all()
    # Symmetric: a map's centres stay where they are when the image is mirrored.
    for of_map in priors.split([4 * size * size for size in map_sizes]):
        mirrored = 1 - of_map[:, :2]
        torch.testing.assert_close(mirrored.flip(0), of_map[:, :2], rtol=0, atol=1e-6)


@given(st.floats(1, 300), st.floats(1.1, 5), st.lists(st.floats(1.1, 6), max_size=3))
def test_shapes_keep_the_area_of_the_first_square(small: float, factor: float, ratios: list[float]) -> None:
    shapes = cell_shapes(small, small * factor, ratios)
    assert len(shapes) == 2 + 2 * len(ratios)
    assert small < shapes[1][0] == shapes[1][1] < small * factor
    for i, ratio in enumerate(ratios):
        (w, h), turned = shapes[2 + 2 * i], shapes[3 + 2 * i]
        assert turned == pytest.approx((h, w))
        assert w * h == pytest.approx(small * small)
        assert w / h == pytest.approx(ratio)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_sizes": (60,)}, "max_sizes"),
        ({"aspect_ratios": ((2,),)}, "aspect_ratios"),
        ({"steps": (8,)}, "steps"),
        ({"steps": (8, 0)}, "steps of map 1"),
        ({"min_sizes": (30, 200)}, "map 1 needs 0 < min_sizes < max_sizes"),
        ({"min_sizes": (0, 60)}, "map 0 needs 0 < min_sizes"),
        ({"min_sizes": (-30, 60)}, "map 0 needs 0 < min_sizes"),
        ({"max_sizes": (60, math.nan)}, "map 1 needs 0 < min_sizes < max_sizes"),
        ({"aspect_ratios": ((2,), (-2,))}, "aspect_ratios of map 1"),
        ({"aspect_ratios": ((1, 2), (2,))}, "aspect_ratios of map 0"),
    ],
)
def test_a_bad_config_names_its_field(fields: dict[str, tuple[object, ...]], message: str) -> None:
    good: dict[str, tuple[object, ...]] = {
        "min_sizes": (30, 60),
        "max_sizes": (60, 111),
        "aspect_ratios": ((2,), (2, 3)),
    }
    with pytest.raises(ValueError, match=message):
        PriorConfig(**{**good, **fields})  # type: ignore[arg-type]


def test_as_many_maps_as_the_config_has() -> None:
    with pytest.raises(ValueError, match="5 maps, but the priors are configured for 6"):
        prior_boxes(VOC300_PRIORS, (38, 19, 10, 5, 3), 300)


def test_steps_and_lengths_of_the_presets() -> None:
    for config, sizes in (
        (VOC300_PRIORS, (30, 60, 111, 162, 213, 264, 315)),
        (COCO300_PRIORS, (21, 45, 99, 153, 207, 261, 315)),
    ):
        assert (*config.min_sizes, config.max_sizes[-1]) == sizes
        assert config.max_sizes[:-1] == config.min_sizes[1:]
        assert config.steps == (8, 16, 32, 64, 100, 300)
        assert config.aspect_ratios == ((2,), (2, 3), (2, 3), (2, 3), (2,), (2,))

"""Do the priors reach the objects? Worked out by hand, and for sets of objects whose answer is known."""

import pytest
import torch

from dsod_lite import dsod_tiny
from dsod_lite.evaluation.prior_recall import fitting_size, reached, recall_lines, worst_recall
from dsod_lite.training.choice import VIEWS, chosen_size, fitting_batch, tiny_priors

PRIORS = torch.tensor([[0.25, 0.25, 0.5, 0.5], [0.75, 0.75, 0.5, 0.5]])


def squares(side: float, count: int = 40, seed: int = 0) -> torch.Tensor:
    corner = torch.rand(count, 2, generator=torch.Generator().manual_seed(seed)) * (1 - side)
    return torch.cat([corner, corner + side], dim=1)


def test_by_hand() -> None:
    boxes = torch.tensor([[0.0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1], [0.25, 0.25, 0.75, 0.75], [0.0, 0, 0.5, 0.25]])
    assert reached(boxes, PRIORS).tolist() == [True, True, False, True]  # the last one's IoU is a half
    labels = torch.tensor([1, 1, 2, 2])
    assert worst_recall(labels, reached(boxes, PRIORS)) == (0.5, 2)
    lines = recall_lines(boxes, labels, ("cat", "dog"), reached(boxes, PRIORS))
    assert lines[1].split() == ["cat", "2", "1.00", "–", "–", "1.00"]
    assert lines[2].split() == ["dog", "2", "0.50", "–", "1.00", "0.00"]


def test_a_class_with_few_objects_decides_nothing() -> None:
    boxes = torch.cat([torch.tensor([[0.0, 0, 0.5, 0.5]]).repeat(20, 1), torch.tensor([[0.4, 0.4, 0.6, 0.6]])])
    labels = torch.tensor([1] * 20 + [2])
    assert worst_recall(labels, reached(boxes, PRIORS)) == (1.0, 1)
    assert worst_recall(labels[20:], reached(boxes[20:], PRIORS)) == (0.0, 2)  # unless there is no other


def test_no_objects_need_no_priors() -> None:
    assert worst_recall(torch.zeros(0, dtype=torch.int64), reached(torch.zeros(0, 4), PRIORS)) == (1.0, 0)


def test_small_objects_ask_for_a_large_input_and_large_ones_do_not() -> None:
    labels = torch.ones(40, dtype=torch.int64)
    sizes = [fitting_size(squares(side), labels, tiny_priors, 128) for side in (0.5, 0.07, 0.05)]
    assert sizes[0] == 128
    assert sizes[0] < sizes[1] < sizes[2]


@pytest.mark.parametrize(
    ("pictures", "side", "expected"),
    [
        ((128, 128), 0.5, 128),
        ((640, 480), 0.5, 128),
        ((640, 480), 0.07, 224),
        ((64, 64), 0.07, 64),  # an input larger than the picture shows nothing more
        ((10, 10), 0.5, 64),
        ((200, 100), 0.05, 128),
    ],
)
def test_the_input_follows_objects_and_pictures(pictures: tuple[int, int], side: float, expected: int) -> None:
    size = chosen_size(squares(side), torch.ones(40, dtype=torch.int64), [pictures] * 3)
    assert abs(size - expected) <= (32 if expected > 128 else 0)


def test_the_input_follows_the_time() -> None:
    boxes, labels, sizes = squares(0.07), torch.ones(40, dtype=torch.int64), [(640, 480)]
    usual = chosen_size(boxes, labels, sizes)
    assert usual > 128
    assert (
        chosen_size(boxes, labels, sizes, picture=1.0, seconds=10.0) == 128
    )  # ten pictures at that size, fewer at any
    enough = (VIEWS[0] + VIEWS[1]) / 2 * (usual / 128) ** 2
    assert chosen_size(boxes, labels, sizes, picture=1.0, seconds=enough) == usual
    assert chosen_size(boxes, labels, sizes, picture=1.0, seconds=1e9) == 512
    assert chosen_size(squares(0.5), labels, [(128, 128)], picture=1.0, seconds=1e9) == 128  # no larger than they are


def test_choosing_leaves_the_random_numbers_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    chosen_size(squares(0.07), torch.ones(40, dtype=torch.int64), [(640, 480)])
    assert torch.equal(torch.rand(2), expected)


def test_seven_pictures_are_one_batch() -> None:
    assert [fitting_batch(n) for n in (1, 2, 7, 16, 500)] == [2, 2, 7, 16, 16]


def test_the_priors_that_are_tried_are_the_detectors() -> None:
    assert torch.equal(tiny_priors(160), dsod_tiny(image_size=160).priors)

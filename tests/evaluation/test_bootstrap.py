"""The bootstrap of AP: each sample is what evaluate_voc says of the pictures that were sampled."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dsod_lite import evaluate_voc
from dsod_lite.evaluation.bootstrap import bootstrap_ap50, interval, weighted_ap50


def pictures(seed: int, count: int = 6):
    """Objects on a line, and detections of which about half are on one."""
    rng = torch.Generator().manual_seed(seed)
    found, truth = [], []
    for _ in range(count):
        objects = int(torch.randint(0, 4, (), generator=rng))
        left = 20.0 * torch.arange(objects)
        boxes = torch.stack([left, left * 0, left + 10, left * 0 + 10], dim=1)
        labels = torch.randint(1, 3, (objects,), generator=rng)
        extra = torch.rand(int(torch.randint(0, 4, (), generator=rng)), 4, generator=rng).cumsum(dim=1) + 200
        guesses = torch.cat([boxes + 2 * torch.rand(objects, 1, generator=rng), extra])
        names = torch.randint(1, 3, (len(guesses),), generator=rng)
        found.append({"boxes": guesses, "labels": names, "scores": torch.rand(len(guesses), generator=rng)})
        truth.append({"boxes": boxes, "labels": labels, "difficult": torch.rand(objects, generator=rng) < 0.2})
    return found, truth


@given(st.integers(0, 10_000))
def test_a_sample_is_judged_as_its_pictures_are(seed: int) -> None:
    found, truth = pictures(seed)
    sample = np.random.default_rng(seed).integers(0, 6, 6)
    weights = np.bincount(sample, minlength=6)[None]
    seen, there = ([records[i] for i in sample] for records in (found, truth))
    result = evaluate_voc(seen, there, 3, method="all-point")
    ours = weighted_ap50(found, truth, 3, weights)[0]
    if any(result.num_objects.values()):
        assert ours == pytest.approx(result.mean_ap)
    else:
        assert np.isnan(ours)


def test_the_interval_holds_the_number_and_shrinks_with_more_pictures() -> None:
    widths = []
    for count in (30, 480):
        found, truth = pictures(3, count)
        low, high = interval(bootstrap_ap50(found, truth, 3))
        assert low < evaluate_voc(found, truth, 3, method="all-point").mean_ap < high
        widths.append(high - low)
    assert 0.15 < widths[1] / widths[0] < 0.5  # sixteen times the pictures, about a quarter of the spread


def test_two_detectors_see_the_same_samples() -> None:
    found, truth = pictures(5, 30)
    lower = [record | {"scores": record["scores"] / 2} for record in found]  # the ranking is the same
    assert np.array_equal(bootstrap_ap50(found, truth, 3), bootstrap_ap50(lower, truth, 3))
    assert not np.array_equal(bootstrap_ap50(found, truth, 3), bootstrap_ap50(found, truth, 3, seed=1))


def test_one_picture_says_nothing_of_others() -> None:
    one = [{"boxes": torch.tensor([[0.0, 0, 9, 9]]), "labels": torch.tensor([1]), "scores": torch.tensor([0.9])}]
    assert all(math.isnan(value) for value in interval(bootstrap_ap50(one, one, 2)))


def test_an_interval_by_hand() -> None:
    assert interval(np.arange(101.0), 0.9) == pytest.approx((5.0, 95.0))
    assert np.isnan(interval(np.array([np.nan]))).all()

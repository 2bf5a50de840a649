"""The order of an epoch and the random numbers of its pictures: fixed by seed and epoch, whoever loads them."""

import itertools
import random
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import Rectangles, same
from torch.utils.data import DataLoader

from dsod_lite.support.batches import collate, loaded
from dsod_lite.training.loading import EpochSampler, SeededDataset

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # on one core


def pairs(length: int, seed: int, epoch: int) -> list[tuple[int, int]]:
    sampler = EpochSampler(length, seed)
    sampler.epoch = epoch
    return list(sampler)


@given(st.integers(0, 50), st.integers(0, 2**32 - 1), st.integers(0, 10_000))
def test_an_epoch_shows_each_picture_once_and_is_the_same_again(length: int, seed: int, epoch: int) -> None:
    torch.manual_seed(random.getrandbits(32))  # the state of torch's own generator has no part in it
    first = pairs(length, seed, epoch)
    assert sorted(index for index, _ in first) == list(range(length))
    assert len({seed for _, seed in first}) == length  # no two pictures share their random numbers
    assert pairs(length, seed, epoch) == first
    assert len(EpochSampler(length, seed)) == length


@given(st.integers(0, 2**32 - 1), st.integers(0, 10_000))
def test_another_epoch_and_another_seed_have_another_order_and_other_random_numbers(seed: int, epoch: int) -> None:
    epochs = [pairs(30, seed, epoch), pairs(30, seed, epoch + 1), pairs(30, seed + 1, epoch)]
    for one, other in itertools.combinations(epochs, 2):
        assert [index for index, _ in one] != [index for index, _ in other]
        assert not {own for _, own in one} & {own for _, own in other}


def test_a_sampler_leaves_torchs_generator_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    pairs(10, 1, 1)
    assert torch.equal(torch.rand(4), expected)


def test_a_pictures_random_numbers_are_its_seeds_whatever_was_sampled_before() -> None:
    pictures = SeededDataset(Rectangles(4, augment=True))
    first = pictures[2, 77]
    torch.rand(5)
    pictures[0, 5]
    assert same(pictures[2, 77], first)
    assert not torch.equal(pictures[2, 78][0], first[0])


def load(workers: int, epochs: list[int], stop_early: bool = False) -> list[list[Any]]:
    """What each of the epochs shows, one after the other from the same loader."""
    sampler = EpochSampler(10, seed=4)
    loader = DataLoader(
        SeededDataset(Rectangles(10, augment=True)),
        batch_size=3,
        sampler=sampler,
        num_workers=workers,
        collate_fn=collate,
        persistent_workers=workers > 0,
    )
    if stop_early:
        next(loaded(loader))
    shown = []
    for epoch in epochs:
        sampler.epoch = epoch
        shown.append(list(loaded(loader)))
    return shown


@pytest.mark.parametrize("stop_early", [False, True])
def test_two_processes_load_what_one_does(stop_early: bool) -> None:
    alone, helped = load(0, [0, 1, 0], stop_early), load(2, [0, 1, 0], stop_early)
    assert same(alone, helped)
    assert same(alone[0], alone[2])  # an epoch that is run again is the same epoch
    assert not same(alone[0], alone[1])

"""The order of an epoch's pictures, and the dice of each one's augmentation, fixed by the seed alone."""

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import Dataset, Sampler


class EpochSampler(Sampler[tuple[int, int]]):
    """Pairs (index, seed) in an order that depends on (seed, epoch) only; `epoch` is set before each epoch.

    Because the seed travels with the index, a picture is augmented the same whichever process loads it, and an epoch
    that is run again after a kill is the same epoch.
    """

    def __init__(self, length: int, seed: int) -> None:
        self.length = length
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[tuple[int, int]]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        order = torch.randperm(self.length, generator=generator)
        seeds = torch.randint(2**62, (self.length,), generator=generator)
        return zip(order.tolist(), seeds.tolist(), strict=True)


class SeededDataset(Dataset[Any]):
    """A data set that is asked with `EpochSampler`'s pairs, and seeds torch's generator before each picture."""

    def __init__(self, dataset: Dataset[Any]) -> None:
        self.dataset = dataset

    def __getitem__(self, key: tuple[int, int]) -> Any:
        index, seed = key
        torch.manual_seed(seed)
        return self.dataset[index]

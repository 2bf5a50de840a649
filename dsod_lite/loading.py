"""How training gets its pictures: in an order, and with dice for each one's augmentation, that the seed alone fixes."""

import os
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from .devices import collate
from .recipe import TrainConfig


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


def make_loader(dataset: Dataset[Any], config: TrainConfig, device: torch.device) -> DataLoader[Any]:
    """Whole batches only: a last one of one or two pictures would give BatchNorm the statistics of next to nothing."""
    length = len(dataset)  # type: ignore[arg-type]
    if length < config.batch_size:
        raise ValueError(f"batch_size is {config.batch_size}, but there are only {length} pictures to train on")
    workers = config.workers
    if workers is None:
        workers = min(8, os.cpu_count() or 1) if device.type == "cuda" else 0
    return DataLoader(
        SeededDataset(dataset),
        config.batch_size,
        sampler=EpochSampler(length, config.seed),  # type: ignore[arg-type]
        num_workers=workers,
        collate_fn=collate,
        drop_last=True,
        persistent_workers=workers > 0,
        pin_memory=device.type == "cuda",
    )

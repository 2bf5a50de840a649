"""How training gets its pictures: in an order, and with dice for each one's augmentation, that the seed alone fixes."""

import os
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from ..support.batches import collate
from ..support.errors import DataError
from .recipe import TrainConfig
from .sharing import Share, share_of


class EpochSampler(Sampler[tuple[int, int]]):
    """Pairs (index, seed) in an order that depends on (seed, epoch) only, in whole batches.

    A last batch of one or two pictures would give BatchNorm the statistics of next to nothing. `epoch`, and `step` for
    the first batches to be left out, are set before each pass. Because the seed travels with the index, a picture is
    augmented the same whichever process loads it, and an epoch that goes on after a kill is the same epoch.
    """

    def __init__(self, length: int, seed: int, batch_size: int = 1, share: Share | None = None) -> None:
        self.steps = length // batch_size
        self.length = length
        self.seed = seed
        self.share = share or Share(pictures=batch_size)
        self.epoch = 0
        self.step = 0

    def __len__(self) -> int:
        return (self.steps - self.step) * self.share.pictures

    def __iter__(self) -> Iterator[tuple[int, int]]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        order = torch.randperm(self.length, generator=generator)
        seeds = torch.randint(2**62, (self.length,), generator=generator)
        return zip(self.own(order), self.own(seeds), strict=True)

    def own(self, pictures: torch.Tensor) -> list[int]:
        """Those [N] of this process, from `step` on: a slice of each batch, or of each of its parts."""
        share = self.share
        slices = share.parts if share.together else 1
        whole = pictures[: self.steps * share.pictures * share.world]
        own = whole.view(self.steps, slices, share.world, share.pictures // slices)[:, :, share.rank]
        return own[self.step :].flatten().tolist()


class SeededDataset(Dataset[Any]):
    """A data set that is asked with `EpochSampler`'s pairs, and seeds torch's generator before each picture.

    In the place of a picture that cannot be read it gives the next that can, and its target has "unreadable": why.
    """

    def __init__(self, dataset: Dataset[Any]) -> None:
        self.dataset = dataset

    def __getitem__(self, key: tuple[int, int]) -> Any:
        index, seed = key
        length = len(self.dataset)  # type: ignore[arg-type]
        unreadable: dict[str, str] = {}
        for other in range(index, index + length):
            torch.manual_seed(seed)
            try:
                image, target = self.dataset[other % length]
            except DataError as error:
                unreadable.setdefault("unreadable", str(error))
                continue
            return image, {**target, **unreadable}
        raise DataError(unreadable["unreadable"])


def make_loader(dataset: Dataset[Any], config: TrainConfig, device: torch.device) -> DataLoader[Any]:
    """Batches for this process; raises ValueError if the pictures do not fill one."""
    length = len(dataset)  # type: ignore[arg-type]
    if length < config.batch_size:
        raise ValueError(f"batch_size is {config.batch_size}, but there are only {length} pictures to train on")
    workers = config.workers
    if workers is None:
        workers = min(8, os.cpu_count() or 1) if device.type == "cuda" else 0
    share = share_of(config)
    return DataLoader(
        SeededDataset(dataset),
        share.pictures,
        sampler=EpochSampler(length, config.seed, config.batch_size, share),  # type: ignore[arg-type]
        num_workers=workers,
        collate_fn=collate,
        persistent_workers=workers > 0,
        pin_memory=device.type == "cuda",
    )

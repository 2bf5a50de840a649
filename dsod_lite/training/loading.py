"""How training gets its pictures: in an order, and with a data augmentation, that the seed alone fixes."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from ..support.batches import collate, loaded, worker_count
from ..support.errors import DataError, SettingError
from ..support.signals import follow_parent
from .recipe import TrainConfig
from .sharing import Share, share_of

Loaded = tuple[Sequence[Tensor] | Tensor, list[dict[str, Any]], list[str | None]]
"""Pictures and targets, and for each what was said of an unreadable picture in whose place it is, or None."""


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

    def own(self, pictures: Tensor) -> list[int]:
        """Those [N] of this process, from `step` on: a slice of each batch, or of each of its portions."""
        share = self.share
        slices = len(share.portions) if share.together else 1
        whole = pictures[: self.steps * share.pictures * share.world]
        own = whole.view(self.steps, slices, share.world, share.pictures // slices)[:, :, share.rank]
        return own[self.step :].flatten().tolist()


class SeededDataset(Dataset[tuple[Any, Any, str | None]]):
    """A data set that is asked with `EpochSampler`'s pairs, and seeds torch's generator before each picture.

    An item is (image, target, None). In the place of a picture that cannot be read comes the next that can, and what
    was said of the unreadable one.
    """

    def __init__(self, dataset: Dataset[Any]) -> None:
        self.dataset = dataset

    def __getitem__(self, key: tuple[int, int]) -> tuple[Any, Any, str | None]:
        index, seed = key
        length = len(self.dataset)  # type: ignore[arg-type]
        unreadable: str | None = None
        for other in range(index, index + length):
            torch.default_generator.manual_seed(seed)  # the CPU's alone: quick enough for every picture
            try:
                image, target = self.dataset[other % length]
            except DataError as error:
                unreadable = unreadable or str(error)
                continue
            return image, target, unreadable
        raise DataError(unreadable)


class Loader:
    """This process's batches of any epoch. Raises SettingError if the pictures do not fill a batch."""

    def __init__(self, dataset: Dataset[Any], config: TrainConfig, device: torch.device) -> None:
        self.dataset = dataset
        self.length = len(dataset)  # type: ignore[arg-type]
        if self.length < config.batch_size:
            said = f"batch_size is {config.batch_size}, but there are only {self.length} pictures to train on"
            raise SettingError(said)
        share = share_of(config)
        self.sampler = EpochSampler(self.length, config.seed, config.batch_size, share)
        self.workers = workers = loading_processes(config.workers, device)
        self._batches: DataLoader[Any] = DataLoader(
            SeededDataset(dataset),
            share.pictures,
            sampler=self.sampler,
            num_workers=workers,
            collate_fn=collate,
            worker_init_fn=follow_parent,
            persistent_workers=workers > 0,
            pin_memory=device.type == "cuda",
        )

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return self.sampler.steps

    def epoch(self, number: int, step: int = 0) -> Iterator[Loaded]:
        """The batches of an epoch (from 0), from a step on.

        Raises:
            LoadingError: if a process that loads pictures dies.
            DataError: if no picture can be read.
        """
        self.sampler.epoch, self.sampler.step = number, step
        yield from loaded(self._batches)


def loading_processes(workers: int | None, device: torch.device) -> int:
    """Processes that load pictures while the network learns: as many as asked for.

    None: as `worker_count`, but on a CPU of several cores one. While the network learns from these pictures it makes
    the next; small networks leave it the time, since they keep one core busy and the others in part. Only where
    processes are forked: elsewhere each would first run the user's script once more.
    """
    methods = multiprocessing.get_all_start_methods()
    forked = (multiprocessing.get_start_method(allow_none=True) or methods[0]) == "fork"
    may = forked and not multiprocessing.current_process().daemon and (os.cpu_count() or 1) > 1
    if workers is None and device.type == "cpu" and may:
        return 1
    return worker_count(workers, device)

"""Training pictures that are made of several: copy-paste and mosaic, for those who have few."""

from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from ...support.errors import DataError, SettingError
from ..in_memory import InMemory
from ..labelled import LabelledDataset
from .copy_paste import copy_paste
from .mosaic import mosaic


class Mixed(Dataset[tuple[Tensor, dict[str, Any]]]):
    """The pictures of another data set, a share of them mixed with others that are drawn at random.

    Where another one cannot be read, a picture is mixed with itself: that is said when the other's own turn comes.

    Args:
        dataset: items (float32 [3, S, S], target with "boxes" [M, 4] in pixels and other fields, of M entries each but
            for "image_id"), augmented anew whenever they are asked for.
        copy_paste: the share of its pictures, from 0 to 1, into which an object of another is pasted if there is room.
        mosaic: the share of items, from 0 to 1, that are made of four such pictures.

    Raises:
        SettingError: for another share.
    """

    def __init__(self, dataset: LabelledDataset | InMemory, copy_paste: float = 0.0, mosaic: float = 0.0) -> None:
        for name, share in (("copy_paste", copy_paste), ("mosaic", mosaic)):
            if not 0 <= share <= 1:
                raise SettingError(f"{name} is {share}; it is a share of the pictures, from 0 to 1")
        self.dataset, self.classes = dataset, dataset.classes
        self.copy_paste, self.mosaic = copy_paste, mosaic

    def __len__(self) -> int:
        return len(self.dataset)

    @property
    def names(self) -> list[str]:
        """Those of the pictures that are mixed with others, by which errors name them."""
        return self.dataset.names

    def fingerprint(self) -> str:
        """That of the data set."""
        return self.dataset.fingerprint()

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Any]]:
        if not drawn(self.mosaic):
            return self.with_pasted(index)
        others = torch.randint(len(self.dataset), (3,)).tolist()
        first = self.with_pasted(index)
        return mosaic([first, *(self.with_pasted(other, first) for other in others)])

    def with_pasted(
        self, index: int, instead: tuple[Tensor, dict[str, Any]] | None = None
    ) -> tuple[Tensor, dict[str, Any]]:
        """A picture of the data set, with an object of another one where it is drawn. Raises DataError."""
        image, target = self.readable(index, instead)
        if not drawn(self.copy_paste):
            return image, target
        other = int(torch.randint(len(self.dataset), ()))
        return copy_paste(image, target, *self.readable(other, (image, target)))

    def readable(self, index: int, instead: tuple[Tensor, dict[str, Any]] | None) -> tuple[Tensor, dict[str, Any]]:
        """An item of the data set, or the other one where it cannot be read. Raises DataError where there is none."""
        try:
            return self.dataset[index]
        except DataError:
            if instead is None:
                raise
            return instead


def drawn(share: float) -> bool:
    """At random, in a share of the calls."""
    return share > 0 and float(torch.rand(())) < share

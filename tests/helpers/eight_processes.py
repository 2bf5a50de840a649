"""What tests/support/test_batches.py starts where something is short: `... eight_processes.py BATCH SIZE STEPS`.

It trains on pictures of SIZE pixels that eight processes load, and needs no more than the package's public names.
"""

import sys
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.transforms.v2 import functional as transforms

from dsod_lite import TrainConfig, train


class Plain(torch.utils.data.Dataset[Any]):
    """Pictures of one grey each."""

    classes = ("thing",)

    def __init__(self, length: int, size: int) -> None:
        self.length, self.size = length, size

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Any:
        image = torch.full((3, self.size, self.size), index % 256, dtype=torch.uint8)
        boxes = torch.tensor([[0.0, 0.0, self.size, self.size]])
        target = {"boxes": boxes, "labels": torch.ones(1, dtype=torch.int64), "difficult": torch.zeros(1).bool()}
        return transforms.to_dtype(image, torch.float32, scale=True), target


class Brightness(nn.Module):
    """A detector that learns how bright pictures are."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.zeros(()))

    def forward(self, images: list[Tensor], targets: Any = None) -> dict[str, Tensor]:
        return {"error": torch.stack([(image[0, 0, 0] - self.value).square() for image in images]).mean()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    batch, size, steps = map(int, sys.argv[1:])
    config = TrainConfig(epochs=1, batch_size=batch, workers=8, device="cpu")
    train(Brightness(), Plain(batch * steps, size), None, config)
    print("trained")

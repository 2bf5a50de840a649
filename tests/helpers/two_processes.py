"""What tests/training/test_sharing.py lets torchrun start: `... two_processes.py NAME FOLDER`.

Each function leaves what it found in FOLDER, a file for each process.
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import torch
from tiny import Rectangles, quick, small_dsod
from torch import nn

from dsod_lite import predict, train
from dsod_lite.support.processes import join, rank
from dsod_lite.training.forwards import replaced
from dsod_lite.training.sharing import synchronized

CASES: dict[str, dict[str, Any]] = {
    "a part each": {"batch_size": 16, "norm_batch_size": 8},
    "two parts each": {"batch_size": 32, "norm_batch_size": 8},
    "one part of both": {"batch_size": 8},
    "three parts of both": {"batch_size": 24, "norm_batch_size": 8},
}
"""The ways to share a batch; `quick`'s fields. Parts are no smaller, since the last map has one cell, and BatchNorm
over four numbers that happen to be alike makes anything of a rounding error."""


def trained(fields: dict[str, Any]) -> tuple[list[dict[str, float]], dict[str, torch.Tensor]]:
    """Twenty steps of sgd with a moving average of the weights: the curve of the steps, and that average.

    In double precision and with all negatives: which ones are mined may hang on the last digit, and one other negative
    after five steps is another run after ten.
    """
    model = small_dsod(negatives_per_positive=1000.0)
    model.network.double()
    model.mean = model.mean.double()
    config = quick(epochs=20, optimizer="sgd", learning_rate=0.01, weight_average=0.9, **fields)  # an epoch is one step
    history = train(model, Rectangles(fields["batch_size"], augment=True), None, config)
    return history, model.state_dict()


def equal_training(folder: Path) -> None:
    results = {name: trained(fields) for name, fields in CASES.items()}
    torch.save(results, folder / f"{rank()}.pt")


def normalized(norm: nn.Module, x: torch.Tensor, first: int = 0) -> list[torch.Tensor]:
    """Outputs, gradients and statistics of two batches; an error of the second weighs the pictures from `first` up."""
    norm(x + 1)
    x = x.clone().requires_grad_()
    y = norm(x)
    (y**2 * torch.arange(first, first + len(x))[:, None, None, None]).sum().backward()
    return [y.detach(), x.grad, norm.weight.grad, norm.bias.grad, norm.running_mean, norm.running_var]


def batch_for_norm() -> torch.Tensor:
    return 100 + 3 * torch.randn(6, 4, 5, 7, generator=torch.Generator().manual_seed(0))


def fresh_norm() -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(4)
    nn.init.uniform_(norm.weight, generator=torch.Generator().manual_seed(1))
    return norm


def sync_norm(folder: Path) -> None:
    """The first process has four of the six pictures, the second two."""
    join("cpu")
    norm = fresh_norm()
    own, weights = [(slice(0, 4), 0), (slice(4, 6), 4)][rank()]
    with replaced(synchronized(norm)):
        found = normalized(norm, batch_for_norm()[own], weights)
    torch.save(found, folder / f"{rank()}.pt")


def sharded(folder: Path) -> None:
    join("cpu")
    torch.save(predict(small_dsod(), Rectangles(5), batch_size=2), folder / f"{rank()}.pt")


class Deadly(Rectangles):
    """Kills the second process once, at its fifteenth picture."""

    def __init__(self, folder: Path) -> None:
        super().__init__(8, augment=True)
        self.left = 15
        self.mark = folder / "killed"

    def __getitem__(self, index: int) -> Any:
        self.left -= 1
        if self.left == 0 and rank() == 1 and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(index)


def restarted(folder: Path) -> None:
    """A run that is killed, and one that is not."""
    config = quick(epochs=8, norm_batch_size=2, checkpoint_every=1)
    train(small_dsod(), Deadly(folder), Rectangles(3), config, folder / "deadly", resume=True)
    train(small_dsod(), Rectangles(8, augment=True), Rectangles(3), config, folder / "calm", resume=True)


class Asking(Rectangles):
    """At its fifth picture the first process asks torchrun, as a cluster does, to end; then all take their time."""

    def __init__(self, folder: Path) -> None:
        super().__init__(8, augment=True)
        self.left = 5
        self.mark = folder / "asked_once"
        self.first_start = not self.mark.exists()

    def __getitem__(self, index: int) -> Any:
        self.left -= 1
        if self.left == 0 and rank() == 0 and self.first_start:
            self.mark.touch()
            os.kill(os.getppid(), signal.SIGTERM)
        if self.left <= 0 and self.first_start:
            time.sleep(0.05)
        return super().__getitem__(index)


def asked(folder: Path) -> None:
    """A run that is asked to stop, which ends this; in the second start it goes on, and another is made at a go."""
    config = quick(epochs=20, norm_batch_size=2)
    train(small_dsod(), Asking(folder), Rectangles(3), config, folder / "stopped", resume=True)
    train(small_dsod(), Rectangles(8, augment=True), Rectangles(3), config, folder / "calm")


if __name__ == "__main__":
    torch.set_num_threads(1)
    globals()[sys.argv[1]](Path(sys.argv[2]))

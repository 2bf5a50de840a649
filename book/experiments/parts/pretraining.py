"""A classifier of shapes, each cut out of a drawn picture: what ImageNet is to a detector of photographs."""

import functools
import time
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import roi_align

from dsod_lite import DSOD, TrainConfig
from dsod_lite.training.optimizer import learning_rate_at, make_optimizer

from .common import SIDE, drawn, seeded

CUT_OUT_SEED = 3
"""The series of drawn pictures that the classifier's are cut out of."""
BATCH = 16


class Classifier(nn.Module):
    """A network's own layers, up to the last dense block, and what names the picture: [B, 3, S, S] -> [B, classes].

    The layers are not copied, so training the classifier trains them where they are.
    """

    def __init__(self, model: DSOD) -> None:
        super().__init__()
        self.model = model
        channels = model.network.block4.out_channels
        self.norm, self.answer = nn.BatchNorm2d(channels), nn.Linear(channels, model.config.num_classes - 1)  # type: ignore[arg-type]

    def forward(self, images: Tensor) -> Tensor:
        network = self.model.network
        x = network.transition1(network.block1(network.stem(self.model.normalize(images))))
        first = network.transition2(network.block2(x))
        last = network.block4(network.transition3(network.block3(network.pool(first))))
        return self.answer(self.norm(last).relu().mean(dim=(2, 3)))


@functools.cache
def cut_out(pictures: int, side: int = SIDE) -> tuple[Tensor, Tensor]:
    """Shapes of drawn pictures of 128×128, each by itself with a rim: uint8 [N, 3, side, side], classes [N] from 0."""
    crops, labels = [], []
    for image, target in drawn(pictures, CUT_OUT_SEED, 128, "standard"):
        boxes = target["boxes"]
        centre = (boxes[:, :2] + boxes[:, 2:]) / 2
        half = 0.6 * (boxes[:, 2:] - boxes[:, :2]).amax(dim=1, keepdim=True)
        squares = torch.cat([centre - half, centre + half], dim=1)
        crops.append(roi_align(image[None].float(), [squares], side).round().byte())
        labels.append(target["labels"] - 1)
    return torch.cat(crops), torch.cat(labels)


def pretrain(
    model: DSOD, steps: int, seed: int, learning_rate: float = 0.03, pictures: int = 1500, held_out: int = 500
) -> dict[str, Any]:
    """Trains the detector's layers as a classifier, with the optimizer and schedule of a detector's training.

    Args:
        model: its body is trained in place; its prediction and its head stay as they are.
        steps: of 16 cut-out shapes each.
        seed: fixes their order.
        learning_rate: the greatest, as in `TrainConfig`.
        pictures: what shapes are cut out of.
        held_out: how many of these shapes it is judged by, and not trained on.

    Returns:
        "pretrain_steps", "pretrain_seconds", and "accuracy", the share of the held-out shapes that it named.
    """
    crops, labels = cut_out(pictures)
    config = TrainConfig(epochs=1, seed=seed, learning_rate=learning_rate)
    classifier = Classifier(model).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = make_optimizer(classifier, config)
    rng = seeded(seed)
    begun = time.perf_counter()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(step, steps, config)
        rows = torch.randint(held_out, len(crops), (BATCH,), generator=rng)
        mirrored = torch.rand(BATCH, 1, 1, 1, generator=rng) < 0.5
        batch = crops[rows].float() / 255
        loss = F.cross_entropy(classifier(torch.where(mirrored, batch.flip(3), batch)), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    seconds = time.perf_counter() - begun
    classifier.eval()
    with torch.no_grad():
        guesses = classifier(crops[:held_out].float() / 255).argmax(dim=1)
    accuracy = (guesses == labels[:held_out]).float().mean().item()
    return {"pretrain_steps": steps, "pretrain_seconds": round(seconds, 1), "accuracy": accuracy}

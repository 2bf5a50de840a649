"""Gradients by depth: what does each layer hear of the loss, at the start and along training?

The paper's reason for dense blocks is that an early layer hears the loss through skips, and not through all the layers
behind it (section 3.1). Here are the 30 layers of `depth`, as plain, residual and dense blocks. For the 3×3 of every
layer two things are measured, before training and after each epoch: how long its gradient is, and how far the gradient
keeps its direction when the pictures get noise of at most one grey level in 255, which nobody sees: the cosine of the
two. The longest gradient is worth nothing if such noise turns it round.
"""

import statistics
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dsod_lite import DSOD, TrainConfig
from dsod_lite.training.optimizer import learning_rate_at, make_optimizer

from ..parts.blocks import with_other_blocks
from ..parts.common import SIDE, seeded, setup, shapes
from .depth import KINDS, make_detector

EPOCHS = 3
MEASURE = "agreement_start"

DEPTH = 30
BATCH = 16
VARIANTS: dict[str, str] = {kind: kind for kind in KINDS}


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One kind of blocks, trained, and listened to on the way.

    Returns:
        "moments": one dict each for before training and after every epoch: "step", and by layer, the picture's first,
        "lengths" and "agreement". "agreement_start" and "agreement_end": the layers' mean, before and after training.
        "curve": the epochs' mean losses.
    """
    model = make_detector(VARIANTS[variant], DEPTH).train()
    train_set = shapes(2000, image_size=SIDE)
    images, targets = map(list, zip(*(train_set[i] for i in range(BATCH)), strict=True))
    rng = seeded(seed)
    noisy = [image + (2 * torch.rand(image.shape, generator=rng) - 1) / 255 for image in images]

    config = TrainConfig(epochs=epochs, seed=seed, batch_size=BATCH, learning_rate=0.03)
    optimizer = make_optimizer(model, config)
    steps = len(train_set) // BATCH
    moments: list[dict[str, Any]] = [{"step": 0, **listen(model, images, noisy, targets)}]
    curve: list[dict[str, float]] = []
    for epoch in range(epochs):
        losses = []
        order = torch.randperm(len(train_set), generator=rng).tolist()
        for i in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate_at(epoch * steps + i, epochs * steps, config)
            batch = zip(*(train_set[j] for j in order[i * BATCH : (i + 1) * BATCH]), strict=True)
            loss = sum(model(*map(list, batch)).values())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        moments.append({"step": (epoch + 1) * steps, **listen(model, images, noisy, targets)})
        curve.append({"epoch": epoch + 1, "loss": statistics.fmean(losses)})
    result = {
        "moments": moments,
        "agreement_start": statistics.fmean(moments[0]["agreement"]),
        "agreement_end": statistics.fmean(moments[-1]["agreement"]),
        "parameters": sum(p.numel() for p in model.parameters()),
        "curve": curve,
        "setup": setup(model, config),
    }
    return with_other_blocks(result)


def listen(
    model: DSOD, images: list[Tensor], noisy: list[Tensor], targets: list[dict[str, Any]]
) -> dict[str, list[float]]:
    """The lengths of the gradients by layer, and how far they agree with those of the noisy pictures."""
    clean, other = (gradients(model, pictures, targets) for pictures in (images, noisy))
    return {
        "lengths": [gradient.norm().item() for gradient in clean],
        "agreement": [F.cosine_similarity(a, b, dim=0).item() for a, b in zip(clean, other, strict=True)],
    }


def gradients(model: DSOD, images: list[Tensor], targets: list[dict[str, Any]]) -> list[Tensor]:
    """The loss's gradient at the 3×3 of every layer of the four blocks, each as a vector; the picture's first."""
    network = model.network
    blocks = nn.ModuleList([network.block1, network.block2, network.block3, network.block4])
    weights = [m.weight for m in blocks.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
    loss = sum(model(images, targets).values())
    return [gradient.flatten() for gradient in torch.autograd.grad(loss, weights)]

"""The training loop: any detector with torchvision's conventions, any data set of (image, target)."""

import copy
import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from .blocks import DenseLayer
from .devices import pick_device, to_device
from .evaluation import evaluate_voc
from .loading import make_loader
from .model import DSOD
from .predict import predict
from .recipe import TrainConfig, learning_rate_at, make_optimizer, norm_momentum_at
from .runs import Run


class NonFiniteLoss(RuntimeError):  # noqa: N818
    """The loss, or the model, became infinite or NaN. The message says when, and for which pictures."""


def train(
    model: nn.Module,
    train_set: Dataset[Any],
    val_set: Dataset[Any] | None,
    config: TrainConfig,
    output: str | Path | None = None,
    resume: bool = False,
) -> list[dict[str, float]]:
    """Trains the model in place, and leaves it on the device and in training mode.

    Args:
        model: a DSOD, or any detector that gives a dict of losses in training mode.
        train_set: items (image float [3, H, W], target), augmented already; `classes` names its labels 1 to C - 1.
        val_set: held-out pictures, or None.
        config: how.
        output: the run's folder (see `runs`); None keeps nothing.
        resume: go on from the folder's checkpoint, if there is one; the numbers are those of a run never stopped.

    Returns:
        One dict an epoch: "epoch" (from 1), "loss" and its parts (means over the epoch), "lr" (last step), "seconds"
        of training so far, and "val_ap50" (all-point AP at IoU 0.5) where the held-out pictures were judged.

    Raises:
        NonFiniteLoss: the last good checkpoint is kept.
        ValueError: if model, pictures and config do not fit together, before anything is trained.
        CheckpointError: if the folder holds a run of another configuration, or `resume` is False and it holds any.
    """
    check_fit(model, train_set, val_set, config)
    for layer in model.modules():
        if isinstance(layer, DenseLayer):
            layer.save_memory = config.save_memory
    device = pick_device(config.device)
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = make_optimizer(model, config)
    run = Run(output, model, optimizer, asdict(config), train_set, device)
    run.start(resume)
    loader = make_loader(train_set, config, device)
    if not run.epochs:
        run.epochs = config.epochs or epochs_in(config, model, loader, val_set, device)

    total = run.epochs * len(loader)
    with tqdm(total=total * config.batch_size, initial=run.epoch * len(loader) * config.batch_size, unit="img") as bar:
        while run.epoch < run.epochs:
            begun = time.perf_counter()
            bar.set_description(f"epoch {run.epoch + 1}/{run.epochs}")
            entry = train_epoch(model, optimizer, loader, run.epoch, total, config, device, bar)
            run.epoch += 1
            if val_set is not None and (run.epoch % config.evaluate_every == 0 or run.epoch == run.epochs):
                entry["val_ap50"] = held_out_ap50(model, val_set, config)
            run.seconds += time.perf_counter() - begun
            entry = {"epoch": run.epoch, **entry, "seconds": round(run.seconds, 2)}
            run.finish_epoch(entry)
            if "val_ap50" in entry:
                bar.clear()
                print(summary(entry, run.epochs), flush=True)
    return run.history


def train_epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loader: DataLoader[Any],
    epoch: int,
    total_steps: int,
    config: TrainConfig,
    device: torch.device,
    bar: Any,
) -> dict[str, float]:
    """One pass over the pictures. Returns the means of the losses, and the last learning rate."""
    model.train()
    loader.sampler.epoch = epoch  # type: ignore[attr-defined]
    sums: dict[str, float] = {}
    rate = 0.0
    for i, (images, targets) in enumerate(loader):
        step = epoch * len(loader) + i
        rate = learning_rate_at(step, total_steps, config)
        for group in optimizer.param_groups:
            group["lr"] = rate
        torch.manual_seed(config.seed * 1_000_003 + step)  # for models that roll dice, and for the same after a kill
        optimizer.zero_grad(set_to_none=True)
        parts = backpropagate(model, images, targets, step, config, device)
        for part, losses in parts.items():
            if not math.isfinite(losses["loss"]):
                raise NonFiniteLoss(describe_step(step, epoch, losses, targets[slice(*part)], loader.dataset))
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + value / len(parts)
        optimizer.step()
        bar.update(len(images))
        bar.set_postfix(loss=f"{sums['loss'] / (i + 1):.3f}", refresh=False)
    # The last step's loss may be finite and yet lead the weights to infinity; such a model must not be kept.
    for name, value in model.state_dict().items():
        if not value.isfinite().all():
            raise NonFiniteLoss(f"epoch {epoch + 1}: {name} is not finite any more, though every loss was")
    return {name: value / len(loader) for name, value in sums.items()} | {"lr": rate}


def backpropagate(
    model: nn.Module,
    images: Sequence[Tensor],
    targets: Sequence[dict[str, Any]],
    step: int,
    config: TrainConfig,
    device: torch.device,
) -> dict[tuple[int, int], dict[str, float]]:
    """Adds the gradients of a batch, part by part as BatchNorm is to see it.

    Returns the losses of each part, "loss" being their sum, by the part's (first, last + 1) picture.
    """
    size = config.norm_batch_size or len(images)
    parts = {}
    for i, first in enumerate(range(0, len(images), size)):
        if config.norm_average is not None:
            momentum = norm_momentum_at(step * config.norm_batches + i, config.norm_average)
            for module in model.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.momentum = momentum
        part = slice(first, first + size)
        losses = model([i.to(device) for i in images[part]], [to_device(t, device) for t in targets[part]])
        loss = torch.stack(list(losses.values())).sum()
        (loss / config.norm_batches).backward()
        parts[first, first + size] = {name: value.item() for name, value in {"loss": loss, **losses}.items()}
    return parts


def held_out_ap50(model: nn.Module, val_set: Dataset[Any], config: TrainConfig) -> float:
    """All-point mean AP at IoU 0.5, which is what the curve of a run shows."""
    detections, targets = predict(model, val_set, config.batch_size)
    labels = [int(r["labels"].max()) for r in [*detections, *targets] if len(r["labels"])]
    num_classes = 1 + max([len(getattr(val_set, "classes", ())), *labels])
    return evaluate_voc(detections, targets, num_classes, method="all-point").mean_ap


def check_fit(model: nn.Module, train_set: Dataset[Any], val_set: Dataset[Any] | None, config: TrainConfig) -> None:
    """Raises ValueError, naming the field, for what would otherwise come out late, or never."""
    classes = tuple(getattr(train_set, "classes", ()))
    if val_set is not None and (theirs := tuple(getattr(val_set, "classes", classes))) != classes:
        raise ValueError(f"classes: {list(classes)} to train on, but {list(theirs)} to judge on")
    if config.save_memory and not isinstance(model, DSOD):
        raise ValueError(f"save_memory: a {type(model).__name__} has no dense layers of ours; leave it out")
    if isinstance(model, DSOD):
        if classes and model.config.num_classes != len(classes) + 1:
            raise ValueError(
                f"num_classes is {model.config.num_classes}; it has to be {len(classes) + 1}, for the background "
                f"and the pictures' {len(classes)} classes"
            )
        if config.batch_size == 1 and model.config.map_sizes[-1] == 1:
            raise ValueError("batch_size is 1; it has to be 2 or more, for BatchNorm in the map of one cell")


def epochs_in(
    config: TrainConfig, model: nn.Module, loader: DataLoader[Any], val_set: Dataset[Any] | None, device: torch.device
) -> int:
    """How many epochs fit into `config.minutes`, by timing some steps on a copy of the model, which is thrown away."""
    assert config.minutes is not None
    model = copy.deepcopy(model).train()
    optimizer = make_optimizer(model, config)
    times: list[float] = []
    before = time.perf_counter()
    for images, targets in loader:
        optimizer.zero_grad(set_to_none=True)
        backpropagate(model, images, targets, len(times), config, device)
        optimizer.step()
        times.append(time.perf_counter() - before)
        before = time.perf_counter()
        if sum(times) > 0.02 * 60 * config.minutes and len(times) > 8:
            break
    step = statistics.median(times[1:] or times)  # the first waits until the loading processes have started
    # Detecting costs about a third of a training step's work, and every `evaluate_every`th epoch does it.
    held_out = len(val_set) / config.batch_size / 3 if val_set is not None else 0.0  # type: ignore[arg-type]
    epoch = step * (len(loader) + held_out / config.evaluate_every)
    return max(1, int(0.92 * (60 * config.minutes - sum(times)) / epoch))


def describe_step(
    step: int, epoch: int, losses: dict[str, float], targets: Sequence[dict[str, Any]], dataset: Any
) -> str:
    """What `NonFiniteLoss` says."""
    names = getattr(dataset.dataset, "names", None)
    ids = [None if "image_id" not in t else int(t["image_id"]) for t in targets]
    pictures = [str(i) if names is None or i is None else names[i] for i in ids]
    values = ", ".join(f"{name} {value:g}" for name, value in losses.items() if name != "loss")
    return f"step {step} (epoch {epoch + 1}): the loss is not finite ({values}); pictures: {', '.join(pictures)}"


def summary(entry: dict[str, float], epochs: int) -> str:
    """One line of the log."""
    minutes, seconds = divmod(round(entry["seconds"]), 60)
    return (
        f"epoch {entry['epoch']:3}/{epochs}  loss {entry['loss']:.3f}  held-out AP50 {entry['val_ap50']:.3f}"
        f"  {minutes}:{seconds:02}"
    )

"""The training loop: any detector with torchvision's conventions, any data set of (image, target)."""

import contextlib
import copy
import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from ..detector.model import DSOD
from ..evaluation.predict import predict
from ..evaluation.voc import evaluate_voc
from ..support.processes import join, rank, world_size
from .epoch import train_epoch
from .loading import make_loader
from .recipe import TrainConfig
from .run import Run
from .step import Learner
from .watching import Watch


def train(
    model: nn.Module,
    train_set: Dataset[Any],
    val_set: Dataset[Any] | None,
    config: TrainConfig,
    output: str | Path | None = None,
    resume: bool = False,
    after_epoch: Callable[[list[dict[str, float]]], None] | None = None,
) -> list[dict[str, float]]:
    """Trains the model in place, and leaves it on the device and in training mode.

    In processes that torchrun started it trains with all of them, to the numbers of one: `config.batch_size` is the
    batch of all together.

    Args:
        model: a DSOD, or any detector that gives a dict of losses in training mode.
        train_set: items (image float [3, H, W], target), augmented already; `classes` names its labels 1 to C - 1.
        val_set: held-out pictures, or None.
        config: how.
        output: the run's folder (see `runs` and `watching`); None keeps nothing.
        resume: go on from the folder's checkpoint, if there is one; the numbers are those of a run never stopped.
        after_epoch: called with the curve so far, `watching.LiveHistory()` for instance.

    Returns:
        One dict an epoch: "epoch" (from 1), "loss" and its parts (means over the epoch), "lr" (last step), "seconds"
        of training so far, and "val_ap50" (all-point AP at IoU 0.5) where the held-out pictures were judged.

    Raises:
        NonFiniteLoss: the last good checkpoint is kept.
        LoadingError: likewise.
        DataError: more pictures of an epoch cannot be read than `config.skip_at_most`.
        ValueError: if model, pictures and config do not fit together, before anything is trained.
        CheckpointError: if the folder holds a run of another configuration, or `resume` is False and it holds any.
    """
    check_fit(model, train_set, val_set, config)
    device = join(config.device)
    if device.type == "cpu" and config.precision != "float32":  # slower there, and oneDNN has gradients wrong
        raise ValueError(f"precision is {config.precision!r}, which is for GPUs; on a CPU it has to be 'float32'")
    loader = make_loader(train_set, config, device)
    learner = Learner(model, config, device)
    run = Run(output, learner, asdict(config), train_set)
    run.start(resume)
    if not run.epochs:
        run.epochs = config.epochs or epochs_in(config, model, loader, val_set, device)

    epoch_steps = loader.sampler.steps  # type: ignore[attr-defined]
    total, done = run.epochs * epoch_steps, run.epoch * epoch_steps + run.step
    with (
        contextlib.closing(Watch(output)) as watch,
        tqdm(total=total * config.batch_size, initial=done * config.batch_size, unit="img", disable=rank() > 0) as bar,
    ):
        run.tick()
        while run.epoch < run.epochs:
            bar.set_description(f"epoch {run.epoch + 1}/{run.epochs}")
            entry = {"epoch": run.epoch + 1, **train_epoch(learner, loader, run, total, bar)}
            if val_set is not None and (entry["epoch"] % config.evaluate_every == 0 or entry["epoch"] == run.epochs):
                detections, targets = predict(learner.judged, val_set, config.batch_size)
                entry["val_ap50"] = held_out_ap50(detections, targets, val_set)
                watch.show(val_set, detections, run.epoch + 1)
            run.tick()
            entry["seconds"] = round(run.seconds, 2)
            run.finish_epoch(entry)
            watch.log(entry)
            if after_epoch is not None:
                after_epoch(run.history)
            if "val_ap50" in entry and rank() == 0:
                bar.clear()
                print(summary(entry, run.epochs), flush=True)
    learner.finish()
    return run.history


def held_out_ap50(detections: Sequence[dict[str, Tensor]], targets: Sequence[dict[str, Any]], val_set: Any) -> float:
    """All-point mean AP at IoU 0.5, which is what the curve of a run shows."""
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
        for field in ("batch_size", "norm_batch_size"):
            if getattr(config, field) == 1 and model.config.map_sizes[-1] == 1:
                raise ValueError(f"{field} is 1; it has to be 2 or more, for BatchNorm in the map of one cell")
    elif config.compile:
        raise ValueError(f"compile: is for a DSOD's network; leave it out for a {type(model).__name__}")


def epochs_in(
    config: TrainConfig, model: nn.Module, loader: DataLoader[Any], val_set: Dataset[Any] | None, device: torch.device
) -> int:
    """How many epochs fit into `config.minutes`, by timing some steps on a copy of the model, which is thrown away."""
    assert config.minutes is not None
    if world_size() > 1:
        raise ValueError("minutes: several processes would measure different speeds; give epochs")
    learner = Learner(copy.deepcopy(model).train(), config, device)
    times: list[float] = []
    before = time.perf_counter()
    for images, targets in itertools.chain.from_iterable(itertools.repeat(loader)):  # a pass may be one step
        learner.step(images, targets, len(times), len(loader))
        times.append(time.perf_counter() - before)
        before = time.perf_counter()
        spent = sum(times) / (60 * config.minutes)
        if spent > 0.02 and (len(times) > 8 or spent > 0.2):
            break
    step = statistics.median(times[1:] or times)  # the first waits until the loading processes have started
    # Detecting costs about a third of a training step's work, and every `evaluate_every`th epoch does it.
    held_out = len(val_set) / config.batch_size / 3 if val_set is not None else 0.0  # type: ignore[arg-type]
    epoch = step * (len(loader) + held_out / config.evaluate_every)
    return max(1, int(0.92 * (60 * config.minutes - sum(times)) / epoch))


def summary(entry: dict[str, float], epochs: int) -> str:
    """One line of the log."""
    minutes, seconds = divmod(round(entry["seconds"]), 60)
    return (
        f"epoch {entry['epoch']:3}/{epochs}  loss {entry['loss']:.3f}  held-out AP50 {entry['val_ap50']:.3f}"
        f"  {minutes}:{seconds:02}"
    )

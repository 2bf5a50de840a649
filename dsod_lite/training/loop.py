"""The training loop: any detector with torchvision's conventions, any data set of (image, target)."""

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from ..evaluation.predict import predict
from ..evaluation.threshold import best_threshold
from ..evaluation.voc import evaluate_voc
from ..support.errors import NonFiniteLoss, SettingError
from ..support.processes import anywhere, gathered, join, mean_of_processes, rank, world_size
from ..support.signals import Stopped, StopRequest, uncovered
from .checks import check_finite, check_fit, check_learned, describe_step, report_unreadable
from .loading import Loader
from .pace import Pace
from .recipe import TrainConfig
from .run import Run
from .step import Learner
from .watching import Watch, progress_bar, summary


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

    In processes that torchrun started it trains with all of them: `config.batch_size` is the batch of all together,
    and a step is the step of one process, up to rounding (see `sharing`).

    Args:
        model: a DSOD, or any detector that gives a dict of losses in training mode.
        train_set: items (image float [3, H, W], target), augmented already; `classes` names its labels 1 to C - 1.
        val_set: validation pictures, or None.
        config: how.
        output: the run's folder (see `run` and `watching`); None keeps nothing.
        resume: go on from the folder's checkpoint, if there is one; the numbers are those of a run never stopped.
        after_epoch: called with the curve so far, `watching.LiveHistory()` for instance.

    Returns:
        One dict an epoch: "epoch" (from 1), "loss" and its parts (means over the epoch), "lr" (last step), "seconds"
        of training so far, and "val_ap50" (all-point AP at IoU 0.5) where the validation pictures were judged.

    Raises:
        Stopped: by Ctrl-C or SIGTERM, after the step that is under way; the checkpoint of that step is kept. (A second
            one stops at once, and the checkpoint before is kept.)
        NonFiniteLoss, LoadingError: the last good checkpoint is kept.
        DataError: more pictures of an epoch cannot be read than `config.skip_at_most`.
        SettingError: if model, pictures and config do not fit together, before anything is trained.
        CheckpointError: if the folder holds a run of another configuration, or `resume` is False and it holds any, or
            another process trains into it.
    """
    check_fit(model, train_set, val_set, config)
    device = join(config.device)
    if device.type == "cpu" and config.precision != "float32":  # slower there, and oneDNN has gradients wrong
        raise SettingError(f"precision is {config.precision!r}, which is for GPUs; on a CPU it has to be 'float32'")
    loader = Loader(train_set, config, device)
    learner = Learner(model, config, device)
    if learner.grouping and rank() == 0:
        share, passes = learner.share, len(learner.passes())
        way = f"{share.pictures} pictures in {passes} pass{'es' * (passes > 1)}"
        print(f"a step: {way}, of which BatchNorm sees {share.portion} at once")
    run = Run(output, learner, config, train_set)
    state = run.state
    with (
        StopRequest() as stop,
        uncovered(loader.workers),
        run.started(resume),
        contextlib.closing(Watch(output)) as watch,
        progress_bar(pace := Pace(config, state, loader.steps)) as bar,
    ):
        while not state.epochs or state.epoch < state.epochs:
            number = state.epoch + 1
            bar.set_description(f"epoch {number}" + (f"/{state.epochs}" if state.epochs else ""))
            entry = {"epoch": number, **train_epoch(learner, loader, run, pace, bar, stop)}
            is_last, detections = pace.is_last(number), None
            if val_set is not None and (pace.is_judged(number) or is_last):
                pace.tick()
                run.keep()  # judging takes a while, and may be stopped anywhere
                begun = time.perf_counter()
                with stop.at_once():
                    detections, targets = predict(learner.judged, val_set, config.batch_size, config.workers)
                    entry["val_ap50"] = validation_ap50(detections, targets, val_set)
                state.threshold = best_threshold(detections, targets)
                run.keep_best(entry["val_ap50"])
                pace.judging_took(time.perf_counter() - begun)
            pace.tick()
            entry["seconds"] = round(state.seconds, 2)
            if is_last or ("val_ap50" in entry and (pace.is_last(number) or pace.has_stalled(entry["val_ap50"]))):
                state.epochs = number
            run.finish_epoch(entry)
            watch.show(entry, val_set, detections)
            if after_epoch is not None:
                after_epoch(state.history)
            if "val_ap50" in entry and rank() == 0:
                bar.clear()
                print(summary(entry, state.epochs), flush=True)
    learner.finish()
    return state.history


def train_epoch(
    learner: Learner, loader: Loader, run: Run, pace: Pace, bar: Any, stop: StopRequest
) -> dict[str, float]:
    """The rest of a pass over the pictures, or as much of it as there is time for.

    Returns the means of the losses, and the last learning rate.
    """
    config, state = learner.config, run.state
    at_most = config.skip_at_most if config.skip_at_most is not None else state.pictures // 1000
    unreadable = 0
    learner.model.train()
    for images, targets, said in loader.epoch(state.epoch, state.step):
        unreadable = report_unreadable(said, state.unreadable, unreadable, at_most)
        step = state.epoch * loader.steps + state.step
        losses_by_portion = learner.step(images, targets, step, pace.rate(learner.skipped))
        for portion, losses in zip(learner.share.portions, losses_by_portion, strict=True):
            if not math.isfinite(losses["loss"]):
                raise NonFiniteLoss(describe_step(step, state.epoch, losses, targets[portion], loader.dataset))
            weight = (portion.stop - portion.start) / len(images)
            for name, value in losses.items():
                state.sums[name] = state.sums.get(name, 0.0) + value * weight
        state.step += 1
        bar.update(config.batch_size if pace.seconds is None else round(pace.elapsed) - bar.n)
        bar.set_postfix(loss=f"{state.sums['loss'] / state.step:.3f}", refresh=False)
        asked = anywhere(stop.signum is not None, learner.device)
        if asked or (state.step % config.checkpoint_every == 0 and state.step < loader.steps):
            bring_together(learner, run)
            pace.tick()
            run.keep()
        if asked:
            raise Stopped(f"stopped after step {state.step} of epoch {state.epoch + 1}", stop.signum)
        if pace.time_is_up:
            break
    bring_together(learner, run)
    means = {name: value / state.step for name, value in state.sums.items()}
    check_learned(learner.model, means, state.epoch)
    return means | {"lr": learner.optimizer.param_groups[0]["lr"]}


def bring_together(learner: Learner, run: Run) -> None:
    """Before a checkpoint: the processes agree on losses, statistics and unreadable pictures, and all is finite."""
    state = run.state
    if world_size() > 1:
        sums = torch.tensor(list(state.sums.values()), dtype=torch.float64, device=learner.device)
        state.sums = dict(zip(state.sums, mean_of_processes(sums).tolist(), strict=True))
        state.unreadable = list(dict.fromkeys(message for said in gathered(state.unreadable) for message in said))
        learner.average_statistics()
    check_finite(learner.judged, state.epoch)


def validation_ap50(detections: Sequence[dict[str, Tensor]], targets: Sequence[dict[str, Any]], val_set: Any) -> float:
    """All-point mean AP at IoU 0.5 on the validation pictures, which is what the curve of a run shows."""
    labels = [int(r["labels"].max()) for r in [*detections, *targets] if len(r["labels"])]
    num_classes = 1 + max([len(getattr(val_set, "classes", ())), *labels])
    return evaluate_voc(detections, targets, num_classes, method="all-point").mean_ap

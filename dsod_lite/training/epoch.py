"""One pass over the pictures: every batch a step, checkpoints on the way, and the means of the losses at its end."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader

from ..support.errors import DataError, LoadingError, NonFiniteLoss, one_line
from ..support.processes import gathered, mean_of_processes, world_size
from .run import Run
from .step import Learner


def train_epoch(learner: Learner, loader: DataLoader[Any], run: Run, total_steps: int, bar: Any) -> dict[str, float]:
    """The rest of a pass over the pictures. Returns the means of the losses, and the last learning rate."""
    config, sampler = learner.config, loader.sampler
    learner.model.train()
    sampler.epoch, sampler.step = run.epoch, run.step  # type: ignore[attr-defined]
    steps = sampler.steps  # type: ignore[attr-defined]
    skipped, at_most = 0, config.skip_at_most if config.skip_at_most is not None else run.pictures // 1000
    for images, targets in batches(loader):
        skipped += report_unreadable(targets, run, skipped, at_most)
        step = run.epoch * steps + run.step
        parts = learner.step(images, targets, step, total_steps)
        for i, losses in enumerate(parts):
            if not math.isfinite(losses["loss"]):
                part = slice(i * len(images) // len(parts), (i + 1) * len(images) // len(parts))
                raise NonFiniteLoss(describe_step(step, run.epoch, losses, targets[part], loader.dataset))
            for name, value in losses.items():
                run.sums[name] = run.sums.get(name, 0.0) + value / len(parts)
        run.step += 1
        bar.update(config.batch_size)
        bar.set_postfix(loss=f"{run.sums['loss'] / run.step:.3f}", refresh=False)
        if run.step % config.checkpoint_every == 0 and run.step < steps:
            bring_together(learner, run)
            check_finite(learner, run)
            run.tick()
            run.keep()
    bring_together(learner, run)
    check_finite(learner, run)
    return {name: value / steps for name, value in run.sums.items()} | {"lr": learner.optimizer.param_groups[0]["lr"]}


def check_finite(learner: Learner, run: Run) -> None:
    """The last step's loss may be finite and yet lead the weights to infinity; such a model must not be kept."""
    try:
        learner.check_finite()
    except ValueError as error:
        raise NonFiniteLoss(f"epoch {run.epoch + 1}: {error}") from None


def batches(loader: DataLoader[Any]) -> Any:
    """The loader's batches; raises LoadingError if one of its processes dies."""
    try:
        yield from loader
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise LoadingError(
            f"workers: a process that loads pictures died ({one_line(error)}). It may have been out of memory: resume "
            f"the run with fewer than {loader.num_workers}"
        ) from error


def report_unreadable(targets: Sequence[dict[str, Any]], run: Run, before: int, at_most: int) -> int:
    """Warns of a batch's pictures that could not be read, counts them, and takes the note out of the targets.

    Raises DataError if they are more than `at_most` with those `before` them.
    """
    said = [target.pop("unreadable") for target in targets if "unreadable" in target]
    for message in said:
        before += 1
        if before > at_most:
            raise DataError(f"{message} (unreadable pictures in this epoch: {before}; skip_at_most is {at_most})")
        if message not in run.unreadable:
            run.unreadable.append(message)
            warnings.warn(f"{message}; the next picture takes its place", stacklevel=2)
    return len(said)


def bring_together(learner: Learner, run: Run) -> None:
    """What the processes hold each for itself becomes what all of them say: losses, statistics, unreadable pictures."""
    if world_size() == 1:
        return
    means = mean_of_processes(torch.tensor(list(run.sums.values()), dtype=torch.float64, device=learner.device))
    run.sums = dict(zip(run.sums, means.tolist(), strict=True))
    run.unreadable = list(dict.fromkeys(message for said in gathered(run.unreadable) for message in said))
    learner.average_statistics()


def describe_step(
    step: int, epoch: int, losses: dict[str, float], targets: Sequence[dict[str, Any]], dataset: Any
) -> str:
    """What `NonFiniteLoss` says."""
    names = getattr(dataset.dataset, "names", None)
    pictures = [picture_name(target.get("image_id", "one without an image_id"), names) for target in targets]
    values = ", ".join(f"{name} {value:g}" for name, value in losses.items() if name != "loss")
    return f"step {step} (epoch {epoch + 1}): the loss is not finite ({values}); pictures: {', '.join(pictures)}"


def picture_name(image_id: Any, names: Sequence[str] | None) -> str:
    """An image_id, or the name at that place where the data set has names."""
    try:
        place = int(image_id)
    except (TypeError, ValueError):  # other people's data sets have names, or nothing, for an image_id
        return str(image_id)
    return names[place] if names is not None and place < len(names) else str(place)

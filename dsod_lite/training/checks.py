"""What has to hold before a run, and while it goes on; what does not is said by name."""

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import nn
from torch.utils.data import Dataset

from ..detector.model import DSOD
from ..support.errors import DataError, NonFiniteLoss, SettingError
from .recipe import TrainConfig


def check_fit(model: nn.Module, train_set: Dataset[Any], val_set: Dataset[Any] | None, config: TrainConfig) -> None:
    """Raises SettingError, naming the field, for what would otherwise come out late, or never."""
    classes = tuple(getattr(train_set, "classes", ()))
    if val_set is not None and (theirs := tuple(getattr(val_set, "classes", classes))) != classes:
        raise SettingError(f"classes: {list(classes)} to train on, but {list(theirs)} to judge on")
    if config.save_memory and not isinstance(model, DSOD):
        raise SettingError(f"save_memory: a {type(model).__name__} has no dense layers of ours; leave it out")
    if isinstance(model, DSOD):
        if classes and model.config.num_classes != len(classes) + 1:
            raise SettingError(
                f"num_classes is {model.config.num_classes}; it has to be {len(classes) + 1}, for the background "
                f"and the pictures' {len(classes)} classes"
            )
        for field in ("batch_size", "norm_batch_size"):
            if getattr(config, field) == 1 and model.config.map_sizes[-1] == 1:
                raise SettingError(f"{field} is 1; it has to be 2 or more, for BatchNorm in the map of one cell")
    elif config.compile:
        raise SettingError(f"compile: is for a DSOD's network; leave it out for a {type(model).__name__}")


def check_finite(model: nn.Module, epoch: int) -> None:
    """Raises NonFiniteLoss, naming a value of the model: after a finite loss the weights may still be infinite."""
    state = model.state_dict()
    finite = torch.stack([value.isfinite().all() for value in state.values()]).tolist()  # a GPU is asked once for all
    for name, sound in zip(state, finite, strict=True):
        if not sound:
            raise NonFiniteLoss(f"epoch {epoch + 1}: {name} is not finite any more, though every loss was")


def check_learned(model: nn.Module, means: dict[str, float], epoch: int) -> None:
    """Raises DataError after a first epoch in which no prior of a DSOD met an object: there was nothing to learn."""
    if epoch == 0 and isinstance(model, DSOD) and means.get("bbox_regression") == 0:
        raise DataError(
            "epoch 1: no prior (anchor) was matched with an object of any picture, so nothing can be learned; "
            "`python -m dsod_lite check FOLDER` says what the boxes are like"
        )


def report_unreadable(said: Iterable[str | None], noted: list[str], before: int, at_most: int) -> int:
    """Warns of a batch's pictures that could not be read, and adds those to `noted` that are not in it.

    Args:
        said: what was said of each picture of the batch, None of those that could be read.
        noted: what was said in the run so far.
        before: how many were unreadable in this epoch so far.
        at_most: more of them in an epoch are a DataError.

    Returns:
        How many there are with those of this batch.
    """
    for message in said:
        if message is None:
            continue
        before += 1
        if before > at_most:
            raise DataError(f"{message} (unreadable pictures in this epoch: {before}; skip_at_most is {at_most})")
        if message not in noted:
            noted.append(message)
            warnings.warn(f"{message}; the next picture takes its place", stacklevel=2)
    return before


def describe_step(
    step: int, epoch: int, losses: dict[str, float], targets: Sequence[dict[str, Any]], dataset: Any
) -> str:
    """What `NonFiniteLoss` says of a loss."""
    names = getattr(dataset, "names", None)
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

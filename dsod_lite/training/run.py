"""A run: what it has to remember, in memory and in its folder, and the record that says what was done."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn
from torch.utils.data import Dataset

from ..support.environment import environment
from ..support.errors import one_line
from ..support.files import write_json
from ..support.processes import rank
from ..weights.checkpoint import (
    CHECKPOINT,
    RUN_FIELDS,
    CheckpointError,
    describe,
    differences,
    load_checkpoint,
    save_checkpoint,
)
from .step import Learner

RECORD = "run.json"


class Run:
    """What a run has to remember, in memory and in its folder (None: in memory only).

    FOLDER/checkpoint.pt holds the last whole checkpoint; FOLDER/run.json the command, config, seed, device, versions,
    commit, time and curve. Both are written anew after every epoch, the checkpoint within long ones too, each whole or
    not at all. With several processes all of them read the folder, and the first one writes.
    """

    def __init__(
        self, folder: str | Path | None, learner: Learner, config: dict[str, Any], train_set: Dataset[Any]
    ) -> None:
        self.folder = Path(folder) if folder is not None else None
        self.learner = learner
        self.config = config
        self.classes = list(getattr(train_set, "classes", ()))
        self.pictures = len(train_set)  # type: ignore[arg-type]
        transform = getattr(train_set, "transform", None)
        self.augmentation = repr(transform) if isinstance(transform, nn.Module) else None
        """As torchvision's transforms describe themselves."""
        self.environments = [environment(learner.device)]
        """Where the run began and, after it, where it was gone on with."""
        self.epoch = 0
        self.epochs = 0
        """All epochs of the run; 0: not known yet."""
        self.step = 0
        """Steps done in the epoch that is under way."""
        self.sums: dict[str, float] = {}
        """The losses of those steps, added up."""
        self.unreadable: list[str] = []
        """What was said of the pictures that could not be read, each once."""
        self.seconds = 0.0
        """Of training, up to `tick`."""
        self.history: list[dict[str, float]] = []
        self._clock = time.perf_counter()

    def tick(self) -> None:
        """Adds the time since the last tick to `seconds`."""
        now = time.perf_counter()
        self.seconds += now - self._clock
        self._clock = now

    def start(self, resume: bool) -> None:
        """Makes the folder, or takes up the run that is in it.

        Raises:
            CheckpointError: if there is a run and `resume` is False, or it differs from this one; says in which field.
        """
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        if not os.access(self.folder, os.W_OK):  # better now than after an epoch
            raise CheckpointError(f"{self.folder}: nothing can be written to this folder")
        path = self.folder / CHECKPOINT
        if not path.exists():
            return
        if not resume:
            raise CheckpointError(f"{path}: this folder holds a run already; resume it, or choose another folder")
        state = load_checkpoint(path, RUN_FIELDS)
        ours = {
            "classes": self.classes,
            "pictures": self.pictures,
            "augmentation": self.augmentation,
            "train": repeatable(self.config),
            **describe(self.learner.model),
        }
        theirs = {**{key: state[key] for key in ours}, "train": repeatable(state["train"])}
        if found := differences(ours, theirs):
            raise CheckpointError(f"{path}: another run's: {'; '.join(found)}")
        try:
            self.learner.load(state)
        except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
            raise CheckpointError(f"{path}: model, optimizer: {one_line(error)}") from None
        for name in ("epoch", "epochs", "step", "sums", "unreadable", "seconds", "history"):
            setattr(self, name, state[name])
        self.config = state["train"]  # as it began; device and workers may be others now
        here = self.environments if self.epoch < self.epochs else []
        self.environments = [*state["environments"], *here]
        self._write_record()  # a kill between checkpoint and record leaves the record an epoch behind

    def finish_epoch(self, entry: dict[str, float]) -> None:
        """Adds an epoch to the curve and writes checkpoint and record."""
        self.history.append(entry)
        self.epoch, self.step, self.sums = self.epoch + 1, 0, {}
        self.keep()
        self._write_record()

    def keep(self) -> None:
        """Writes the checkpoint."""
        if self.folder is None or rank() > 0:
            return
        state = {
            **self.learner.state(),
            "train": self.config,
            "classes": self.classes,
            "pictures": self.pictures,
            "augmentation": self.augmentation,
            "epoch": self.epoch,
            "epochs": self.epochs,
            "step": self.step,
            "sums": self.sums,
            "unreadable": self.unreadable,
            "seconds": self.seconds,
            "history": self.history,
            "environments": self.environments,
            **describe(self.learner.model),
        }
        save_checkpoint(self.folder / CHECKPOINT, state)

    def _write_record(self) -> None:
        if self.folder is None or rank() > 0:
            return
        began, *resumed = self.environments
        record = {
            **began,
            "resumed": resumed,
            "seed": self.config["seed"],
            "train": self.config,
            "classes": self.classes,
            "pictures": self.pictures,
            "augmentation": self.augmentation,
            **describe(self.learner.model),
            "parameters": sum(p.numel() for p in self.learner.model.parameters()),
            "epochs": self.epochs,
            "seconds": round(self.seconds, 1),
            "unreadable": self.unreadable,
            "history": self.history,
        }
        write_json(self.folder / RECORD, record)


def repeatable(config: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a training config that fixes the numbers: not where it runs, nor how."""
    elsewhere = ("device", "workers", "save_memory", "compile", "checkpoint_every")
    return {key: value for key, value in config.items() if key not in elsewhere}

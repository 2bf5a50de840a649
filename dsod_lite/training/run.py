"""A run: its state, and its folder, which holds a checkpoint of the state and a record of what was done."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from torch import nn
from torch.utils.data import Dataset

from ..support.environment import environment
from ..support.errors import one_line
from ..support.files import PART, write_json
from ..support.processes import gathered, rank
from ..weights.checkpoint import (
    BEST,
    CHECKPOINT,
    MODEL_FIELDS,
    CheckpointError,
    config_from_dict,
    describe,
    differences,
    fields_of,
    load_checkpoint,
    save_checkpoint,
)
from .recipe import TrainConfig
from .step import Learner, LearnerState

RECORD = "run.json"
LOCK = "training.lock"
"""Locked while a process trains into the folder."""


@dataclass
class RunState:
    """All that a run has to remember beside its learner. What a later version adds needs a default."""

    train: dict[str, Any]
    """The fields of its `TrainConfig`, as it began."""
    classes: list[str]
    pictures: int
    """How many it trains on."""
    augmentation: str | None
    """As torchvision's transforms describe themselves."""
    environments: list[dict[str, Any]]
    """Where the run began and, after it, where it was gone on with."""
    epochs: int
    """All epochs of the run; 0: not known yet, as of one by minutes before it has ended."""
    epoch: int
    """Epochs done."""
    step: int
    """Steps done in the epoch that is under way."""
    sums: dict[str, float]
    """The losses of those steps, added up."""
    unreadable: list[str]
    """What was said of the pictures that could not be read, each once."""
    seconds: float
    """Of training."""
    history: list[dict[str, float]]
    """The curve, see `train`."""
    threshold: float | None = None
    """The score from which on a detection is worth showing: the best F1 on the validation pictures."""
    data: str = ""
    """The fingerprint of the pictures to train on; "": they have none."""


def save(path: Path, state: RunState, learner: Learner) -> None:
    """Writes the checkpoint of a run."""
    save_checkpoint(path, {**vars(learner.state()), **asdict(state), **describe(learner.model)})


def restore(path: Path, state: RunState, learner: Learner) -> RunState:
    """Takes up the learner's state from a run's checkpoint, and returns the run's; `state` is what this one would be.

    Raises:
        CheckpointError: naming the file, and the field that is missing, does not fit the learner, or says that it is
            another run's.
    """
    saved = load_checkpoint(path, {**MODEL_FIELDS, **fields_of(LearnerState), **fields_of(RunState)})
    ours = {**vars(state), **describe(learner.model), "train": repeatable(state.train)}
    theirs = {**saved, "train": repeatable(saved["train"])}
    same = ("classes", "pictures", "augmentation", "train", "architecture", "config")
    try:
        if theirs["config"] is not None:  # of an older version, perhaps, with fewer fields
            theirs["config"] = asdict(config_from_dict(theirs["config"]))
        found = differences({name: ours[name] for name in same}, {name: theirs[name] for name in same})
    except (ValueError, TypeError, RuntimeError) as error:
        raise CheckpointError(f"{path}: config: {one_line(error)}") from None
    if found:
        raise CheckpointError(f"{path}: another run's: {'; '.join(found)}")
    if state.data and saved.get("data", "") not in ("", state.data):
        raise CheckpointError(f"{path}: another run's: pictures: they, their order or their boxes were others")
    try:
        learner.load(LearnerState(**{f.name: saved[f.name] for f in fields(LearnerState) if f.name in saved}))
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, OverflowError) as error:
        raise CheckpointError(f"{path}: model, optimizer: {one_line(error)}") from None
    rows = (*saved["history"], saved["sums"])
    if not all(isinstance(row, dict) and all(isinstance(v, int | float) for v in row.values()) for row in rows):
        raise CheckpointError(f"{path}: history, sums: not all that they hold are numbers")
    return RunState(**{f.name: saved[f.name] for f in fields(RunState) if f.name in saved})


class Run:
    """A run's state and its folder (None: in memory only).

    FOLDER/checkpoint.pt holds the last whole checkpoint; FOLDER/run.json the command, config, seed, device, versions,
    commit, time and curve. Both are written anew after every epoch, the checkpoint within long ones too, each whole or
    not at all. FOLDER/best.pt holds the detector of the epoch that was best on the validation pictures, and nothing
    else. With several processes all of them read the folder, and the first one writes.
    """

    def __init__(
        self, folder: str | Path | None, learner: Learner, config: TrainConfig, train_set: Dataset[Any]
    ) -> None:
        transform = getattr(train_set, "transform", None)
        self.folder = Path(folder) if folder is not None else None
        self.learner = learner
        self.state = RunState(
            train=asdict(config),
            classes=list(getattr(train_set, "classes", ())),
            pictures=len(train_set),  # type: ignore[arg-type]
            augmentation=repr(transform) if isinstance(transform, nn.Module) else None,
            environments=[environment(learner.device)],
            epochs=config.epochs or 0,
            epoch=0,
            step=0,
            sums={},
            unreadable=[],
            seconds=0.0,
            history=[],
            data=train_set.fingerprint() if hasattr(train_set, "fingerprint") else "",
        )

    @contextlib.contextmanager
    def started(self, resume: bool) -> Iterator[None]:
        """The folder for this run alone while the block runs: made, or with the run taken up that is in it.

        Raises:
            CheckpointError: if another process trains into it, or there is a run and `resume` is False, or it differs
                from this one; says in which field.
        """
        if self.folder is None:
            yield
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        if not os.access(self.folder, os.W_OK):  # better now than after an epoch
            raise CheckpointError(f"{self.folder}: nothing can be written to this folder")
        lock = FileLock(self.folder / LOCK, timeout=0)  # which a process that dies leaves open
        with contextlib.ExitStack() as held:
            free = True
            if rank() == 0:
                try:
                    held.enter_context(lock)
                except Timeout:
                    free = False
            if not gathered(free)[0]:
                raise CheckpointError(f"{self.folder}: another process trains into this folder")
            if rank() == 0:
                for half in self.folder.glob(f"*{PART}"):  # of a process that was killed
                    half.unlink(missing_ok=True)
            self._take_up(self.folder / CHECKPOINT, resume)
            yield

    def _take_up(self, path: Path, resume: bool) -> None:
        if not path.exists():
            return
        if not resume:
            raise CheckpointError(f"{path}: this folder holds a run already; resume it, or choose another folder")
        here, began = self.state.environments, restore(path, self.state, self.learner)
        if began.epoch < began.epochs or not began.epochs:
            began.environments += here
        vars(self.state).update(vars(began))  # its config too, as it began; device and workers may be others now
        try:
            self._write_record()  # a kill between checkpoint and record leaves the record an epoch behind
        except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
            raise CheckpointError(f"{path}: holds what no run writes: {one_line(error)}") from None

    def finish_epoch(self, entry: dict[str, float]) -> None:
        """Adds an epoch to the curve and writes checkpoint and record."""
        self.state.history.append(entry)
        self.state.epoch, self.state.step, self.state.sums = self.state.epoch + 1, 0, {}
        self.keep()
        self._write_record()

    def keep_best(self, ap50: float) -> None:
        """Writes the detector as it is judged, if no earlier epoch was as good on the validation pictures."""
        beaten = any(ap50 <= entry["val_ap50"] for entry in self.state.history if "val_ap50" in entry)
        if not beaten and self.folder and rank() == 0:
            model = self.learner.judged
            held = {"model": model.state_dict(), "classes": self.state.classes, "threshold": self.state.threshold}
            save_checkpoint(self.folder / BEST, {**held, "epoch": self.state.epoch + 1, **describe(model)})

    def keep(self) -> None:
        """Writes the checkpoint."""
        if self.folder is not None and rank() == 0:
            save(self.folder / CHECKPOINT, self.state, self.learner)

    def _write_record(self) -> None:
        if self.folder is None or rank() > 0:
            return
        state = asdict(self.state)
        began, *resumed = state.pop("environments")
        for within in ("epoch", "step", "sums"):
            del state[within]
        record = {
            **began,
            "resumed": resumed,
            "seed": self.state.train["seed"],
            **state,
            **describe(self.learner.model),
            "parameters": sum(p.numel() for p in self.learner.model.parameters()),
            "seconds": round(self.state.seconds, 1),
        }
        write_json(self.folder / RECORD, record)


def repeatable(config: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a training config that fixes the numbers; what an older one lacks has its default.

    Where it runs has no part in them, nor in how much memory, nor what it puts up with. (Compiled code rounds in other
    places.)
    """
    elsewhere = ("device", "workers", "save_memory", "pass_size", "checkpoint_every", "skip_at_most")
    defaults = {f.name: f.default for f in fields(TrainConfig)}
    return {key: value for key, value in {**defaults, **config}.items() if key not in elsewhere}

"""A run's folder: the checkpoint that survives a kill, and the record that says what was done."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import nn

from .config import DSODConfig
from .model import DSOD
from .priors import PriorConfig

FORMAT = 1
"""Version of the checkpoint's layout; raised when a change would make old files mean something else."""

CHECKPOINT = "checkpoint.pt"
RECORD = "run.json"


class CheckpointError(ValueError):
    """A checkpoint that cannot be used. The message names the file and the field."""


class Run:
    """What a run has to remember, in memory and in its folder (None: in memory only).

    FOLDER/checkpoint.pt holds the last whole checkpoint; FOLDER/run.json the command, config, seed, device, versions, commit,
    time and curve. Both are written anew after every epoch, each whole or not at all.
    """

    def __init__(
        self,
        folder: str | Path | None,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        config: dict[str, Any],
        classes: Sequence[str],
        device: torch.device,
    ) -> None:
        self.folder = Path(folder) if folder is not None else None
        self.model, self.optimizer = model, optimizer
        self.config = config
        self.classes = list(classes)
        self.environment = environment(device)
        self.epoch = 0
        self.epochs = 0
        """All epochs of the run; 0: not known yet."""
        self.seconds = 0.0
        self.history: list[dict[str, float]] = []

    def start(self, resume: bool) -> None:
        """Makes the folder, or takes up the run that is in it.

        Raises:
            CheckpointError: if there is a run and `resume` is False, or it differs from this one; says in which field.
        """
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / CHECKPOINT
        if not path.exists():
            return
        if not resume:
            raise CheckpointError(f"{path}: this folder holds a run already; resume it, or choose another folder")
        state = load_checkpoint(path)
        ours = {"classes": self.classes, "train": repeatable(self.config), **describe(self.model)}
        theirs = {**{key: state.get(key) for key in ours}, "train": repeatable(state["train"])}
        if found := differences(ours, theirs):
            raise CheckpointError(f"{path}: another run's: {'; '.join(found)}")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.epochs = state["epoch"], state["epochs"]
        self.seconds, self.history = state["seconds"], state["history"]

    def finish_epoch(self, entry: dict[str, float]) -> None:
        """Adds an epoch to the curve and writes checkpoint and record."""
        self.history.append(entry)
        if self.folder is None:
            return
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "train": self.config,
            "classes": self.classes,
            "epoch": self.epoch,
            "epochs": self.epochs,
            "seconds": self.seconds,
            "history": self.history,
            **describe(self.model),
        }
        save_checkpoint(self.folder / CHECKPOINT, state)
        record = {
            **self.environment,
            "seed": self.config["seed"],
            "train": self.config,
            "classes": self.classes,
            **describe(self.model),
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "epochs": self.epochs,
            "seconds": round(self.seconds, 1),
            "history": self.history,
        }
        write_whole(self.folder / RECORD, (json.dumps(record, indent=1) + "\n").encode())


def repeatable(config: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a training config that fixes the numbers: not where it runs, nor who loads the pictures."""
    return {key: value for key, value in config.items() if key not in ("device", "workers")}


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that, whenever the process is killed, either the old content is there or the new."""
    aside = path.with_name(path.name + ".part")
    with open(aside, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Writes a checkpoint aside and renames it. `state` holds tensors, numbers, strings, lists, tuples and dicts only."""
    aside = path.with_name(path.name + ".part")
    torch.save({"format": FORMAT, **state}, aside)
    with open(aside, "rb+") as file:
        os.fsync(file.fileno())
    os.replace(aside, path)


def load_checkpoint(path: str | Path) -> dict[str, Any]:
    """A checkpoint's content, from its file or its run's folder; nothing in it is executed.

    Raises:
        CheckpointError: naming the file, if it is missing, truncated, or of another format.
    """
    path = Path(path)
    if path.is_dir():
        path = path / CHECKPOINT
    if not path.exists():
        raise CheckpointError(f"{path}: there is no such checkpoint")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a dozen types for broken and for foreign files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path}: is not a whole checkpoint ({reason})") from None
    if not isinstance(state, dict) or "format" not in state or "model" not in state:
        raise CheckpointError(f"{path}: format: this file was not written by dsod_lite")
    if state["format"] != FORMAT:
        raise CheckpointError(f"{path}: format: the file has {state['format']}, this version reads {FORMAT}")
    return state


def config_from_dict(values: Mapping[str, Any]) -> DSODConfig:
    """The inverse of `dataclasses.asdict`. Raises ValueError naming the fields that are unknown or missing."""
    known = {f.name for f in fields(DSODConfig)}
    if set(values) != known:
        raise ValueError(f"config: unknown or missing fields: {', '.join(sorted(set(values) ^ known))}")
    return DSODConfig(**{**values, "priors": PriorConfig(**values["priors"])})


def load_model(path: str | Path, device: str | torch.device = "cpu") -> tuple[DSOD, tuple[str, ...]]:
    """The detector of a checkpoint, in evaluation mode, and the names of its classes 1 to C - 1.

    Raises:
        CheckpointError: naming the file and the field that does not fit.
    """
    state = load_checkpoint(path)
    if state.get("config") is None:
        raise CheckpointError(f"{path}: config: the file holds a {state.get('architecture')}, not a DSOD")
    try:
        model = DSOD(config_from_dict(state["config"]))
        model.load_state_dict(state["model"])
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        raise CheckpointError(f"{path}: {error}") from None
    return model.to(device).eval(), tuple(state["classes"])


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any], prefix: str = "") -> list[str]:
    """The fields in which two nested dicts differ, as "field: theirs → ours"."""
    found = []
    for key in sorted(set(ours) | set(theirs)):
        a, b = ours.get(key), theirs.get(key)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            found += differences(a, b, f"{prefix}{key}.")
        elif a != b:
            found.append(f"{prefix}{key}: the checkpoint has {b}, this run {a}")
    return found


def describe(model: nn.Module) -> dict[str, Any]:
    """What a checkpoint says of its model: the architecture's name, and the config if it is a DSOD."""
    config = asdict(model.config) if isinstance(model, DSOD) else None
    return {"architecture": type(model).__name__, "config": config}


def environment(device: torch.device) -> dict[str, Any]:
    """Where a run was made: device, core count, versions and the repository's commit (None outside of one)."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else _processor()
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        commit = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        commit = None
    return {
        "device": name,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "commit": commit,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()

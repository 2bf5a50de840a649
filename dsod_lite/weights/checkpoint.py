"""A checkpoint: one file that holds all a run has to remember, whole at every moment and safe to open."""

import json
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import torch
from torch import nn

from ..detector.config import DSODConfig
from ..detector.model import DSOD
from ..detector.priors import PriorConfig
from ..support.errors import UserError, one_line
from ..support.files import whole_file
from .archive import foreign_name, is_whole, written_out
from .safetensors import read_safetensors, write_safetensors

FORMAT = 1
"""Version of the file's layout; raised when a change would make old files mean something else."""

Fields = Mapping[str, type | tuple[type, ...]]
MODEL_FIELDS: Fields = {"model": dict, "architecture": str, "config": (dict, type(None)), "classes": list}
"""What it takes to detect; a run's checkpoint has more, see `training.run`."""
CHECKPOINT = "checkpoint.pt"
SAFETENSORS = ".safetensors"
BEST = "best.pt"
"""In a run's folder, beside the last one: the detector of the epoch that was best on the validation pictures."""
RETIRED = {"matching": "bipartite"}
"""Fields that configs once had, with the one value that still means what is done."""


class CheckpointError(UserError, ValueError):
    """A checkpoint that cannot be used. The message names the file and the field."""


def fields_of(dataclass: type) -> Fields:
    """The fields that a checkpoint has to hold of a dataclass, those without a default, and their types."""
    hints = get_type_hints(dataclass)
    needed = [field.name for field in fields(dataclass) if MISSING is field.default is field.default_factory]
    kinds = {name: get_args(hints[name]) if isinstance(hints[name], UnionType) else (hints[name],) for name in needed}
    return {name: tuple(get_origin(kind) or kind for kind in several) for name, several in kinds.items()}


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Writes a checkpoint. `state` has the `MODEL_FIELDS` at least.

    Its values are tensors, numbers, strings, lists, tuples and dicts, and nothing else.
    """
    with whole_file(path) as file:
        try:
            torch.save({"format": FORMAT, **state}, file)
        except RuntimeError as error:  # torch covers what the disk said with a remark about positions
            raise error.__context__ if isinstance(error.__context__, OSError) else error from None


def save_model(path: str | Path, model: DSOD, classes: Sequence[str], threshold: float | None = None) -> None:
    """Writes what it takes to detect, and no more: weights, config and the names of the classes 1 to C - 1.

    `threshold` is the score from which on a detection is worth showing, if one is known; see `load_threshold`. A path
    that ends in .safetensors gets a file that the book's page "Watch a detector learn" opens; it holds no threshold.
    """
    if Path(path).suffix == SAFETENSORS:
        tensors = {name: value for name, value in model.state_dict().items() if value.is_floating_point()}
        about = {"config": json.dumps(asdict(model.config)), "classes": json.dumps(list(classes))}
        write_safetensors(Path(path), tensors, about)
        return
    held = {"model": model.state_dict(), "classes": list(classes), "threshold": threshold}
    save_checkpoint(Path(path), {**held, **describe(model)})


def checkpoint_path(path: str | Path) -> Path:
    """The file, given itself or its run's folder."""
    return Path(path) / CHECKPOINT if Path(path).is_dir() else Path(path)


def load_checkpoint(path: str | Path, expected: Fields = MODEL_FIELDS) -> dict[str, Any]:
    """A checkpoint's content, from its file or its run's folder, on the CPU; nothing in it is executed.

    Args:
        path: the file or the folder.
        expected: the fields that it has to hold, with their types.

    Raises:
        CheckpointError: naming the file, if it is missing, truncated or altered, and the field, if one does not fit.
    """
    path = checkpoint_path(path)
    if not path.exists():
        raise CheckpointError(f"{path}: there is no such checkpoint")
    if path.suffix == SAFETENSORS and expected is MODEL_FIELDS:
        return from_safetensors(path)
    if not is_whole(path):
        raise CheckpointError(f"{path}: is truncated, altered, or no checkpoint at all")
    try:
        if name := foreign_name(path):
            raise pickle.UnpicklingError(name)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # torch's own message advises to load it all the same
        raise CheckpointError(f"{path}: holds more than tensors and plain values; nothing of it was executed") from None
    except Exception as error:  # torch raises a dozen types for foreign files
        raise CheckpointError(f"{path}: cannot be read as a checkpoint ({one_line(error)})") from None
    if written_out(state, size := path.stat().st_size) > size:
        raise CheckpointError(f"{path}: its values, written out, are larger than the file")
    if not isinstance(state, dict) or "format" not in state:
        raise CheckpointError(f"{path}: format: this file was not written by dsod_lite")
    if state["format"] != FORMAT:
        raise CheckpointError(f"{path}: format: the file has {state['format']!r}, this version reads {FORMAT}")
    for field, kind in expected.items():
        if field not in state:
            raise CheckpointError(f"{path}: {field}: is missing")
        if not isinstance(state[field], kind):
            raise CheckpointError(f"{path}: {field}: is a {type(state[field]).__name__}")
    return state


def from_safetensors(path: Path) -> dict[str, Any]:
    """The `MODEL_FIELDS` of a file that `save_model`, or the book's page, wrote. Raises CheckpointError."""
    try:
        tensors, about = read_safetensors(path)
        fields = {"config": as_tuples(json.loads(about["config"])), "classes": json.loads(about["classes"])}
        if not isinstance(fields["classes"], list):
            raise TypeError(f"classes: is a {type(fields['classes']).__name__}")
    except (ValueError, KeyError, TypeError, RuntimeError) as error:  # RuntimeError: brackets in brackets in brackets …
        said = f"{error} is missing" if isinstance(error, KeyError) else one_line(error)
        raise CheckpointError(f"{path}: {said}") from None
    return {"model": tensors, "architecture": DSOD.__name__, **fields}


def as_tuples(value: Any) -> Any:
    """JSON has lists where a config has tuples."""
    if isinstance(value, dict):
        return {key: as_tuples(item) for key, item in value.items()}
    return tuple(map(as_tuples, value)) if isinstance(value, list) else value


def load_model(path: str | Path, device: str | torch.device = "cpu") -> tuple[DSOD, tuple[str, ...]]:
    """The detector of a checkpoint, in evaluation mode, and the names of its classes 1 to C - 1.

    Where the pictures it was trained on had no class names, the numbers are the names.

    Raises:
        CheckpointError: naming the file and the field that does not fit.
    """
    state, path = load_checkpoint(path), checkpoint_path(path)
    if state["config"] is None:
        raise CheckpointError(f"{path}: config: the file holds a {state['architecture']}, not a DSOD")
    try:
        config = config_from_dict(state["config"])
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        raise CheckpointError(f"{path}: config: {one_line(error)}") from None
    count = config.num_classes - 1
    names = tuple(state["classes"] or map(str, range(1, count + 1)))
    if wrong := [name for name in names if not isinstance(name, str)]:
        raise CheckpointError(f"{path}: classes: {wrong[0]!r} is no name")
    if len(names) != count:
        raise CheckpointError(f"{path}: classes: {len(names)} names, but config.num_classes is {count + 1}")
    check_weights(path, config, state["model"])
    model = DSOD(config)
    model.load_state_dict(state["model"])
    return model.to(device).eval(), names


def check_weights(path: Path, config: DSODConfig, weights: Mapping[str, Any]) -> None:
    """Raises CheckpointError unless a network of that config has these weights, and none that the file does not hold.

    So nothing is allocated because a file says that it is large.
    """
    for field, layers in (("block_layers", sum(config.block_layers)), ("prediction_channels", len(config.map_sizes))):
        if layers > len(weights):  # building them takes its time, even without weights
            raise CheckpointError(f"{path}: config: {field}: {layers} layers, but the file has {len(weights)} tensors")
    tensors = [value for value in weights.values() if isinstance(value, torch.Tensor)]
    if sum(value.nbytes for value in tensors) > path.stat().st_size:
        raise CheckpointError(f"{path}: model: its tensors are larger than the file")
    try:
        with torch.device("meta"):
            DSOD(config).load_state_dict(weights, assign=True)
    except (ValueError, TypeError, AttributeError, RuntimeError, OverflowError) as error:
        raise CheckpointError(f"{path}: model: {one_line(error)}") from None


def load_threshold(path: str | Path) -> float | None:
    """The score from which on the checkpoint's detections are worth showing: that of the best F1 on its validation
    pictures. None where there were none, and in files of older versions.

    Raises CheckpointError as `load_checkpoint` does, and if the field is no score.
    """
    threshold = load_checkpoint(path).get("threshold")
    if threshold is not None and not (isinstance(threshold, float) and 0 <= threshold <= 1):
        raise CheckpointError(f"{checkpoint_path(path)}: threshold: {threshold!r} is no score")
    return threshold


def config_from_dict(values: Mapping[str, Any]) -> DSODConfig:
    """The inverse of `dataclasses.asdict`; what an older version did not write has its default.

    Raises ValueError naming the fields that are unknown, or missing and without a default.
    """
    values = known_fields(values, DSODConfig)
    if "priors" in values:
        values["priors"] = PriorConfig(**known_fields(values["priors"], PriorConfig, "priors"))
    return DSODConfig(**values)


def known_fields(values: Any, dataclass: type, name: str = "") -> dict[str, Any]:
    """Those of `values` that are fields of the class; a field that they lack has the class's default.

    Raises ValueError for fields that are unknown, or missing and without a default. `RETIRED` ones are left out.
    """
    if not isinstance(values, Mapping):
        raise ValueError(f"{name} is a {type(values).__name__}, not a dict of fields")
    values = {key: value for key, value in values.items() if not (key in RETIRED and RETIRED[key] == value)}
    known = {field.name for field in fields(dataclass)}
    needed = {field.name for field in fields(dataclass) if MISSING is field.default is field.default_factory}
    found = [f"{field} is unknown" for field in sorted(set(map(str, values)) - known)]
    found += [f"{field} is missing" for field in sorted(needed - set(values))]
    if found:
        raise ValueError(", ".join(f"{name}.{what}".lstrip(".") for what in found))
    return values


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any], prefix: str = "") -> list[str]:
    """The fields in which two nested dicts differ, each with what the checkpoint (`theirs`) has and what this run."""
    found = []
    for key in sorted({*ours, *theirs}, key=str):  # theirs may be no words
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

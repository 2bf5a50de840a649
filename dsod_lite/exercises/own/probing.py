"""Asks a definition for its answer to a case, here or, for a student's, in a process that holds nothing else."""

import importlib
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .overlay import put_on

SECONDS = 120
"""After so long a student's file is said not to end."""


@dataclass(frozen=True)
class Case:
    """A call, made of what can travel in a file that is only data: tensors, numbers, strings, lists and dicts.

    Of a class, `arguments` make the object. It takes the weights in `state`, and is then called with `inputs`.
    """

    module: str
    name: str
    arguments: Sequence[Any] = ()
    inputs: Sequence[Any] | None = None
    state: Mapping[str, Tensor] = field(default_factory=dict)


def answer(case: Case, definition: Any = None) -> Any:
    """What a definition answers, by default the package's in this process: plain data. Of a module its shapes, too."""
    module = importlib.import_module(f"dsod_lite.{case.module}")
    made = (definition or getattr(module, case.name))(*(_made(a, module) for a in case.arguments))
    if not isinstance(made, nn.Module):
        return plain(made)
    shapes = {name: list(value.shape) for name, value in made.state_dict().items()}
    if case.state and shapes == {name: list(value.shape) for name, value in case.state.items()}:
        made.load_state_dict(dict(case.state))
    made.eval()
    outputs = made(*(_made(a, module) for a in case.inputs or ()))
    return {"state": shapes, "output": plain(outputs)}


def _made(argument: Any, module: Any) -> Any:
    """{"make": NAME, "with": {...}} stands for an object of a class of that module; "numpy" for an array."""
    if isinstance(argument, dict) and "make" in argument:
        return getattr(module, argument["make"])(**argument["with"])
    if isinstance(argument, dict) and "numpy" in argument:
        return argument["numpy"].numpy()
    return argument


def plain(value: Any) -> Any:
    """A result as data: dataclasses are dicts, arrays are tensors, tuples are lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return torch.as_tensor(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Tensor):
        return value.detach()
    return value if isinstance(value, int | float | str | None) else repr(value)


def ask(folder: Path, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """For each case {"value": ...}, or {"error": text}, from the files in a folder, in a process of their own.

    Each file is asked with the package around it, so that it answers for itself alone. What comes back is read as data,
    and nothing of it is run.
    """
    modules = list(dict.fromkeys(case.module for case in cases))
    found = _ask(folder, cases)
    if len(modules) == 1 or not any("ended" in each for each in found):
        return found
    return [each for module in modules for each in _ask(folder, [case for case in cases if case.module == module])]


def _ask(folder: Path, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """As `ask`, in one process; "ended" is in each, if that did not come to its end."""
    with tempfile.TemporaryDirectory() as between:
        asked, answered = Path(between) / "asked.pt", Path(between) / "answered.pt"
        torch.save([vars(case) for case in cases], asked)
        command = [sys.executable, "-m", "dsod_lite.exercises.own.probing", str(folder), str(asked), str(answered)]
        try:
            done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return [{"error": f"it did not end within {SECONDS} seconds", "ended": False}] * len(cases)
        try:
            found = torch.load(answered, weights_only=True)
        except Exception:  # whatever the student's process left there, or did not
            said = f"the process ended before it answered: {(done.stderr.strip() or 'no word').splitlines()[-1]}"
            return [{"error": said, "ended": False}] * len(cases)
        return found if isinstance(found, list) and len(found) == len(cases) else [{"error": "no answer"}] * len(cases)


def _said(error: BaseException, folder: Path) -> str:
    """An error, with the line of the student's own file that it comes from."""
    if isinstance(error, SyntaxError):
        return f"{Path(error.filename or '').name}, line {error.lineno or 1}: {error.msg}"
    places = [e for e in traceback.extract_tb(error.__traceback__) if Path(e.filename).parent == folder]
    where = f"{Path(places[-1].filename).name}, line {places[-1].lineno}: " if places else ""
    return f"{where}{type(error).__name__}: {error}"


def main() -> None:
    folder, asked, answered = (Path(argument) for argument in sys.argv[1:])
    torch.set_num_threads(1)
    cases = [Case(**fields) for fields in torch.load(asked, weights_only=True)]
    found: list[dict[str, Any]] = []
    module = ""
    for case in cases:
        try:
            if case.module != module:
                module = case.module
                put_on(folder, [module])
            found.append({"value": answer(case)})
        except (Exception, SystemExit) as error:
            found.append({"error": _said(error, folder)})
    torch.save(found, answered)


if __name__ == "__main__":
    main()

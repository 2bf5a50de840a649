"""A folder of student's files against the package: what is right, what is wrong and how, file by file."""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .cases import Asked, questions
from .parts import PARTS, Part, is_blank, parsed
from .probing import answer, ask


@dataclass(frozen=True)
class Result:
    """What became of one question. Without `said` the answer is right."""

    file: str
    name: str
    said: str = ""


def blank(part: Part, folder: Path) -> list[str]:
    """The definitions of a part that are still to be written. Raises SyntaxError."""
    path = folder / part.file
    if not path.exists():
        return list(part.names)
    definitions = [node for node in parsed(path).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    done = [node.name for node in definitions if not is_blank(node)]
    return [name for name in part.names if name not in done]


def results(folder: Path, seed: int = 0, files: list[str] | None = None) -> list[Result]:
    """The results of the files in a folder, or of those named, in the order of the weeks.

    What is not written yet is one result, and is not asked about. Nothing of the student's runs in this process.
    """
    found: dict[str, list[Result]] = {}
    asked: list[tuple[str, Asked]] = []
    for part in PARTS:
        if files is not None and part.file not in files:
            continue
        try:
            missing = blank(part, folder)
        except SyntaxError as error:
            found[part.file] = [Result(part.file, "the file", f"line {error.lineno or 1}: {error.msg}")]
            continue
        found[part.file] = [Result(part.file, name, "not written yet") for name in missing]
        asked += [(part.file, q) for q in questions(part.file, seed) if q.case.name not in missing]
    answers = ask(folder.resolve(), [question.case for _, question in asked]) if asked else []
    for (file, question), given in zip(asked, answers, strict=True):
        found[file].append(Result(file, question.case.name, wrong(question, given)))
    return [result for results in found.values() for result in results]


def wrong(question: Asked, given: dict[str, Any]) -> str:
    """What is wrong with an answer, in lines as the exercises' checks have them; "" if nothing is."""
    if "error" in given:
        return f"tried:    {question.tried}\ngot:      {given['error']}"
    right = answer(question.case)
    if not (difference := differs(given["value"], right)):
        return ""
    hint = next((text for slip, text in question.slips if not differs(given["value"], slip)), question.hint)
    return f"tried:    {question.tried}\ngot:      {difference}\nhint:     {hint}"


def differs(got: Any, right: Any, where: str = "") -> str:
    """How a result differs from the right one, "" if it does not. Floats have five digits, dtypes are not compared."""
    at = f"{where}: " if where else ""
    if isinstance(right, dict | list):
        if type(got) is not type(right) or len(got) != len(right):
            return f"{at}{_kind(got)}, not {_kind(right)}"
        if isinstance(right, dict) and set(got) != set(right):
            return f"{at}names {sorted(got)}, not {sorted(right)}"
        pairs = right.items() if isinstance(right, dict) else enumerate(right)
        return next((said for key, each in pairs if (said := differs(got[key], each, f"{where}[{key!r}]"))), "")
    if not isinstance(right, int | float | Tensor):
        return "" if got == right else f"{at}{got!r}, not {right!r}"
    if not isinstance(got, int | float | Tensor):
        return f"{at}{_kind(got)}, not {_kind(right)}"
    mine, ours = torch.as_tensor(got).double(), torch.as_tensor(right).double()
    if mine.shape != ours.shape:
        return f"{at}shape {list(mine.shape)}, not {list(ours.shape)}"
    close = torch.isclose(mine, ours, rtol=1e-4, atol=1e-5, equal_nan=True)
    if bool(close.all()):
        return ""
    place = (~close).nonzero()[0].tolist()
    first = tuple(place)
    share = f"{int((~close).sum())} of {close.numel()} numbers differ; first at {place}: " if place else ""
    return f"{at}{share}{mine[first].item():.5g}, not {ours[first].item():.5g}"


def _kind(value: Any) -> str:
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, list | dict | str) else type(value).__name__

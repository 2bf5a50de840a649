"""What checks are written with: they compare an answer with the right one, and say in words what is wrong."""

import copy
import math
import traceback
from collections.abc import Callable, Sequence
from fractions import Fraction
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

# What a check is given where an exercise asks for a function. It may as well be anything else.
Function = Callable[..., Any]


class Unanswered(Exception):  # noqa: N818
    """The answer is still `...`, or a function that gives nothing back."""


class NotYet(Exception):  # noqa: N818
    """A wrong answer, with what was tried, what should have come out, what came out, and a hint."""

    def __init__(self, got: Any, expected: Any = None, tried: str = "", hint: str = "") -> None:
        parts = {"tried": tried or None, "expected": expected, "got": got, "hint": hint or None}
        self.parts = {name: shown(part) for name, part in parts.items() if part is not None}
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """One or more lines for each part, aligned."""
        lines = []
        for name, text in self.parts.items():
            first, *rest = text.splitlines() or [""]
            lines += [f"{name + ':':10}{first}", *(" " * 10 + line for line in rest)]
        return lines


def shown(value: Any) -> str:
    """A value as the student reads it: a tensor without its type, a float without noise, anything cut."""
    if isinstance(value, str):
        return value
    if isinstance(value, Tensor):
        numbers = str([round(v, 4) for v in value.tolist()]) if value.ndim == 1 and value.is_floating_point() else ""
        text = f"{numbers or value.tolist()}, of shape {list(value.shape)}" if value.numel() <= 12 else str(value)
    elif isinstance(value, float):
        text = f"{value:.6g}"
    else:
        text = repr(value)
    return text if len(text) <= 600 else text[:600] + " …"


def answered(value: Any) -> Any:
    """The value itself. Raises Unanswered for `...` and None, also inside of a list or a tuple."""
    if value is None or value is ... or (isinstance(value, (list, tuple)) and any(v is ... for v in value)):
        raise Unanswered
    return value


def as_number(value: Any) -> float:
    """A number, as a float: written as one, or as words such as "14,715,804" or "1/7", or in a tensor or list of one.

    Raises Unanswered, and NotYet for anything else.
    """
    if isinstance(answered(value), (Tensor, np.ndarray)) and math.prod(value.shape) == 1:
        value = value.item()
    if isinstance(value, (list, tuple)) and len(value) == 1:
        value = answered(value[0])
    try:
        if isinstance(value, str):
            return float(Fraction(value.replace(",", "").replace("_", "").strip()))
        if isinstance(value, Real) and not isinstance(value, bool):
            return float(value)
    except (ValueError, ZeroDivisionError, OverflowError):
        pass
    raise NotYet(got=f"{shown(value)}, which is a {type(value).__name__}", expected="a number")


def as_list(value: Any) -> Any:
    """A tensor or an array as a list of Python's numbers, also inside of lists; anything else as it is."""
    if isinstance(value, (Tensor, np.ndarray)):
        return value.tolist()
    return [as_list(each) for each in value] if isinstance(value, (list, tuple)) else value


def as_tensor(value: Any, tried: str) -> Tensor:
    """A tensor, an array or a list of numbers as a float tensor. Raises NotYet for anything else."""
    try:
        return torch.as_tensor(as_list(value) if isinstance(value, (list, tuple)) else value, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise NotYet(got=value, expected="a tensor of numbers", tried=tried) from None


def as_numbers(value: Any, count: int, expected: str, tried: str = "") -> list[float]:
    """A list, a tuple or a tensor of `count` numbers, as floats. Raises NotYet, saying what was `expected`, else."""
    numbers = as_list(answered(value))
    if not isinstance(numbers, list) or len(numbers) != count:
        raise NotYet(got=value, expected=expected, tried=tried)
    return [as_number(each) for each in numbers]


def call(function: Any, *arguments: Any, tried: str) -> Any:
    """What a student's function returns for copies of the arguments.

    Raises Unanswered if it returns nothing, NotYet if it is no function or fails.
    """
    if not callable(answered(function)):
        raise NotYet(got=f"{shown(function)}, which is a {type(function).__name__}", expected="a function")
    try:
        value = function(*copy.deepcopy(arguments))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too
        *_, place = traceback.extract_tb(error.__traceback__)
        line = f" in {place.name}, line {place.lineno}: {place.line}" if place.line else ""
        raise NotYet(got=f"{type(error).__name__}: {error}\n{line}".strip(), tried=tried) from error
    return answered(value)


def equal(
    got: Any, right: Any, tried: str, hint: str, slips: Sequence[tuple[Any, str]] = (), atol: float = 1e-4
) -> None:
    """Checks what a function returned, a number or a tensor or something that makes one, against the right value.

    Whole numbers may differ by `atol` only, others by as much and a hundred-thousandth of themselves.

    Raises NotYet with both, and the hint or the text of the slip that it is.
    """
    right = torch.as_tensor(right, dtype=torch.float64)
    whole = bool((right == right.round()).all())  # counts, for instance, of which none is about right
    rtol = 0.0 if whole else 1e-5
    try:
        value = torch.as_tensor(as_list(got) if isinstance(got, (list, tuple)) else got, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        kind = "a number" if right.ndim == 0 else f"numbers of shape {list(right.shape)}"
        raise NotYet(got=got, expected=kind, tried=tried, hint=hint) from None
    if isinstance(got, (list, tuple)) and value.numel() == right.numel() == 0:
        return  # a list of nothing has one shape only
    if value.shape == right.shape and torch.allclose(value, right, rtol=rtol, atol=atol):
        return
    if value.shape != right.shape and value.numel() != 1:
        got, expected = f"shape {list(value.shape)}", f"shape {list(right.shape)}"
        raise NotYet(got=got, expected=expected, tried=tried, hint=hint)
    for slip, text in slips:
        wrong = torch.as_tensor(slip, dtype=torch.float64)
        if wrong.shape == value.shape and torch.allclose(value, wrong, rtol=rtol, atol=atol):
            hint = text
            break
    plain = right.ndim == 0 and value.ndim == 0
    raise NotYet(
        got=value.item() if plain else value, expected=right.item() if plain else right, tried=tried, hint=hint
    )

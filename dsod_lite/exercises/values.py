"""Checks of exercises that ask for numbers or words: what is right and the usual slips, as data.

`Values` is such a check. The book's published pages have the same data, and judge by the same rules without Python.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import Any

from .judging import NotYet, answered, as_number, as_numbers


@dataclass(frozen=True)
class Number:
    """A number. Of a wrong answer it does not say the right one, but it knows some wrong ones."""

    right: float
    """A whole number, an `int`, has to be met exactly, another within `tolerance`, which is relative."""
    hint: str
    """What to think of, if the answer is wrong in no way that is known."""
    slips: Sequence[tuple[float, str]] = ()
    """Numbers that come from usual mistakes, each with what the mistake is."""
    tolerance: float = 1e-6

    @property
    def exact(self) -> bool:
        return isinstance(self.right, int)

    def judge(self, got: Any) -> str:
        """A remark on an answer that is right but rounded, to three digits at least, else nothing.

        Raises Unanswered, or NotYet.
        """
        value, tolerance = as_number(got), 0.0 if self.exact else self.tolerance
        if value == self.right or (
            not self.exact and math.isclose(value, self.right, rel_tol=tolerance, abs_tol=1e-9)
        ):
            return ""
        for slip, said in self.slips:
            if math.isclose(value, slip, rel_tol=tolerance, abs_tol=1e-9):
                raise NotYet(got=value, hint=said)
        if not self.exact and any(value == float(f"{self.right:.{digits}g}") for digits in range(3, 17)):
            return "Rounded, though. Now type the formula."
        raise NotYet(got=value, hint=self.hint)


@dataclass(frozen=True)
class Numbers:
    """A list of whole numbers."""

    right: tuple[int, ...]
    expected: str
    """What kind of list, in words."""
    hint: str
    slips: Sequence[tuple[tuple[int, ...], str]] = ()

    def judge(self, got: Any) -> str:
        """Raises Unanswered, or NotYet."""
        values = tuple(as_numbers(got, len(self.right), self.expected))
        if values != self.right:
            raise NotYet(got=got, hint=dict(self.slips).get(tuple(map(int, values)), self.hint))
        return ""


@dataclass(frozen=True)
class Letters:
    """A few letters, in any order: "A, D", "da" and ["A", "D"] are the same."""

    right: str
    """Capitals, in the alphabet's order."""
    tried: str
    hint: str
    slips: Sequence[tuple[str, str]] = ()

    def judge(self, got: Any) -> str:
        """Raises Unanswered, or NotYet."""
        letters = "".join(sorted(letter for letter in str(answered(got)).upper() if letter.isalpha()))
        if letters != self.right:
            raise NotYet(got=str(got), tried=self.tried, hint=dict(self.slips).get(letters, self.hint))
        return ""


@dataclass(frozen=True)
class Word:
    """One of a few words."""

    right: str
    among: tuple[str, ...]
    tried: str
    hint: str

    def judge(self, got: Any) -> str:
        """Raises Unanswered, or NotYet."""
        word = str(answered(got)).strip().lower()
        if word not in self.among:
            raise NotYet(got=got, expected=f"one of {', '.join(self.among)}", tried=self.tried)
        if word != self.right:
            raise NotYet(got=got, tried=self.tried, hint=self.hint)
        return ""


Rule = Number | Numbers | Letters | Word


class Values:
    """The check of an exercise that asks for values: a rule for each name that it asks for."""

    def __init__(self, **rules: Rule) -> None:
        self.rules = rules
        self.__signature__ = Signature([Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in rules])

    def __call__(self, *answers: Any) -> str:
        """What is to be remarked on right answers. Raises Unanswered, or NotYet for the first wrong one."""
        remarks = [rule.judge(answer) for rule, answer in zip(self.rules.values(), answers, strict=True)]
        return max(remarks)

"""The question bank: instructors/questions/CHAPTER.yml, for the pages, for Moodle and Canvas, and for exams.

A question is a choice, with what is right and what comes of usual slips,

    - ask: What does the label 0 mean?
      right: Background, nothing here
      why: Classes count from 1.
      wrong:
        The first class: Data sets that number from 0 have to be shifted by one.
      see: What the detector will see

or asks for a `number:`, written as it is computed, such as `320 / 480`, with `slips:` in place of `wrong:`. One that is
not whole says `within:` how much it may differ. `see:` is the heading in the chapter where it is explained, and
`exam: yes` keeps a question out of the pages. Of the concept inventory, `see:` is a chapter.
"""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[1] / "instructors" / "questions"
INVENTORY = FOLDER.with_name("concept_inventory.yml")
FIELDS = {"ask", "why", "see", "exam", "right", "wrong", "number", "within", "slips"}


class QuestionError(ValueError):
    """A question that is not whole. Its text names the file, the question and the field."""


@dataclass(frozen=True)
class Choice:
    """One answer is right."""

    ask: str
    right: str
    why: str
    wrong: dict[str, str]
    """Wrong answers, each with what is said about it."""
    see: str
    exam: bool = False

    def options(self, salt: str = "") -> list[str]:
        """All answers in an order that looks random and is the same in every run; another `salt` gives another one."""
        mixed = [self.right, *self.wrong]
        return sorted(mixed, key=lambda text: hashlib.sha256(f"{salt}{self.ask}{text}".encode()).digest())


@dataclass(frozen=True)
class Number:
    """The answer is a number."""

    ask: str
    right: float
    within: float
    """How much an answer may differ. 0 for whole numbers, unless it is said."""
    why: str
    slips: tuple[tuple[float, str], ...]
    see: str
    exam: bool = False


Question = Choice | Number


def value(expression: str) -> float:
    """What an expression such as `20 * sqrt(0.5)` comes to. Raises what Python raises for one that is none."""
    return eval(expression, {"__builtins__": {}}, vars(math))


def decimal(number: float) -> str:
    """A number as every reader takes it: without an exponent, to ten places at most."""
    return f"{number:.10f}".rstrip("0").rstrip(".")


def question(fields: dict[str, Any]) -> Question:
    """One question of a file. Raises KeyError for a field that is missing, ValueError for one that is wrong."""
    if unknown := set(fields) - FIELDS:
        raise ValueError(f"there is no field {min(unknown)!r}")
    if fields.get("exam", "yes") != "yes":
        raise ValueError(f"exam: {fields['exam']!r} is not yes; of a question that is in the page it is left out")
    common = {"ask": fields["ask"], "why": fields["why"], "see": fields["see"], "exam": "exam" in fields}
    if "right" in fields:
        if fields["right"] in fields["wrong"]:
            raise ValueError("wrong: has the right answer among its own")
        return Choice(**common, right=fields["right"], wrong=fields["wrong"])
    try:
        right = value(fields["number"])
        slips = tuple((value(slip), said) for slip, said in fields["slips"].items())
    except (SyntaxError, NameError, ArithmeticError) as error:
        raise ValueError(f"number: or slips: {error}") from error
    if "within" not in fields and not float(right).is_integer():
        raise ValueError("within: is missing, for the number is not whole")
    within = float(fields.get("within", 0))
    if any(abs(slip - right) <= within for slip, _ in slips):
        raise ValueError("slips: one of them counts as right")
    return Number(**common, right=right, within=within, slips=slips)


def read(path: Path) -> list[Question]:
    """The questions of a chapter's file. Raises QuestionError."""
    rows = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # whose every value is text
    found: list[Question] = []
    for place, fields in enumerate(rows, start=1):
        try:
            found.append(question(fields))
        except KeyError as error:
            raise QuestionError(f"{path.name}, question {place}: the field {error} is missing") from error
        except ValueError as error:
            raise QuestionError(f"{path.name}, question {place}: {error}") from error
    return found


def of_chapters(chapters: Iterable[str]) -> dict[str, list[Question]]:
    """The questions of each chapter that has a file, by its name."""
    return {name: read(path) for name in chapters if (path := FOLDER / f"{name}.yml").exists()}

"""Every exercise of the book: its chapter, its grade and its title, as the chapters have them."""

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..support.errors import SettingError

# Chapter, in the order of the book, and its exercises. ★ takes minutes, ★★ a cell of code, ★★★ an evening.
# Written by book/tools/exercises.py from the chapters, which are not there where only the package is installed.
CONTENTS: dict[str, list[str]] = json.loads(Path(__file__).with_name("contents.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Exercise:
    """One exercise, known by its chapter's file name and its place there."""

    chapter: str
    place: int
    """From 1."""

    @property
    def name(self) -> str:
        return f"{self.chapter}.{self.place}"

    @property
    def number(self) -> str:
        """The same with the chapter's number, among the chapters that have exercises."""
        return f"{list(CONTENTS).index(self.chapter) + 1}.{self.place}"

    @property
    def stars(self) -> int:
        return CONTENTS[self.chapter][self.place - 1].count("★")

    @property
    def title(self) -> str:
        return CONTENTS[self.chapter][self.place - 1].lstrip("★ ")

    @property
    def check(self) -> Callable[..., str | None]:
        """The function that checks an answer and may return a remark. Raises SettingError if there is none."""
        if not self.has_check:
            raise SettingError(f"{self.name} ({self.title}) has no check: compare with the solution on its page")
        check: Callable[..., str | None] = getattr(self._checks(), f"exercise_{self.place}")
        return check

    @property
    def has_check(self) -> bool:
        return hasattr(self._checks(), f"exercise_{self.place}")

    def _checks(self) -> object:
        return importlib.import_module(f".checks.{self.chapter}", __package__)


def all_exercises() -> list[Exercise]:
    """In the order of the book."""
    return [Exercise(chapter, i + 1) for chapter, titles in CONTENTS.items() for i in range(len(titles))]


def find(name: str) -> Exercise:
    """The exercise of a name such as "boxes.4" or "2.4". Raises SettingError if there is none."""
    for exercise in all_exercises():
        if name in (exercise.name, exercise.number):
            return exercise
    raise SettingError(f"there is no exercise {name!r}; `python -m dsod_lite.exercises list` names them all")

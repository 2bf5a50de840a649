"""Every exercise of the book: its chapter, its grade and its title, as the chapters have them."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from ..support.errors import SettingError

# Chapter, in the order of the book, and its exercises. ★ takes minutes, ★★ a cell of code, ★★★ an evening.
CONTENTS: dict[str, tuple[str, ...]] = {
    "first_detector": (
        "★ Count the priors",
        "★★ A blind detector, a little better",
        "★★ Less time, more time",
        "★ What does it make of a photograph?",
    ),
    "boxes": ("★ On paper", "★★ Without the zero", "★★ Width or right edge?", "★★★ Below zero"),
    "data": ("★ Mirror the boxes", "★★ Too small to match", "★★ A crop without end", "★★★ Which way is up?"),
    "priors": ("★ DSOD512", "★★ Rows or columns first", "★★ Small things", "★★★ Between four cells"),
    "matching": (
        "★ Three objects, four chairs",
        "★★ Not the best for all",
        "★★ Smaller priors",
        "★★★ Without the logarithm",
    ),
    "loss": ("★ One positive, two negatives", "★★ The first loss", "★★ How many?", "★★★ Counted twice"),
    "proposal_free": ("★ How many windows?", "★★ The old pooling", "★★ No label of its own", "★★★ Another rate"),
    "deep_supervision": (
        "★ Channels of a relative",
        "★★ Half of everything",
        "★★ Without the normalisation",
        "★★★ What a dense block keeps in mind",
    ),
    "stem": ("★ Any width", "★★ Off centre", "★★ Patience", "★★★ Ask the neighbours", "★★ How many seeds?"),
    "dense_prediction": (
        "★ One more step by hand",
        "★★ How large should the half be?",
        "★★ The head's epsilon",
        "★★ Throw the dice again",
        "★★★ Train it scrambled",
    ),
    "whole_network": (
        "★ A dense block's parameters",
        "★★ Eighty classes",
        "★★ Rounding down",
        "★★★ A parameter count from a name",
    ),
    "one_picture": (
        "★ The first loss of others",
        "★★ A fifth patient",
        "★★ A hundred times",
        "★★ Ten pictures",
        "★★★ How thin is too thin?",
    ),
    "from_scratch": (
        "★ Where it is a tenth",
        "★★ How long does it creep?",
        "★★ AdamW and its rates",
        "★★★ A forgetful checkpoint",
    ),
    "non_maximum_suppression": ("★ Who is left?", "★★ A perfect detector", "★★ One bad number", "★★★ A softer hand"),
    "average_precision": (
        "★ In another order",
        "★★ Tidied up",
        "★★ Where VOC and COCO disagree",
        "★★★ Is it better, or luck?",
    ),
    "errors": ("★ Which kind?", "★★ Who is taken for whom?", "★★ At a stricter bar", "★★★ Honest scores"),
    "full_scale": ("★ 07++12", "★★ One night", "★★ Which portion fits?", "★★★ With COCO's pictures"),
    "your_own_data": ("★ How small?", "★ Find the Dog", "★★ The leak", "★★★ Which size?"),
    "ladder": ("★ The price of the growth rate", "★★ The stem alone", "★★ Another order", "★★★ How many seeds?"),
    "pretraining": ("★ Break even", "★★ A lunch for free", "★★ Another throw", "★★★ Frozen"),
    "speed": ("★ Fold it yourself", "★★ Many at a time", "★★ Where the bytes go", "★★★ The law of this machine"),
}


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
    def check(self) -> Callable[..., None]:
        """The function that checks an answer. Raises SettingError if there is none."""
        if not self.has_check:
            raise SettingError(f"{self.name} ({self.title}) has no check: compare with the solution on its page")
        check: Callable[..., None] = getattr(self._checks(), f"exercise_{self.place}")
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

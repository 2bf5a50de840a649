"""Answers to the exercises, run from programs."""

import math
from typing import Any

import torch
from course import CHECKED, WRITTEN

from dsod_lite.exercises import find
from dsod_lite.exercises.answers import wanted


def space_of(name: str, *programs: str) -> dict[str, Any]:
    """What programs define, in a file of answers that imports what the chapters do, and solves what came before."""
    space: dict[str, Any] = {"torch": torch, "math": math}
    chapter = name.split(".")[0]
    earlier = [n for n in CHECKED if n.startswith(chapter + ".") and n < name]
    for program in [*(WRITTEN[n].programs()[0] for n in earlier), *programs]:
        exec(program, space)
    return space


def answers_of(name: str, *programs: str) -> list[Any]:
    """What programs answer to the exercise."""
    space = space_of(name, *programs)
    return [space[wanted_name] for wanted_name in wanted(find(name))]

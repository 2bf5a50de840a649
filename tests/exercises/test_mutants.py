"""The checks are checked: slips in every solution are refused, and right answers in other clothes are taken."""

import ast
import contextlib
import io
import signal
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from answers import answers_of
from course import CHECKED, WRITTEN
from mutants import mutants, with_constant
from torch import Tensor

from dsod_lite.exercises import find
from dsod_lite.exercises.answers import RIGHT, judge

# Of these there are many right answers, and mutants of one are others: examples asked for, a descent's constants.
ANY_THAT_FITS = ("matching.2", "average_precision.3", "errors.4")

# Exercises with mutants that are right, too, and why.
EQUIVALENT = {
    "non_maximum_suppression.4": "any number below all scores keeps the served ones away",
    "full_scale.1": "21,502 and 21,503 pictures have as many whole batches",
    "full_scale.2": "16,550 and 16,552 pictures have as many whole batches as 16,551",
    "your_own_data.3": "another order of the patients, or about a fifth of them",
    "ladder.4": "no number of runs has a chance of exactly 0.05",
    "whole_network.4": "the halves of the widths are whole numbers",
    "three_heads.3": "all rows have as many cells as the first",
    "proposal_free.1": "w (w + 1) is even, so halves are whole numbers",
}


class Endless(BaseException):
    """A mutant that does not end."""


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Ends what never ends. What is cut off counts as refused."""

    def stop(*_: Any) -> None:
        raise Endless

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def defining(program: str) -> str:
    """The program without what it only shows: prints, and loops around them."""
    tree = ast.parse(program)
    tree.body = [node for node in tree.body if not isinstance(node, ast.Expr | ast.For)]
    return ast.unparse(tree)


def taken(name: str, answers: list[Any]) -> bool:
    try:
        return judge(find(name), *answers)[0] == RIGHT
    except Endless:
        return False


def slips(name: str) -> Iterator[tuple[str, bool]]:
    """Each mutant of the solution, and whether the check takes it."""
    program = defining(WRITTEN[name].programs()[0])
    for mutant in mutants(program):
        is_taken = False
        with contextlib.suppress(Exception), at_most(2), contextlib.redirect_stdout(io.StringIO()):
            is_taken = taken(name, answers_of(name, mutant))  # the cell itself may fail, before it comes to the check
        yield mutant, is_taken
    answers = answers_of(name, program)
    for i, answer in enumerate(answers):
        for place, values in enumerate(zip(*arguments_of(name, answers, i), strict=True)):
            for value in (values[0], values[-1]):
                deaf = [*answers[:i], with_constant(answer, place, value), *answers[i + 1 :]]
                yield f"deaf to argument {place}", taken(name, deaf)


def arguments_of(name: str, answers: list[Any], place: int) -> list[tuple[Any, ...]]:
    """What the check calls one of the answers with."""
    calls: list[tuple[Any, ...]] = []
    function = answers[place]
    if callable(function):

        def recorded(*arguments: Any) -> Any:
            calls.append(arguments)
            return function(*arguments)

        taken(name, [*answers[:place], recorded, *answers[place + 1 :]])
    return calls


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX's timer to end endless answers")
def test_slips_are_refused() -> None:
    all_slips = [(name, *slip) for name in CHECKED if name not in ANY_THAT_FITS for slip in slips(name)]
    survivors = [(name, mutant) for name, mutant, is_taken in all_slips if is_taken]
    unexplained = [f"{name}\n{mutant}" for name, mutant in survivors if name not in EQUIVALENT]
    assert not unexplained, "\n\n".join(unexplained)
    assert len(survivors) <= 0.03 * len(all_slips)  # 15 of 632


def as_python(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_python(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [as_python(each) for each in value]
    return value.tolist() if isinstance(value, Tensor) else value


def as_array(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_array(each) for key, each in value.items()}
    if isinstance(value, tuple | list) and value and isinstance(value[0], str):
        return tuple(value)
    try:
        return np.asarray(value.numpy() if isinstance(value, Tensor) else value)
    except ValueError:  # ragged
        return value


def as_tensor(value: Any) -> Any:
    return torch.tensor(value, dtype=torch.float64) if isinstance(value, int | float) else value


@pytest.mark.parametrize("other", [as_python, as_array, as_tensor], ids=["lists", "arrays", "tensors"])
def test_a_right_answer_in_other_clothes_is_right(other: Callable[[Any], Any]) -> None:
    for name in CHECKED:
        clothed = [in_clothes(a, other) for a in answers_of(name, defining(WRITTEN[name].programs()[0]))]
        verdict, text = judge(find(name), *clothed)
        assert verdict == RIGHT, text


def in_clothes(answer: Any, other: Callable[[Any], Any]) -> Any:
    return (lambda *arguments: other(answer(*arguments))) if callable(answer) else other(answer)


@pytest.mark.parametrize(
    ("name", "answers", "remark"),
    [
        ("boxes.1", ["1/7"], ""),
        ("boxes.1", [0.143], "Rounded, though. Now type the formula."),
        ("boxes.1", [" 0.1429 "], "Rounded, though. Now type the formula."),
        ("loss.1", [5.3], "Rounded, though. Now type the formula."),
        ("loss.1", [5.298], ""),
        ("priors.1", ["24,564"], ""),
        ("priors.1", [24_564.0], ""),
        ("priors.1", [24_564.01], None),
        ("priors.1", [24_600], None),
        ("full_scale.1", [[167], "100_033"], ""),
        ("one_picture.1", [12.2, 17.58], "Rounded, though. Now type the formula."),
        ("matching.1", [[1.9, 2.2, -1, -1]], None),
        ("matching.1", [torch.tensor([1, 2, -1, -1])], ""),
        ("matching.1", [["1", "2", "-1", "-1"]], ""),
        ("errors.1", ["Class", " class "], ""),
        ("non_maximum_suppression.1", ["A, D", ["a", "b", "c", "d"]], ""),
        ("non_maximum_suppression.1", ["AAD", "ABCD"], None),
        ("whole_network.2", [lambda classes: {21: 14_715_804, 81: 18_357_684 + 100, 2: 13_562_542}[classes]], None),
    ],
)
def test_numbers_as_people_write_them(name: str, answers: list[Any], remark: str | None) -> None:
    verdict, text = judge(find(name), *answers)
    assert (verdict == RIGHT) == (remark is not None), text
    if remark is not None:
        assert text == f"{name} ({find(name).title}): right! {remark}".rstrip()

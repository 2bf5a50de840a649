"""Answers, from a notebook's cell or from a file, and what is said to them."""

import inspect
import linecache
import traceback
from pathlib import Path
from typing import Any

from ..support.errors import UserError
from .contents import Exercise, find
from .judging import NotYet, Unanswered

RIGHT, NOT_YET, UNANSWERED = "right", "not yet", "not answered"


class AnswerError(UserError, ValueError):
    """A file of answers that cannot be run."""


def wanted(exercise: Exercise) -> tuple[str, ...]:
    """The names that an exercise asks for: they are the parameters of its check."""
    return tuple(inspect.signature(exercise.check).parameters)


def judge(exercise: Exercise, *answers: Any) -> tuple[str, str]:
    """RIGHT, NOT_YET or UNANSWERED, and that in words, several lines for a wrong answer.

    Raises SettingError for an exercise without a check, and TypeError for too many or too few answers.
    """
    names = wanted(exercise)
    if len(answers) != len(names):
        raise TypeError(f"{exercise.name} takes {len(names)} answers ({', '.join(names)}), not {len(answers)}")
    head = f"{exercise.name} ({exercise.title})"
    try:
        remark = exercise.check(*answers)
    except Unanswered:
        return UNANSWERED, f"{head}: not answered yet. It asks for {said(names)}."
    except NotYet as wrong:
        return NOT_YET, "\n".join([f"{head}: not yet.", *("  " + line for line in wrong.lines())])
    except SystemExit:
        return NOT_YET, f"{head}: not yet.\n  The answer ends the program (SystemExit)."
    return RIGHT, f"{head}: right! {remark or ''}".rstrip()


def said(names: tuple[str, ...]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def check(name: str, *answers: Any) -> None:
    """Says whether the answers to an exercise are right, and if not, what is wrong with them. For a notebook's cell.

    Args:
        name: of the exercise, such as "boxes.4" or "2.4".
        answers: what the exercise asks for, in its order.

    Raises SettingError if there is no such exercise, or none that can be checked.
    """
    print(judge(find(name), *answers)[1])


def grade(name: str, *answers: Any) -> None:
    """Like `check`, but an answer that is not right raises AssertionError, as nbgrader's tests do."""
    verdict, text = judge(find(name), *answers)
    if verdict != RIGHT:
        raise AssertionError(text)
    print(text)


def check_file(exercise: Exercise, folder: Path) -> tuple[str, str]:
    """Like `judge`, for the answers in the file `folder/CHAPTER.py`.

    Raises AnswerError, naming file and line, if that file cannot be run.
    """
    path = folder / f"{exercise.chapter}.py"
    if not path.exists():
        asked = said(wanted(exercise))
        return UNANSWERED, f"{exercise.name} ({exercise.title}): there is no {path} yet. It is to define {asked}."
    space = run(path)
    missing = tuple(name for name in wanted(exercise) if name not in space)
    if missing:
        return (
            UNANSWERED,
            f"{exercise.name} ({exercise.title}): not answered yet. {path} does not define {said(missing)}.",
        )
    return judge(exercise, *(space[name] for name in wanted(exercise)))


def run(path: Path) -> dict[str, Any]:
    """The names that a file of answers defines. Raises AnswerError, naming file and line."""
    linecache.checkcache(str(path))
    space: dict[str, Any] = {"__name__": "answers", "__file__": str(path)}
    try:
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), space)
    except SyntaxError as error:
        raise AnswerError(f"{path}, line {error.lineno}: {error.msg}") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: it is no answer, least of all a right one
        lines = [entry.lineno for entry in traceback.extract_tb(error.__traceback__) if entry.filename == str(path)]
        raise AnswerError(f"{path}, line {lines[-1] if lines else '?'}: {type(error).__name__}: {error}") from error
    return space

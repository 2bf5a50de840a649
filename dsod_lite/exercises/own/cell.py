"""A definition that a reader writes in a notebook's cell, asked what a week's file is asked, against the package's."""

import copy
import inspect
import traceback
from types import FunctionType
from typing import Any

from ...support.errors import SettingError
from .cases import questions
from .parts import PARTS
from .probing import Case, answer
from .results import wrong


def check_own(name: str, definition: Any) -> None:
    """Prints whether a definition does what the package's of that name does, and if not, what is wrong with it.

    What is not written yet, or wrong, stops nothing: the chapter goes on with the package's.

    Args:
        name: of the package's function or class, such as "match".
        definition: the reader's, of any name, with the same parameters.

    Raises SettingError for a name that no student writes.
    """
    names = [each for part in PARTS for each in part.names]
    if name not in names:
        raise SettingError(f"there is nothing to write that is called {name!r}; there are {', '.join(names)}")
    print(judged(name, definition))


def judged(name: str, definition: Any, seed: int = 0) -> str:
    """What is said of a definition. Another seed asks with other numbers and sizes."""
    file = next(part.file for part in PARTS if name in part.names)
    for question in [each for each in questions(file, seed) if each.case.name == name]:
        given = given_by(definition, copy.deepcopy(question.case))
        if "value" in given and nothing(given["value"]):
            return f"{name}: not written yet. The chapter goes on with the package's."
        if said := wrong(question, given):
            return "\n".join([f"{name}: not yet.", *(f"  {line}" for line in said.splitlines())])
    return f"{name}: right!"


def given_by(definition: Any, case: Case) -> dict[str, Any]:
    """{"value": ...}, or {"error": text} with the line of the definition that it comes from."""
    try:
        return {"value": answer(case, definition)}
    except (Exception, SystemExit) as error:
        places = [e for e in traceback.extract_tb(error.__traceback__) if e.filename in files(definition)]
        where = f", in {places[-1].name}, line {places[-1].lineno}" if places else ""
        return {"error": f"{type(error).__name__}: {error}{where}"}


def files(definition: Any) -> set[str]:
    """Where a function's code is, or that of a class's methods."""
    own = vars(definition).values() if inspect.isclass(definition) else [definition]
    return {each.__code__.co_filename for each in own if isinstance(each, FunctionType)}


def nothing(value: Any) -> bool:
    """Whether an answer is that of an empty body."""
    return value is None or (isinstance(value, dict) and "output" in value and value["output"] is None)

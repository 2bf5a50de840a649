"""What goes wrong for a reason that the user can mend: the command line says it in one line, without a traceback."""

import contextlib
import re
from collections.abc import Iterator


class UserError(Exception):
    """Something outside of the code is not as it has to be; the message says what and where. All else is a bug."""


class DataError(UserError, ValueError):
    """Something in a data set's files is not as it has to be. The message names the file and the field."""


class SettingError(UserError, ValueError):
    """A setting that cannot be: of the command line, a recipe or a config. The message names the field."""


class MissingPackage(UserError, ModuleNotFoundError):  # noqa: N818
    """A package that only some users need is not installed. The message says how to install it."""


class NonFiniteLoss(UserError, RuntimeError):  # noqa: N818
    """The loss, or the model, became infinite or NaN. The message says when, and for which pictures."""


class LoadingError(UserError, RuntimeError):
    """A process that loads pictures died. The run can be resumed."""


@contextlib.contextmanager
def settings() -> Iterator[None]:
    """Around a call that does nothing but build from the user's settings: its ValueError becomes a SettingError."""
    try:
        yield
    except ValueError as error:
        raise SettingError(*error.args) from error


def one_line(error: BaseException) -> str:
    """What an error says, in one line: torch lists every tensor that does not fit, and the first few are enough."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return " ".join(lines[:3]) + (f" (and {len(lines) - 3} more)" if len(lines) > 3 else "")


CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""All but tabs and ends of lines; the last turn the direction of a text."""


def printable(text: str) -> str:
    """The text with its control characters written out: a name in a data set's file must not steer a terminal."""
    return CONTROLS.sub(lambda found: repr(found[0])[1:-1], text)

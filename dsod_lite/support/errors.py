"""What goes wrong for a reason that the user can mend: the command line says it in one line, without a traceback."""


class UserError(Exception):
    """Something outside of the code is not as it has to be; the message says what and where. All else is a bug."""


class SettingError(UserError, ValueError):
    """A setting that cannot be. The message names the field."""


class DataError(UserError, ValueError):
    """Something in a data set's files is not as it has to be. The message names the file and the field."""


class NonFiniteLoss(UserError, RuntimeError):  # noqa: N818
    """The loss, or the model, became infinite or NaN. The message says when, and for which pictures."""


class LoadingError(UserError, RuntimeError):
    """A process that loads pictures died. The run can be resumed."""


def one_line(error: Exception) -> str:
    """What an error says, in one line: torch lists every tensor that does not fit, and the first few are enough."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return " ".join(lines[:3]) + (f" (and {len(lines) - 3} more)" if len(lines) > 3 else "")

"""Files and folders that appear whole or not at all, whenever the process is killed."""

import contextlib
import json
import math
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from .errors import DataError
from .signals import undisturbed

PART = ".part"
"""Ends the name of a file that is being written."""


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to. Whenever the process is killed, `path` holds all that it held before, or all of the new.

    It is written aside, under a name of its own; Ctrl-C and other signals are answered when it is whole.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}{PART}")
    with undisturbed():
        try:
            with open(aside, "xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, path)
        except BaseException as error:  # a full disk, say, which the half of a file would only keep full
            aside.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise OSError(error.errno, error.strerror, str(path)) from None
            raise


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file, and its folder if need be, so that either the old content is there or the new."""
    with whole_file(path) as file:
        file.write(content)


def write_json(path: Path, value: Any) -> None:
    """Writes a value as JSON, whole or not at all. JSON has no NaN: a number that nothing speaks for becomes null."""
    write_whole(path, (json.dumps(_without_nan(value), indent=1, allow_nan=False) + "\n").encode())


def read_json(path: Path, each: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """What a file holds; `each` object of it as it is read. Raises DataError naming one that is missing, or no JSON."""
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    try:
        return json.loads(path.read_bytes(), object_hook=each)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise DataError(f"{path}: cannot be read as JSON: {type(error).__name__}: {error}") from None


class GrowingJSON(dict[str, Any]):
    """A JSON object whose file follows it: of a process that is killed at once, the last seconds alone are lost."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self._due = path, 0.0

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        if (began := time.monotonic()) >= self._due:
            self.write()
            self._due = time.monotonic() + max(10, 20 * (time.monotonic() - began))  # it is written as a whole

    def write(self) -> None:
        """Writes all of it."""
        write_json(self.path, self)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


@contextlib.contextmanager
def new_folder(to: Path) -> Iterator[Path]:
    """A folder to write into. It takes the name `to` when the block has ended well, and is deleted when it has not.

    Raises:
        DataError: if `to` exists.
    """
    if to.exists():
        raise DataError(f"{to}: is there already; name a folder that does not exist yet")
    to.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f"{to.name}.part-", dir=to.parent))
    try:
        yield part
        part.chmod(0o755)  # a temporary folder is its owner's alone
        os.replace(part, to)
    finally:
        shutil.rmtree(part, ignore_errors=True)

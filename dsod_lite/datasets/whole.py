"""A new folder that appears whole or not at all."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .images import DataError


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

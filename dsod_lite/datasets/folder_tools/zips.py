"""A .zip from the network, opened with care: no path that leads outside, no file that fills the disk."""

import zipfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ...support.errors import DataError
from .download import path_inside

MAX_FILE = 16 * 2**20
"""No file of the sets is nearly as large; one that claims to be is not unpacked."""


@contextmanager
def opened(archive: Path) -> Iterator[tuple[zipfile.ZipFile, defaultdict[str, list[zipfile.ZipInfo]]]]:
    """An archive, and its members by their path below its outermost folder.

    Raises:
        DataError: if a path leads outside, or for anything that goes wrong while it is open.
    """
    try:
        with zipfile.ZipFile(archive) as source:
            members = defaultdict(list)
            for info in source.infolist():
                path = path_inside(info.filename, archive)
                members["/".join(path.parts[1:])].append(info)
            yield source, members
    except DataError:
        raise
    except Exception as error:  # zipfile and its decompressors raise nearly anything on a broken archive
        raise DataError(f"{archive}: cannot be unpacked: {error}") from error


def read_small(file: IO[bytes], what: str) -> bytes:
    """All of a file that must not be large. Raises DataError if it is."""
    content = file.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise DataError(f"{what}: is larger than {MAX_FILE:,} bytes")
    return content

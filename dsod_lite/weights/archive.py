"""What has to be true of a checkpoint's file before torch opens it, and of its content before it is looked through."""

import pickletools
import zipfile
from pathlib import Path
from typing import Any

CALLED = ("collections OrderedDict", "torch._utils _rebuild_tensor_v2")
"""What a checkpoint's pickle calls. torch would call more for a stranger, `bytearray(2**40)` among it."""


def is_whole(path: Path) -> bool:
    """Whether a file is what torch writes: an archive of members that are stored as they are, each with its checksum.

    Nothing is unpacked, so that no member can be larger than the file, nor all of them together.
    """
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                stored = all(member.compress_type == zipfile.ZIP_STORED for member in members)
                size = sum(member.file_size for member in members)
                return stored and size <= path.stat().st_size and archive.testzip() is None
        except Exception:  # an altered directory leads zipfile anywhere
            return False


def foreign_name(path: Path) -> str | None:
    """What the pickle of an archive that `is_whole` names beside `CALLED` and kinds of storages; None: nothing.

    Raises ValueError if it is no pickle.
    """
    with zipfile.ZipFile(path) as archive:
        pickles = [archive.read(member) for member in archive.infolist() if member.filename.endswith(".pkl")]
    codes = [code for content in pickles for code in pickletools.genops(content)]
    names = [str(name) for code, name, _ in codes if code.name == "GLOBAL"]
    return next((n for n in names if n not in CALLED and not (n.startswith("torch ") and n.endswith("Storage"))), None)


def written_out(content: Any, most: int) -> int:
    """How many values nested dicts, lists and tuples have if each is written out where it stands; counts up to `most`.

    A pickle holds a list once, however often others name it: forty lines are more values than any memory has room for.
    """
    count, left = 0, [content]
    while left and count <= most:
        value = left.pop()
        count += 1
        if isinstance(value, dict):
            left += [*value, *value.values()]
        elif isinstance(value, list | tuple):
            left += value
    return count

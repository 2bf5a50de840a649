"""Names of pictures: each unlike the others on any disk, and such that every format can write it."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
"""Controls, ends of lines and halves of letters: XML has no place for some of them, lists of names for none."""


def unique_names(paths: Iterable[str]) -> dict[str, str]:
    """Path -> the picture's name, which no other has on any disk, and which every format can write.

    Without folders and suffix; with the folders where two would be the same, and with a number where they still are.
    """
    paths = list(dict.fromkeys(paths))
    count = Counter(folded(PurePosixPath(path).stem) for path in paths)
    used: Counter[str] = Counter()
    return {path: free_name(_stem(path, count[folded(PurePosixPath(path).stem)] > 1), used) for path in paths}


def _stem(path: str, whole: bool) -> str:
    inner = PurePosixPath(path)
    name = "_".join(inner.with_suffix("").parts) if whole else inner.stem
    return UNWRITABLE.sub("_", name).replace("\\", "_").strip(" .") or "_"


def free_name(name: str, used: Counter[str]) -> str:
    """The name, or NAME-2, NAME-3 … where it is used already. It is noted in `used`, which begins empty."""
    free = name
    while folded(free) in used:
        used[folded(name)] += 1
        free = f"{name}-{used[folded(name)]}"
    used[folded(free)] = 1
    return free


def folded(name: str) -> str:
    """A name as those disks compare it that know no case, and one spelling of é."""
    return unicodedata.normalize("NFC", name).casefold()

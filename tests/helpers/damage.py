"""Files damaged by a seeded generator, and whether their readers read them or name what is wrong.

`make test` tries a few of each kind; CONTRIBUTING.md has the command for ten thousand.
"""

import copy
import json
import os
import random
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "25"))
"""Damaged files of each kind."""
Step = Callable[[random.Random], Any]
NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 3, 2**31, 2**63, 10**400, 1e308, -1e308, float("nan"), float("inf"), 0.5, 96.0, "",
    "0", "1", "cat", "../p.jpg", "/etc/passwd", "..\\..\\x", "C:\\x.jpg", "a\0b", "\ud800", "x" * 5000, "猫", "$1_$5",
    [], {}, [[]], [None], [1, 2, 3], [1, 2, 3, 4], {"a": 1}, [[1, 2], [3]], ["cat"],
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where values stand in nested lists and dicts."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def damaged_value(content: Any, draw: random.Random) -> Any:
    """One to three values in nested lists and dicts replaced, left out, repeated or given another's place."""
    content = copy.deepcopy(content)
    for _ in range(draw.randint(1, 3)):
        path = draw.choice(places(content))
        if not path:
            content = copy.deepcopy(draw.choice(NASTY)) if draw.random() < 0.1 else content
            continue
        holder = content
        try:
            for key in path[:-1]:
                holder = holder[key]
            kind = draw.randrange(4)
            if kind == 0:
                holder.pop(path[-1])
            elif kind == 1 and isinstance(holder, list):
                holder.append(copy.deepcopy(draw.choice([holder[path[-1]], *NASTY])))
            else:
                holder[path[-1]] = copy.deepcopy(draw.choice(NASTY))
        except (KeyError, IndexError, TypeError, AttributeError):
            continue
    return content


def damaged_json(text: str, draw: random.Random) -> str:
    """A JSON text with damaged values."""
    return json.dumps(damaged_value(json.loads(text), draw))


def damaged_bytes(content: bytes, draw: random.Random) -> bytes:
    """Bytes changed, cut or repeated; or a number or word in the text replaced."""
    kind = draw.randrange(4)
    if kind == 0 and content:
        for _ in range(draw.randint(1, 4)):
            i = draw.randrange(len(content))
            content = content[:i] + bytes([draw.randrange(256)]) + content[i + 1 :]
    elif kind == 1:
        content = content[: draw.randrange(len(content) + 1)]
    elif kind == 2:
        i, j = sorted(draw.randrange(len(content) + 1) for _ in range(2))
        content = content[:j] + content[i:j] + content[j:]
    else:
        words = content.split(b" ")
        words[draw.randrange(len(words))] = str(draw.choice(NASTY)).encode(errors="replace")
        content = b" ".join(words)
    return content


def examine(kind: str, damage: Step, read: Step, refusal: type[Exception], most: int = 64) -> None:
    """Has files of a kind damaged and read; each is read, or refused with the reader's own exception and a message.

    Args:
        kind: names the seeds.
        damage: puts a damaged file where the legal one is.
        read: reads it; before any damage it has to.
        refusal: what the reader raises for a file that cannot be read.
        most: MiB that one of them may take.
    """
    read(random.Random(kind))
    count = {"read": 0, "refused": 0}
    slowest, largest = (0.0, 0), (0.0, 0)
    for seed in range(EXAMPLES):
        draw = random.Random(f"{kind} {seed}")
        damage(draw)
        begun, before = time.perf_counter(), memory(anew=True)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                read(draw)
            count["read"] += 1
        except refusal as error:
            assert str(error)  # noqa: PT017 - either answer is right
            count["refused"] += 1
        except Exception as error:
            raise AssertionError(f"{kind}, seed {seed}") from error
        slowest = max(slowest, (time.perf_counter() - begun, seed))
        largest = max(largest, (memory() - before, seed))
        assert largest[0] <= most, f"{kind}, seed {seed}: {largest[0]:.0f} MiB"
    print(f"{kind}: {count}, slowest {slowest[0]:.2f} s (seed {slowest[1]}), {largest[0]:.0f} MiB (seed {largest[1]})")
    assert count["refused"]


def memory(anew: bool = False) -> float:
    """The most memory that this process has had, MiB, so far or `anew` from now on. 0 where the system does not say."""
    if sys.platform != "linux":
        return 0.0
    if anew:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))

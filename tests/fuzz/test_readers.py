"""Whatever is in a folder's labels, a reader reads it or names what is wrong: no other exception, and no hang.

A legal folder of each format is damaged by a seeded generator: values of JSON, YAML and XML replaced by those that
break readers, and bytes of the file. `make test` tries a few; CONTRIBUTING.md has the command for ten thousand.
"""

import copy
import json
import os
import random
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
from folders import make_folder

from dsod_lite.datasets import DataError, arrange_folder, open_split
from dsod_lite.datasets.formats.table import WRITTEN, read_folder
from dsod_lite.datasets.images import is_picture

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "25"))
"""Damaged folders of each format."""
NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 3, 2**31, 2**63, 10**400, 1e308, -1e308, float("nan"), float("inf"), 0.5, 96.0, "",
    "0", "1", "cat", "../p.jpg", "/etc/passwd", "..\\..\\x", "C:\\x.jpg", "a\0b", "\ud800", "x" * 5000, "猫", "$1_$5",
    [], {}, [[]], [None], [1, 2, 3], [1, 2, 3, 4], {"a": 1}, [[1, 2], [3]], ["cat"],
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where values stand in nested lists and dicts."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def damaged_json(text: str, draw: random.Random) -> str:
    """One to three values replaced, left out, repeated or given another's place."""
    content = json.loads(text)
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
    return json.dumps(content)


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


@pytest.fixture(scope="module")
def legal(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("legal")
    boxes = [("cat", 5, 5, 30, 40), ("dog", 8, 2, 60, 20)]
    source = make_folder(root / "source", train={"a": boxes, "b": boxes[:1]}, val={"c": boxes})
    for name in WRITTEN:
        arrange_folder([source], root / name, format=name)
    return {name: root / name for name in WRITTEN}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_reader_reads_or_names_what_is_wrong(name: str, legal: dict[str, Path], tmp_path: Path) -> None:
    root = tmp_path / "folder"
    shutil.copytree(legal[name], root)
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not is_picture(path.name)]
    whole = {path: path.read_bytes() for path in files}
    read = refused = 0
    for seed in range(EXAMPLES):
        draw = random.Random(f"{name} {seed}")
        path = draw.choice(files)
        if path.suffix == ".json" and draw.random() < 0.8:
            path.write_text(damaged_json(whole[path].decode(), draw))
        else:
            path.write_bytes(damaged_bytes(whole[path], draw))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                _, labels = read_folder(root)
                for split in labels.splits:
                    data = open_split(root, split)
                    assert all(data[i][1]["boxes"].isfinite().all() for i in range(len(data)))
            read += 1
        except DataError as error:
            assert str(error)  # noqa: PT017 - either answer is right
            refused += 1
        except Exception as error:
            raise AssertionError(f"{name}, seed {seed}: {path.read_bytes()[:2000]!r}") from error
        path.write_bytes(whole[path])
    assert read + refused == EXAMPLES
    assert read > 0

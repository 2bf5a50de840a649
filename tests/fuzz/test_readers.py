"""Whatever is in a folder's labels, a reader reads it or names what is wrong: no other exception, and no hang.

A legal folder of each format is damaged by a seeded generator: values of JSON, YAML and XML replaced by those that
break readers, and bytes of the file. `make test` tries a few; CONTRIBUTING.md has the command for ten thousand.
"""

import random
import shutil
from pathlib import Path

import pytest
from damage import damaged_bytes, damaged_json, examine
from folders import make_folder

from dsod_lite.datasets import DataError, arrange_folder, open_split
from dsod_lite.datasets.formats.table import WRITTEN, read_folder
from dsod_lite.datasets.images import is_picture


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

    def damage(draw: random.Random) -> None:
        for path, content in whole.items():
            path.write_bytes(content)
        path = draw.choice(files)
        if path.suffix == ".json" and draw.random() < 0.8:
            path.write_text(damaged_json(whole[path].decode(), draw))
        else:
            path.write_bytes(damaged_bytes(whole[path], draw))

    def read(_: random.Random) -> None:
        labels = read_folder(root)[1]
        for split in labels.splits:
            data = open_split(root, split)
            assert all(data[i][1]["boxes"].isfinite().all() for i in range(len(data)))

    examine(name, damage, read, DataError)

"""Whatever students hand in, what is wrong is said of their file, and the next one's turn comes."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from damage import damaged_bytes, damaged_json, examine

from dsod_lite.exercises.own.overlay import written
from dsod_lite.exercises.own.parts import PARTS, blanked
from dsod_lite.exercises.own.results import blank

CELL: dict[str, Any] = {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": "boxes.1"}}, "source": ["a = 1\n"]}
NOTEBOOK = {"cells": [CELL, {**CELL, "metadata": {}}, {**CELL, "source": ""}], "metadata": {}, "nbformat": 4}


def test_a_file_of_the_detector(tmp_path: Path) -> None:
    """Parsed only: nobody knows what a damaged program does."""
    part = PARTS[0]
    whole = part.source.read_bytes().split(b"\n\n\n")
    path = tmp_path / part.file

    path.write_bytes(part.source.read_bytes())

    def damage(draw: random.Random) -> None:
        text = damaged_bytes(draw.choice((b"\n\n\n".join(whole), blanked(part).encode())), draw)
        path.write_bytes(draw.choice((text, b"(" * 10_000 + text, text + b"-" * 20_000 + b"1", text + b"\xff")))

    def read(_: random.Random) -> None:
        assert set(blank(part, tmp_path)) <= set(part.names)
        written(path)

    examine("student's file", damage, read, SyntaxError)


def test_a_notebook(tmp_path: Path) -> None:
    collecting = pytest.importorskip("collecting", reason="nbgrader, which the book brings")
    released, path = tmp_path / "released.ipynb", tmp_path / "sent.ipynb"
    released.write_text(json.dumps(NOTEBOOK), encoding="utf-8")

    path.write_text(json.dumps(NOTEBOOK), encoding="utf-8")

    def damage(draw: random.Random) -> None:
        text = damaged_json(json.dumps(NOTEBOOK), draw)
        content = text.encode() if draw.random() < 0.8 else damaged_bytes(text.encode(), draw)
        path.write_bytes(content if draw.random() < 0.95 else b"[" * 10_000)

    def read(_: random.Random) -> None:
        if any(said.startswith("it is no notebook") for said in collecting.defects(path, released)):
            raise SyntaxError("no notebook")

    examine("notebook", damage, read, SyntaxError)

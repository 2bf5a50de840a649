"""Detectors as safetensors files: written, read back, and refused where they are not whole."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from networks import lived_in
from tiny import small_dsod

from dsod_lite import CheckpointError, load_model, save_model
from dsod_lite.weights.safetensors import read_safetensors, write_safetensors

CLASSES = ("red", "blue")


def test_a_detector_comes_back(tmp_path: Path) -> None:
    model = lived_in(small_dsod())
    save_model(tmp_path / "model.safetensors", model, CLASSES)
    found, classes = load_model(tmp_path / "model.safetensors")
    assert classes == CLASSES
    assert found.config == model.config
    picture = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        for ours, theirs in zip(found.network(picture), model.network(picture), strict=True):
            assert torch.equal(ours, theirs)


def test_a_file_written_by_hand(tmp_path: Path) -> None:
    """As the format's description has it: eight bytes of length, the header, the numbers."""
    header = {"__metadata__": {"said": "yes"}, "a": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}}
    words = json.dumps(header).encode()
    path = tmp_path / "hand.safetensors"
    path.write_bytes(struct.pack("<Q", len(words)) + words + struct.pack("<ff", 1.5, -2.0))
    tensors, about = read_safetensors(path)
    assert about == {"said": "yes"}
    assert tensors["a"].tolist() == [[1.5, -2.0]]
    write_safetensors(path, tensors, about)
    again, _ = read_safetensors(path)
    assert torch.equal(again["a"], tensors["a"])
    assert struct.unpack("<Q", path.read_bytes()[:8])[0] % 8 == 0


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "model.safetensors"
    save_model(path, small_dsod(), CLASSES)
    return path.read_bytes()


@given(cut=st.floats(0, 0.999))
def test_a_cut_file_is_refused(whole: bytes, tmp_path_factory: pytest.TempPathFactory, cut: float) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.safetensors"
    path.write_bytes(whole[: int(cut * len(whole))])
    with pytest.raises(CheckpointError, match=r"cut\.safetensors: "):
        load_model(path)


def entry(shape: list[int], first: int, last: int) -> dict[str, object]:
    return {"dtype": "F32", "shape": shape, "data_offsets": [first, last]}


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("[" * 100_000, "does not read as one"),
        ({"a": entry([-1, -4], 0, 16)}, "does not read as one"),
        ({"a": entry([0, -1], 0, 0)}, "does not read as one"),
        ({"a": entry([4], 0, 16), "b": entry([4], 0, 16)}, "b does not have the numbers"),  # memory for each of many
        ({"__metadata__": {"config": "[" * 100_000, "classes": "[]"}}, "recursion"),
        ({"__metadata__": {"config": "{}", "classes": "5"}}, "classes: is a int"),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(header: Any, said: str, tmp_path: Path) -> None:
    words = (header if isinstance(header, str) else json.dumps(header)).encode()
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(words)) + words + bytes(16))
    with pytest.raises(CheckpointError, match=said):
        load_model(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (b'"F32"', b'"F16"', "is F16, not F32"),
        (b"num_classes", b"num_glasses", "config"),
        (b'"config"', b'"konfig"', "'config' is missing"),
        (b"network.stem.0.0.weight", b"network.stem.0.0.height", "model: "),
    ],
)
def test_another_content_is_refused_with_a_reason(
    whole: bytes, tmp_path: Path, before: bytes, after: bytes, said: str
) -> None:
    path = tmp_path / "other.safetensors"
    path.write_bytes(whole.replace(before, after))
    with pytest.raises(CheckpointError, match=said):
        load_model(path)

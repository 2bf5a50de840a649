"""Whatever is in a file of weights, a detector or a run is taken from it, or it is refused: in its own words."""

import copy
import functools
import io
import json
import pickletools
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from caffe_file import bytes_field, layers_of, net
from damage import NASTY, damaged_bytes, damaged_json, damaged_value, examine
from tiny import Rectangles, Toy, quick, small_dsod
from zips import zipped

from dsod_lite import CheckpointError, load_model, save_model, train
from dsod_lite.detector.priors import PriorConfig
from dsod_lite.training.run import Run
from dsod_lite.training.step import Learner
from dsod_lite.weights.caffe import load_caffemodel
from dsod_lite.weights.caffe_format import message_types
from dsod_lite.weights.checkpoint import load_threshold
from dsod_lite.weights.start import start_from

Damage = Callable[[bytes, random.Random], bytes]
NAMES = (
    "builtins bytearray", "builtins set", "builtins complex", "collections Counter", "collections OrderedDict",
    "torch FloatTensor", "torch Tensor", "torch Size", "torch device", "torch DoubleStorage", "torch.float64",
    "torch.storage UntypedStorage", "torch._utils _rebuild_parameter", "torch._utils _rebuild_sparse_tensor",
    "torch.nn.parameter Parameter", "torch._tensor _rebuild_from_type_v2", "posix system",
)  # fmt: skip
"""Most of them torch calls for any file."""


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def damaged_directory(content: bytes, draw: random.Random) -> bytes:
    """Damage to the end of the archive, which says where the members are."""
    start = content.rindex(b"PK\1\2") if draw.random() < 0.5 else content.index(b"PK\1\2")
    return content[:start] + damaged_bytes(content[start:], draw)


def damaged_member(content: bytes, draw: random.Random) -> bytes:
    """A member damaged, left out, or with another's content; with the right checksum."""
    found = members(content)
    name = draw.choice(list(found))
    kind = draw.randrange(4)
    if kind == 0:
        del found[name]
    elif kind == 1:
        found[name] = found[draw.choice(list(found))]
    else:
        found[name] = damaged_bytes(found[name], draw)
    return zipped(found)


def damaged_pickle(content: bytes, draw: random.Random) -> bytes:
    """One to three of the pickle's instructions changed: another name, number or text, one left out or repeated."""
    found = members(content)
    name = next(name for name in found if name.endswith("data.pkl"))
    for _ in range(draw.randint(1, 3)):
        before = found[name]
        places = [(code.name, place) for code, _, place in pickletools.genops(before)] + [("end", len(before))]
        i = draw.randrange(len(places) - 1)
        (code, start), (_, end) = places[i], places[i + 1]
        new = draw.choice([b"", before[start:end] * 2, b"N", b"}", b"J" + draw.randbytes(4), b"X\1\0\0\0a"])
        if code == "GLOBAL":
            new = f"c{draw.choice(NAMES)}\n".replace(" ", "\n").encode()
        elif code.startswith("BININT"):
            new = b"J" + struct.pack("<i", draw.choice((0, -1, 1, 2, 3, 2**20, 2**31 - 1)))
        try:
            list(pickletools.genops(before[:start] + new + before[end:]))
        except ValueError:
            continue
        found[name] = before[:start] + new + before[end:]
    return zipped(found)


def damaged_fields(content: bytes, draw: random.Random) -> bytes:
    """Values replaced, left out or repeated, tensors among them."""
    state = dict(loaded(content))
    part = draw.choice([name for name in state if isinstance(state[name], dict | list)])
    if part == "model":
        name = draw.choice(list(state["model"]))
        whole = state["model"][name]
        kinds = (torch.float64, torch.int64, torch.complex64, torch.float16, torch.bool)
        others = [whole[None], whole.new_zeros(0), torch.full_like(whole, 1e9), *(whole.to(kind) for kind in kinds)]
        state["model"] = {**state["model"], name: draw.choice([*others, *NASTY])}
    elif draw.random() < 0.3:
        state = damaged_value({name: value for name, value in state.items() if name != "model"}, draw)
        state = {**state, "model": loaded(content)["model"]} if isinstance(state, dict) else state
    else:
        state[part] = damaged_value(state[part], draw)
    damaged = io.BytesIO()
    torch.save(state, damaged)
    return damaged.getvalue()


@functools.cache
def loaded(content: bytes) -> dict[str, Any]:
    return torch.load(io.BytesIO(content), weights_only=True)


DAMAGES: dict[str, Damage] = {
    function.__name__: function
    for function in (damaged_bytes, damaged_directory, damaged_member, damaged_pickle, damaged_fields)
}


@pytest.fixture(scope="module")
def model() -> Any:
    """As few tensors as a DSOD can have."""
    priors = PriorConfig((8.0, 16.0), (16.0, 32.0), ((2,), (2,)))
    return small_dsod(stem_channels=4, bottleneck=4, growth_rate=4, prediction_channels=(8,), priors=priors)


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_checkpoint(kind: str, model: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    save_model(path, model, ["red", "blue"], 0.5)
    whole, fresh = path.read_bytes(), copy.deepcopy(model)
    readers = (load_model, load_threshold, lambda path: start_from(fresh, path, ["red", "green"]))

    def damage(draw: random.Random) -> None:
        path.write_bytes(DAMAGES[kind](whole, draw))

    def read(draw: random.Random) -> None:
        draw.choice(readers)(path)

    examine(kind, damage, read, CheckpointError)


@pytest.mark.parametrize("kind", ["damaged_pickle", "damaged_fields"])
def test_a_run_that_is_gone_on_with(kind: str, tmp_path: Path) -> None:
    pictures, config = Rectangles(), quick(epochs=1)
    train(Toy(), pictures, None, config, tmp_path)
    path = tmp_path / "checkpoint.pt"
    whole = path.read_bytes()

    def damage(draw: random.Random) -> None:
        path.write_bytes(DAMAGES[kind](whole, draw))

    def read(_: random.Random) -> None:
        with Run(tmp_path, Learner(Toy(), config, torch.device("cpu")), config, pictures).started(resume=True):
            pass

    examine(f"run, {kind}", damage, read, CheckpointError)


def test_safetensors(model: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_model(path, model, ["red", "blue"])
    whole = path.read_bytes()
    end = 8 + struct.unpack("<Q", whole[:8])[0]
    header = json.loads(whole[8:end])

    def damage(draw: random.Random) -> None:
        content, words = whole, copy.deepcopy(header)
        kind = draw.randrange(3)
        if kind == 0:
            content = damaged_bytes(whole, draw)
        else:
            if kind == 1:  # JSON within JSON
                field = draw.choice(list(words["__metadata__"]))
                words["__metadata__"][field] = damaged_json(words["__metadata__"][field], draw)
            text = (damaged_json(json.dumps(words), draw) if kind == 2 else json.dumps(words)).encode()
            content = struct.pack("<Q", len(text)) + text + whole[end:]
        path.write_bytes(content)

    examine("safetensors", damage, lambda _: load_model(path), CheckpointError)


def test_a_caffemodel(model: Any, tmp_path: Path) -> None:
    path = tmp_path / "some.caffemodel"
    whole = net(layers_of(model))
    parts = list(message_types()["NetParameter"].FromString(whole).layer)

    path.write_bytes(whole)

    def damage(draw: random.Random) -> None:
        if draw.random() < 0.3:
            path.write_bytes(damaged_bytes(whole, draw))
        else:
            layers, i, kind = list(parts), draw.randrange(len(parts)), draw.randrange(6)
            other = draw.choice(parts)
            damaged = damaged_bytes(layers[i], draw), damaged_bytes(layers[i][:60], draw) + layers[i][60:]
            layers[i : i + 1] = [[], [other], [layers[i], other], [other, layers[i]], [damaged[0]], [damaged[1]]][kind]
            path.write_bytes(b"".join(bytes_field(100, layer) for layer in layers))

    examine("caffemodel", damage, lambda _: load_caffemodel(path, model.config), CheckpointError)

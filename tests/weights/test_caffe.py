"""The authors' weights: the file format, the way into the network, and the network against another engine."""

import lzma
import struct
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from caffe_file import blob, bytes_field, layer, layers_of, net, number_field, varint
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms.v2.functional import pil_to_tensor

from dsod_lite import DSOD, DSODConfig, load_model
from dsod_lite.__main__ import build_parser
from dsod_lite.commands import COMMANDS
from dsod_lite.datasets import VOC_CLASSES
from dsod_lite.detector.priors import COCO300_PRIORS
from dsod_lite.support.errors import UserError
from dsod_lite.weights.caffe import caffe_layers, load_caffemodel
from dsod_lite.weights.caffe_format import message_types, read_layers

ORACLE = Path(__file__).parent / "oracle"
TINY = DSODConfig.from_name("DS/8-8-4-1", num_classes=3, block_layers=(1, 2, 1, 1), prediction_channels=(8, 8, 8, 8, 8))


def shuffled(config):
    """A DSOD of which no two values are likely to be the same, so that a tensor in the wrong place shows."""
    model = DSOD(config)
    generator = torch.Generator().manual_seed(0)
    for value in model.state_dict().values():
        if value.is_floating_point():
            value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
    return model


@pytest.fixture(scope="module")
def tiny():
    return shuffled(TINY)


@pytest.fixture(scope="module")
def tiny_file(tiny):
    return net(layers_of(tiny))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "some.caffemodel"


# --- Against the other engine -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def oracle(tmp_path_factory):
    """(path of the model file, the picture, the other engine's answers)."""
    path = tmp_path_factory.mktemp("oracle") / "dsod300.caffemodel"
    path.write_bytes(lzma.decompress((ORACLE / "dsod300_voc_random.caffemodel.xz").read_bytes()))
    return path, pil_to_tensor(Image.open(ORACLE / "input_300.png")) / 255, np.load(ORACLE / "expected.npz")


@pytest.fixture(scope="module")
def oracle_model(oracle):
    return load_caffemodel(oracle[0])


def test_network_answers_as_the_other_engine_does(oracle, oracle_model):
    _, image, expected = oracle
    with torch.no_grad():
        offsets, logits = oracle_model.network(oracle_model.normalize([image]))
    np.testing.assert_allclose(offsets[0], expected["offsets"], rtol=0, atol=1e-3)
    np.testing.assert_allclose(logits[0].softmax(dim=1), expected["probabilities"], rtol=0, atol=2e-4)


def test_priors_are_the_other_engines(oracle, oracle_model):
    centre, size = oracle_model.priors.double().split(2, dim=1)
    corners = torch.cat([centre - size / 2, centre + size / 2], dim=1)
    np.testing.assert_allclose(corners, oracle[2]["priors_xyxy"], rtol=0, atol=1e-6)


def test_detections_are_the_other_engines(oracle, oracle_model):
    _, image, expected = oracle
    with torch.no_grad():
        found = oracle_model([image])[0]
    ours = torch.cat([found["scores"][:, None], found["boxes"] / 300], dim=1).numpy()
    theirs = expected["detections"][:, 1:]
    assert len(ours) == len(theirs) == 200
    distance = np.abs(theirs[:, None] - ours[None]).max(axis=2)
    distance[expected["detections"][:, :1] != found["labels"].numpy()[None]] = np.inf
    partner = distance.argmin(axis=1)
    assert sorted(partner) == list(range(200))  # each detection of theirs has one of ours to itself
    assert distance.min(axis=1).max() < 1e-3


def test_names_and_order_are_those_of_the_authors_file(oracle):
    ours = [name for names, _ in caffe_layers(DSOD().network) for name in names]
    assert ours == list(read_layers(oracle[0]))


def test_file_for_other_classes(oracle):
    with pytest.raises(ValueError, match=r"dsod300\.caffemodel: layer 'First_norm_mbox_conf': is for 21 classes"):
        load_caffemodel(oracle[0], DSODConfig(num_classes=81))


# --- Into the network ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"compression": 0.5, "num_classes": 81},
        {"prediction": "plain", "stem": "densenet"},
        {"transition_without_pooling": False},
    ],
    ids=str,
)
def test_every_tensor_finds_its_place(path, fields):
    config = replace(TINY, **fields)
    model = shuffled(config)
    path.write_bytes(net(layers_of(model)))
    loaded = load_caffemodel(path, config)
    assert not loaded.training
    assert loaded.config is config
    torch.testing.assert_close(loaded.state_dict(), model.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize(
    "form",
    [
        {"old_shape": True},
        {"v1": True, "old_shape": True},
        {"v1": True},
        {"packed": False},
        {"double": True},
    ],
    ids=str,
)
def test_every_form_that_caffe_has_written_reads_the_same(path, tiny, form):
    path.write_bytes(net(layers_of(tiny), **form))
    torch.testing.assert_close(load_caffemodel(path, TINY).state_dict(), tiny.state_dict(), rtol=0, atol=0)


def test_statistics_are_divided_by_the_factor(path, tiny):
    path.write_bytes(net(layers_of(tiny, factor=998.5)))
    torch.testing.assert_close(load_caffemodel(path, TINY).state_dict(), tiny.state_dict(), rtol=1e-6, atol=0)


def test_factor_of_zero_makes_the_statistics_zero(path, tiny):
    layers = layers_of(tiny)
    layers["BatchNorm1"] = [np.ones(8), np.ones(8), np.zeros(1)]
    path.write_bytes(net(layers))
    state = load_caffemodel(path, TINY).network.stem.state_dict()
    assert state["0.1.running_mean"].tolist() == [0] * 8
    assert state["0.1.running_var"].tolist() == [0] * 8


@pytest.mark.parametrize(
    ("name", "blobs", "message"),
    [
        ("Convolution3", None, "'Convolution3': is missing; not used yet: BatchNorm3, Scale3, BatchNorm4"),
        ("Sixth_norm_mbox_conf_scale", None, "'Sixth_norm_mbox_conf_scale': is missing"),
        ("Convolution1", [np.ones((8, 3, 5, 5))], r"'Convolution1': has the shape \[8, 3, 5, 5\], not"),
        ("Convolution1", [np.ones((8, 3, 3, 3)), np.ones(8)], "'Convolution1': has 2 blobs, not 1"),
        ("BatchNorm2", [np.ones(8), np.ones(8)], "'BatchNorm2': has 2 blobs, not 3"),
        ("BatchNorm2", [np.ones(8), -np.ones(8), np.ones(1)], "'BatchNorm2': .* negative or not finite"),
        (
            "BatchNorm2",
            [np.ones(8), np.ones(8), np.full(1, 1e-39)],
            "'BatchNorm2': .* negative or not finite",
        ),
        ("Scale2", [np.ones((8, 1)), np.ones(8)], r"'Scale2': has the shape \[8, 1\], not \[8\]"),
        ("Second_norm", [np.ones((1, 1, 1, 9))], r"'Second_norm': has the shape \[1, 1, 1, 9\], not \[8\]"),
        ("First_norm_mbox_conf", [np.ones((84, 24, 3, 3))], "'First_norm_mbox_conf': is for 21 classes"),
        ("conv4_3", [np.ones((2, 2, 3, 3))], "'conv4_3': has no place in this network"),
        ("Scale1", [np.full(8, np.nan), np.ones(8)], "'Scale1': blob 0: not all of its values are finite"),
    ],
)
def test_layer_that_does_not_fit_is_named(path, tiny, name, blobs, message):
    layers = layers_of(tiny)
    if blobs is None:
        del layers[name]
    else:
        layers[name] = blobs
    path.write_bytes(net(layers))
    with pytest.raises(ValueError, match=rf"some\.caffemodel: layer {message}"):
        load_caffemodel(path, TINY)


def test_another_network(path):
    path.write_bytes(net({"conv1_1": [np.ones((64, 3, 3, 3)), np.ones(64)]}, v1=True, old_shape=True))
    with pytest.raises(ValueError, match=r"'Convolution1': is missing; not used yet: conv1_1.*DS/64-192-48-1"):
        load_caffemodel(path)


# --- The file -----------------------------------------------------------------------------------------------


def test_layer_that_is_there_twice(path):
    path.write_bytes(net({"a": [np.ones(2)]}) + layer("a", [blob(np.ones(2))]))
    with pytest.raises(ValueError, match=r"some\.caffemodel: layer 'a': is there twice"):
        read_layers(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b'name: "DSOD300"\nlayer {\n  name: "Convolution1"\n}\n', "is text"),
        (b"<!DOCTYPE html><html>Sign in</html>", "is text"),
        ((ORACLE / "dsod300_voc_random.caffemodel.xz").read_bytes()[:1000], "is packed with xz"),
        (b"PK\x03\x04" + bytes(100), "is a zip archive"),
        (b"\x1f\x8b\x08" + bytes(100), "is packed with gzip"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5"),
        ((ORACLE / "input_300.png").read_bytes(), "not Caffe's binary format"),
        (net({}), "no layer in it has weights"),
        (b"\x8b\x01" * 100, "not Caffe's binary format"),  # groups, which a recursive reader would follow down
        (b"\xff" * 100, "not Caffe's binary format"),  # a number that never ends
        (varint(100 << 3 | 2) + varint(2**63) + b"\0", "cut short"),  # a layer of 2**63 bytes, of which one is there
    ],
    ids=range(12),
)
def test_file_that_is_no_caffe_model(path, content, message):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"some\.caffemodel: .*{message}"):
        read_layers(path)


FOUR = bytes_field(5, struct.pack("<4f", 1, 2, 3, 4))


@pytest.mark.parametrize(
    "content",
    [
        FOUR,  # no shape
        bytes_field(7, bytes_field(1, varint(4))),  # no data
        bytes_field(7, bytes_field(1, varint(3))) + FOUR,
        bytes_field(7, bytes_field(1, varint(2**60) + varint(2**60))) + FOUR,
        bytes_field(7, bytes_field(1, varint(0) + varint(2**64 - 1))),  # an empty array of impossible size
        bytes_field(7, bytes_field(1, varint(4) + b"\1" * 40)) + FOUR,  # more dimensions than an array can have
        number_field(1, 2**64 - 1) + number_field(2, 4) + FOUR,  # -1, as protobuf writes it
    ],
    ids=range(7),
)
def test_blob_whose_shape_is_not_that_of_its_data(path, content):
    path.write_bytes(net({"a": [np.ones(2)]}) + layer("b", [content]))
    with pytest.raises(ValueError, match=r"some\.caffemodel: layer 'b': blob 0: its shape is "):
        read_layers(path)


def test_layer_with_a_broken_float_is_named(path):
    broken = bytes_field(7, bytes_field(1, varint(4))) + FOUR + bytes_field(5, b"\0")
    path.write_bytes(net({"a": [np.ones(2)]}) + layer("b", [broken]))
    with pytest.raises(ValueError, match=r"some\.caffemodel: layer 'b': is damaged"):
        read_layers(path)


def test_protobuf_is_asked_for_where_it_is_missing(path, monkeypatch):
    path.write_bytes(net({"a": [np.ones(2)]}))
    monkeypatch.setitem(sys.modules, "google.protobuf", None)
    message_types.cache_clear()
    with pytest.raises(UserError, match="convert needs protobuf: pip install protobuf"):
        read_layers(path)


def test_shape_may_come_unpacked_and_after_the_data(path):
    shape = bytes_field(7, number_field(1, 2) + number_field(1, 2))
    path.write_bytes(layer("a", [FOUR + shape]))
    assert read_layers(path)["a"][0].tolist() == [[1, 2], [3, 4]]


def test_double_beyond_float32_is_not_finite(path):
    path.write_bytes(layer("a", [blob(np.array([1e300]), double=True)]))
    with pytest.raises(ValueError, match="'a': blob 0: not all of its values are finite"):
        read_layers(path)


def test_file_cut_short_names_the_last_whole_layer(path):
    whole = net({"a": [np.ones(2)], "b": [np.ones(2)]})
    path.write_bytes(whole[: whole.index(b"b\x12")])
    with pytest.raises(ValueError, match=r"some\.caffemodel: cut short.*\(last whole layer: 'a'\)"):
        read_layers(path)


@given(data=st.data())
def test_no_part_of_a_file_loads(data, tiny_file, tmp_path_factory):
    path = tmp_path_factory.mktemp("cut") / "some.caffemodel"
    weights = tiny_file.index(b"Sixth_norm_mbox_conf_scale")  # beyond it are layers that nobody misses
    path.write_bytes(tiny_file[: data.draw(st.integers(0, weights))])
    with pytest.raises(ValueError, match=r"some\.caffemodel: "):
        load_caffemodel(path, TINY)


@given(data=st.data())
def test_damaged_file_loads_or_is_refused(data, tiny_file, tmp_path_factory):
    path = tmp_path_factory.mktemp("damaged") / "some.caffemodel"
    content = bytearray(tiny_file)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        model = load_caffemodel(path, TINY)
    except ValueError:
        return
    assert all(value.isfinite().all() for value in model.state_dict().values())


def test_convert_makes_a_checkpoint_of_the_authors_file(tmp_path, capsys):
    file, checkpoint = tmp_path / "some.caffemodel", tmp_path / "some.pt"
    file.write_bytes(lzma.decompress((ORACLE / "dsod300_voc_random.caffemodel.xz").read_bytes()))

    def convert(*options):
        args = build_parser().parse_args(["convert", str(file), str(checkpoint), *options])
        return COMMANDS[args.command].run(args)

    assert convert("--priors", "coco") == 0
    assert "14,715,804 parameters" in capsys.readouterr().out
    model, classes = load_model(checkpoint)
    assert classes == VOC_CLASSES
    assert model.config == DSODConfig(priors=COCO300_PRIORS)
    expected = load_caffemodel(file).state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in model.state_dict().items())

    with pytest.raises(FileExistsError, match=r"some\.pt: exists"):
        convert()
    checkpoint.unlink()
    with pytest.raises(ValueError, match="is for 21 classes"):
        convert("--classes", "coco")
    with pytest.raises(ValueError, match="has the shape"):
        convert("--model", "dsod300_smallest")
    assert not checkpoint.exists()

"""A writer of Caffe's format, as small as the tests allow."""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import nn

from dsod_lite.weights.caffe import caffe_layers


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def number_field(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def bytes_field(number: int, payload: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def blob(array: Any, old_shape: bool = False, packed: bool = True, double: bool = False) -> bytes:
    array = np.asarray(array)
    if old_shape:
        shape = (1,) * (4 - array.ndim) + array.shape
        out = b"".join(number_field(i + 1, size) for i, size in enumerate(shape))
    else:
        out = bytes_field(7, bytes_field(1, b"".join(map(varint, array.shape))))
    out += bytes_field(6, bytes(8))  # gradients, which a snapshot may hold: to be skipped
    if double:
        return out + bytes_field(8, array.astype("<f8").tobytes())
    if packed:
        return out + bytes_field(5, array.astype("<f4").tobytes())
    return out + b"".join(varint(5 << 3 | 5) + struct.pack("<f", value) for value in array.ravel())


def layer(name: str, blobs: Sequence[bytes], kind: str = "Any", v1: bool = False) -> bytes:
    if v1:
        body = bytes_field(4, name.encode()) + number_field(5, 4) + b"".join(bytes_field(6, b) for b in blobs)
        return bytes_field(2, bytes_field(2, b"bottom") + body)
    body = bytes_field(1, name.encode()) + bytes_field(2, kind.encode())
    return bytes_field(100, body + b"".join(bytes_field(7, b) for b in blobs))


def net(layers: Mapping[str, Sequence[Any]], v1: bool = False, **form: bool) -> bytes:
    """A file of {name: [array, ...]}, beginning as Caffe's do: the net's name and layers without weights."""
    out = bytes_field(1, b"a net") + layer("data", [], "Input", v1) + layer("ReLU1", [], "ReLU", v1)
    for name, arrays in layers.items():
        out += layer(name, [blob(a, **form) for a in arrays], v1=v1)
    return out + layer("detection_out", [], "DetectionOutput", v1)


def layers_of(model: Any, factor: float = 1.0) -> dict[str, list[Any]]:
    """A DSOD's weights as Caffe has them: {layer: [array, ...]}."""
    layers: dict[str, list[Any]] = {}
    for names, module in caffe_layers(model.network):
        state = {key: value.numpy() for key, value in module.state_dict().items()}
        if isinstance(module, nn.BatchNorm2d):
            statistics = [state["running_mean"] * factor, state["running_var"] * factor, np.array([factor])]
            layers[names[0]] = statistics
            layers[names[1]] = [state["weight"], state["bias"]]
        else:
            layers[names[0]] = list(state.values())
    return layers

"""Caffe's binary model file without Caffe: from the bytes of a .caffemodel to the weights of its layers.

The file is one protobuf message. `FIELDS` describes it as caffe.proto does, but for every field that has no part in
the weights, and protobuf skips those.
"""

import functools
import math
import string
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..support.errors import MissingPackage
from .checkpoint import CheckpointError

Blobs = list[NDArray[np.float32]]

MAX_DIMENSIONS = 32  # Caffe's own limit
FIELDS = {
    "BlobShape": {"dim": (1, "repeated int64")},
    "BlobProto": {
        **{name: (number, "int32") for number, name in enumerate(("num", "channels", "height", "width"), start=1)},
        "data": (5, "repeated float"),
        "shape": (7, "BlobShape"),
        "double_data": (8, "repeated double"),
    },
    "V1LayerParameter": {"name": (4, "bytes"), "blobs": (6, "repeated BlobProto")},
    "LayerParameter": {"name": (1, "bytes"), "blobs": (7, "repeated BlobProto")},
    # Layers as bytes, to be read one by one: a damaged one can be named then.
    "NetParameter": {"layers": (2, "repeated bytes"), "layer": (100, "repeated bytes")},
}
"""Message -> field -> its number and type. Names are bytes here, since a damaged file's may not be UTF-8."""

# What is often found in the weights' place, by its first bytes.
NOT_CAFFE = {
    b"\xfd7zXZ\0": "is packed with xz; unpack it first",
    b"PK\x03\x04": "is a zip archive, which has to be unpacked first, or a PyTorch checkpoint",
    b"\x1f\x8b": "is packed with gzip; unpack it first",
    b"BZh": "is packed with bzip2; unpack it first",
    b"7z\xbc\xaf": "is packed with 7-Zip; unpack it first",
    b"\x89HDF": "is in Caffe's HDF5 format; only the binary .caffemodel is read here",
}


def read_layers(path: str | Path) -> dict[str, Blobs]:
    """The weights in a Caffe model file.

    Args:
        path: a .caffemodel in the binary format, with its present layers or those of early files (V1).

    Returns:
        For each layer that has weights, in the file's order: its name -> its blobs, float32. A blob that was
        written with Caffe's old shape keeps all four dimensions: a vector of n is [1, 1, 1, n].

    Raises:
        CheckpointError: naming the file, and the layer where there is one, for all but a whole file of the format.
        MissingPackage: if protobuf is missing. The package does not need it otherwise.

    Source: BVLC/caffe, caffe.proto and blob.cpp.
    """
    data = Path(path).read_bytes()
    if not data:
        raise CheckpointError(f"{path}: is empty")
    for start, what in NOT_CAFFE.items():
        if data.startswith(start):
            raise CheckpointError(f"{path}: {what}")
    if not data[:512].translate(None, string.printable.encode()):
        raise CheckpointError(f"{path}: is text (a .prototxt or a web page?), not a binary .caffemodel")

    net, whole = parse("NetParameter", data)
    layers: dict[str, Blobs] = {}
    last = "none"
    try:
        for kind, messages in (("V1LayerParameter", net.layers), ("LayerParameter", net.layer)):
            for message in messages:
                name, blobs = read_layer(kind, message)
                if blobs and name in layers:
                    raise CheckpointError(f"layer {name!r}: is there twice")
                if blobs:
                    layers[name] = blobs
                last = repr(name)
        if not whole:
            raise CheckpointError("cut short, or not Caffe's binary format")
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error} (last whole layer: {last})") from error
    if not layers:
        raise CheckpointError(f"{path}: no layer in it has weights, so it is no trained Caffe model")
    return layers


def read_layer(kind: str, content: bytes) -> tuple[str, Blobs]:
    """Name and blobs of a LayerParameter, or of its predecessor. Raises CheckpointError, naming the layer."""
    layer, whole = parse(kind, content)
    name = str(layer.name[:100], "utf-8", "replace")  # a name, or a damaged file's idea of one
    if not whole:
        raise CheckpointError(f"layer {name!r}: is damaged")
    blobs: Blobs = []
    try:
        for blob in layer.blobs:
            blobs.append(read_blob(blob))
    except CheckpointError as error:
        raise CheckpointError(f"layer {name!r}: blob {len(blobs)}: {error}") from error
    return name, blobs


def read_blob(blob: Any) -> NDArray[np.float32]:
    """The array of a BlobProto. Raises CheckpointError if shape and data disagree, or a value is not finite."""
    old_shape = ("num", "channels", "height", "width")
    is_old = any(blob.HasField(size) for size in old_shape)
    shape = [getattr(blob, size) for size in old_shape] if is_old else list(blob.shape.dim[: MAX_DIMENSIONS + 1])
    with np.errstate(over="ignore"):  # a double beyond float32 becomes infinite, which is an error below
        values = np.array(blob.double_data or blob.data, np.float32)
    # The shape is only what the file says; the data is what is there.
    if not shape or min(shape) < 1 or len(shape) > MAX_DIMENSIONS or math.prod(shape) != len(values):
        raise CheckpointError(f"its shape is {shape}, but it has {len(values)} values")
    if not np.isfinite(values).all():
        raise CheckpointError("not all of its values are finite")
    return values.reshape(shape)


def parse(kind: str, content: bytes) -> tuple[Any, bool]:
    """A message of `FIELDS`, and whether it is whole: of a damaged one protobuf keeps what comes before the damage."""
    message = message_types()[kind]()
    from google.protobuf.message import DecodeError

    try:
        message.MergeFromString(content)
    except DecodeError:
        return message, False
    return message, True


@functools.cache
def message_types() -> dict[str, Any]:
    """A class for each message of `FIELDS`. Raises MissingPackage if there is no protobuf."""
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ImportError:
        raise MissingPackage("convert needs protobuf: pip install protobuf") from None
    file = descriptor_pb2.FileDescriptorProto(name="weights.proto", package="caffe")
    for name, fields in FIELDS.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            label, single = f" {kind}".rsplit(" ", 1)
            entry = message.field.add(name=field, number=number, label=f"LABEL_{label.strip().upper() or 'OPTIONAL'}")
            if single in FIELDS:
                entry.type_name = f".caffe.{single}"
            else:
                entry.type = f"TYPE_{single.upper()}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"caffe.{name}")) for name in FIELDS}

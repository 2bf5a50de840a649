"""Caffe's binary model file without Caffe: from the bytes of a .caffemodel to the weights of its layers.

The file is one protobuf message, and protobuf's wire format is small enough to read by hand. A message is a
row of fields. Each starts with a key, the field's number and a wire type, which says how the value is
written: 0 is a number of seven bits a byte, 1 is eight bytes, 5 is four bytes, and 2 is a length and so many
bytes: a text, numbers packed together, or a message of its own. What the numbers mean is in caffe.proto. We
read four of its messages, and skip every field of theirs that has no part in the weights.
"""

import math
import string
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Blobs = list[NDArray[np.float32]]

MAX_DIMENSIONS = 32  # Caffe's own limit
FIXED_SIZES = {1: 8, 5: 4}  # wire type -> bytes

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
        ValueError: naming the file, and the layer where there is one, for all but a whole file of the format.

    Source: protobuf's page on its encoding; BVLC/caffe, caffe.proto and blob.cpp.
    """
    data = Path(path).read_bytes()
    if not data:
        raise ValueError(f"{path}: is empty")
    for start, what in NOT_CAFFE.items():
        if data.startswith(start):
            raise ValueError(f"{path}: {what}")
    if not data[:512].translate(None, string.printable.encode()):
        raise ValueError(f"{path}: is text (a .prototxt or a web page?), not a binary .caffemodel")

    layers: dict[str, Blobs] = {}
    last = "none"
    try:
        for number, value in fields(memoryview(data)):
            if number not in (2, 100) or isinstance(value, int):  # NetParameter: layers (V1) and layer
                continue
            name, blobs = read_layer(value, is_v1=number == 2)
            if blobs and name in layers:
                raise ValueError(f"layer {name!r}: is there twice")
            if blobs:
                layers[name] = blobs
            last = repr(name)
    except ValueError as error:
        raise ValueError(f"{path}: {error} (last whole layer: {last})") from error
    if not layers:
        raise ValueError(f"{path}: no layer in it has weights, so it is no trained Caffe model")
    return layers


def read_layer(message: memoryview, is_v1: bool) -> tuple[str, Blobs]:
    """Name and blobs of a LayerParameter, or of its predecessor. Raises ValueError, naming the layer."""
    name_field, blobs_field = (4, 6) if is_v1 else (1, 7)
    name = ""
    blobs: Blobs = []
    try:
        for number, value in fields(message):
            if number == name_field and not isinstance(value, int):
                name = str(value[:100], "utf-8", "replace")  # a name, or a damaged file's idea of one
            elif number == blobs_field and not isinstance(value, int):
                blobs.append(read_blob(value))
    except ValueError as error:
        raise ValueError(f"layer {name!r}: blob {len(blobs)}: {error}") from error
    return name, blobs


def read_blob(message: memoryview) -> NDArray[np.float32]:
    """The array of a BlobProto. Raises ValueError if shape and data disagree, or a value is not finite."""
    old_shape: dict[int, int] = {}
    new_shape: list[int] = []
    # Packed data is one piece, unpacked data a piece for each value; joined they are the same bytes.
    floats, doubles = bytearray(), bytearray()
    for number, value in fields(message):
        if number in (1, 2, 3, 4) and isinstance(value, int):  # num, channels, height, width
            old_shape[number] = value
        elif number == 5 and not isinstance(value, int):
            floats += value
        elif number == 7 and not isinstance(value, int):
            dims = (dim for field, packed in fields(value) if field == 1 for dim in numbers(packed))
            new_shape = list(islice(dims, MAX_DIMENSIONS + 1))
        elif number == 8 and not isinstance(value, int):
            doubles += value

    shape = [old_shape.get(i, 0) for i in (1, 2, 3, 4)] if old_shape else new_shape
    # The shape is only what the file says; the data is what is there.
    size = len(doubles) / 8 if doubles else len(floats) / 4
    if len(shape) > MAX_DIMENSIONS or math.prod(shape) != size or size == 0:
        raise ValueError(f"its shape is {shape}, but it has {size:g} values")
    with np.errstate(over="ignore"):  # a double beyond float32 becomes infinite, which is an error below
        values = np.frombuffer(doubles, "<f8").astype("<f4") if doubles else np.frombuffer(floats, "<f4")
    if not np.isfinite(values).all():
        raise ValueError("not all of its values are finite")
    return values.reshape(shape)


def fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of each field: an int for wire type 0, a view of the value's bytes for the others.

    Raises:
        ValueError: if the message ends inside a field, or has a wire type that Caffe does not write.
    """
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        number, wire_type = key >> 3, key & 7
        if wire_type == 0:
            value, at = varint(message, at)
            yield number, value
            continue
        if wire_type == 2:
            size, at = varint(message, at)
        elif wire_type in FIXED_SIZES:
            size = FIXED_SIZES[wire_type]
        else:
            raise ValueError(f"not Caffe's binary format: wire type {wire_type} before byte {at}")
        if size > len(message) - at:
            raise ValueError(f"cut short: field {number} has {size} bytes, but {len(message) - at} are left")
        yield number, message[at : at + size]
        at += size


def numbers(value: int | memoryview) -> Iterator[int]:
    """The numbers of a repeated field: one by itself, or several packed together."""
    if isinstance(value, int):
        yield value
        return
    at = 0
    while at < len(value):
        number, at = varint(value, at)
        yield number


def varint(message: memoryview, at: int) -> tuple[int, int]:
    """The number at byte `at`, seven bits a byte and the lowest first; and the place of the byte after it."""
    number = 0
    for shift in range(0, 70, 7):
        if at == len(message):
            raise ValueError("cut short inside a number")
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise ValueError(f"not Caffe's binary format: a number of more than ten bytes before byte {at}")

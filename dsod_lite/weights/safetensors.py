"""Detectors as safetensors files: a header in JSON, then plain numbers. A web page reads and writes them as easily."""

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from ..support.files import whole_file

LONGEST_HEADER = 100_000_000
"""Bytes; the format's own limit."""


def write_safetensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Writes float32 tensors, on any device, and texts.

    Source: github.com/huggingface/safetensors, README, "Format".
    """
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    values, at = [], 0
    for name, tensor in tensors.items():
        values.append(tensor.detach().float().cpu().contiguous().numpy().tobytes())
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + len(values[-1])]}
        at += len(values[-1])
    words = json.dumps(header).encode()
    words += b" " * (-len(words) % 8)  # numbers begin at a multiple of 8
    with whole_file(path) as file:
        file.write(struct.pack("<Q", len(words)) + words + b"".join(values))


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The float32 tensors of a file, and its texts.

    Raises:
        ValueError: saying what is wrong, if it is truncated, altered, or no such file.
    """
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0] if len(content) >= 8 else LONGEST_HEADER
    start = 8 + length
    if length >= LONGEST_HEADER or start > len(content):
        raise ValueError("is truncated, or no safetensors file at all")
    try:
        header = json.loads(content[8:start])
        metadata = header.pop("__metadata__", {})
        tensors, left = {}, len(content) - start
        for name, entry in header.items():
            first, last = entry["data_offsets"]
            left -= last - first  # below 0 a short file would ask for much memory
            if entry["dtype"] != "F32":
                raise ValueError(f"{name} is {entry['dtype']}, not F32")
            inside = 0 <= first <= last <= len(content) - start and left >= 0
            if not inside or last - first != 4 * math.prod(entry["shape"]):
                raise ValueError(f"{name} does not have the numbers that its shape says")
            numbers = bytearray(content[start + first : start + last])
            values = torch.frombuffer(numbers, dtype=torch.float32) if numbers else torch.zeros(0)
            tensors[name] = values.reshape(entry["shape"])
    except (KeyError, TypeError, AttributeError, RuntimeError, UnicodeDecodeError, json.JSONDecodeError):
        raise ValueError("its header does not read as one of a safetensors file") from None
    return tensors, metadata

"""Numbers that travel as text: four bytes each, or one. The page reads them with js/floats.js."""

import base64

import numpy as np
import torch
from torch import Tensor


def to_text(values: Tensor) -> str:
    """base64 of the values as little-endian float32, row after row."""
    return base64.b64encode(values.detach().cpu().numpy().astype("<f4").tobytes()).decode("ascii")


def to_bytes(values: Tensor) -> str:
    """base64 of numbers from 0 to 1 in 255 steps, a byte each, row after row."""
    return base64.b64encode((255 * values.detach().cpu()).round().to(torch.uint8).numpy().tobytes()).decode("ascii")


def from_text(text: str, columns: int) -> Tensor:
    """The values again: float32 [N, columns]."""
    values = np.frombuffer(base64.b64decode(text), dtype="<f4").astype(np.float32)
    return torch.from_numpy(values).reshape(-1, columns)


def from_bytes(text: str) -> Tensor:
    """The numbers from 0 to 1 again: float32 [N]."""
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), dtype=np.uint8).astype(np.float32)) / 255

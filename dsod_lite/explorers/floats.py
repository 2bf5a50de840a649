"""Numbers that travel as text: four bytes each. The page reads them with js/floats.js."""

import base64

import numpy as np
import torch
from torch import Tensor


def to_text(values: Tensor) -> str:
    """base64 of the values as little-endian float32, row after row."""
    return base64.b64encode(values.detach().cpu().numpy().astype("<f4").tobytes()).decode("ascii")


def from_text(text: str, columns: int) -> Tensor:
    """The values again: float32 [N, columns]."""
    values = np.frombuffer(base64.b64decode(text), dtype="<f4").astype(np.float32)
    return torch.from_numpy(values).reshape(-1, columns)

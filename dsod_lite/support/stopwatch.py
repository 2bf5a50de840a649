"""torch's stopwatch, which on import looks for compilers: that it found CUDA's, but no card, is not for our readers."""

import logging

logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)

from torch.utils.benchmark import Timer  # noqa: E402

__all__ = ["Timer"]

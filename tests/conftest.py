"""What every test shares: one thread, hypothesis with the same examples in every run, and the browser."""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import torch

torch.set_num_threads(1)  # most tensors here are tiny, and threads only wait for each other

# derandomize: a test that turns red does so because of the change, not of the draw.
# deadline: no test is about time.
hypothesis.settings.register_profile("book", derandomize=True, deadline=None, max_examples=100)
hypothesis.settings.load_profile("book")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from browsing import chromium  # what no browser is needed for shall run without playwright

    with chromium() as browser:
        yield browser

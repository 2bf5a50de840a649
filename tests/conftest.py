"""What every test shares: one thread, hypothesis with the same examples in every run, and the browser."""

from collections.abc import Iterator

import hypothesis
import pytest
import torch
from browsing import chromium
from playwright.sync_api import Browser

torch.set_num_threads(1)  # most tensors here are tiny, and threads only wait for each other

# derandomize: a test that turns red does so because of the change, not of the draw.
# deadline: no test is about time.
hypothesis.settings.register_profile("book", derandomize=True, deadline=None, max_examples=100)
hypothesis.settings.load_profile("book")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser

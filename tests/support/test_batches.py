"""How batches come from the processes that load them: as they were, in few files and little memory."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import Rectangles, Toy, same
from torch import Tensor
from torch.utils.data import get_worker_info
from torchvision.transforms.v2 import functional as transforms

from dsod_lite import predict
from dsod_lite.support import batches
from dsod_lite.support.batches import as_bytes, as_floats, collate

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests/helpers/eight_processes.py"


def photograph(height: int, width: int, seed: int = 0) -> Tensor:
    """Noise, as a file would have it: bytes, as floats."""
    values = torch.randint(256, (3, height, width), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    return transforms.to_dtype(values, torch.float32, scale=True)


# --- what comes out is what went in --------------------------------------------------------------------------


def test_every_byte_comes_back() -> None:
    every = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(as_bytes(as_floats(every)), every)


@given(st.lists(st.floats(width=32), min_size=1, max_size=20))
def test_what_bytes_cannot_hold_stays_as_it_is(values: list[float]) -> None:
    pixels = torch.tensor(values)
    torch.testing.assert_close(as_floats(as_bytes(pixels)), pixels, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("sizes", [[(4, 6), (4, 6), (4, 6)], [(4, 6), (7, 3), (1, 1)]], ids=["one size", "sizes"])
def test_a_batch_is_one_tensor_and_opens_to_its_items(sizes: list[tuple[int, int]]) -> None:
    items = []
    for i, size in enumerate(sizes):
        target = {"boxes": torch.rand(i, 4), "labels": torch.ones(i, dtype=torch.int64), "image_id": i, "name": "a"}
        items.append((photograph(*size, seed=i), target, None))
    batch = collate(items)
    assert isinstance(batch.pixels, Tensor)
    assert (batch.pixels.dtype, batch.pixels.nbytes) == (torch.uint8, sum(3 * h * w for h, w in sizes))
    images, targets, said = pickle.loads(pickle.dumps(batch)).opened()
    assert isinstance(images, Tensor) == (len(set(sizes)) == 1)
    assert [as_floats(image).tolist() for image in images] == [image.tolist() for image, *_ in items]
    assert same(targets, [target for _, target, _ in items])
    assert said == [None] * 3


def test_pictures_that_are_no_tensors_of_one_type_are_left_for_the_model_to_refuse() -> None:
    images = [photograph(2, 2), torch.zeros(3, 2, 2, dtype=torch.uint8), "picture"]
    assert collate([(image, {}) for image in images]).opened()[0] == images


# --- what is short -------------------------------------------------------------------------------------------


def trained(batch: int, size: int, steps: int, before: list[str], prepare: Callable[[], None] | None = None) -> Any:
    return subprocess.run(
        [*before, sys.executable, str(SCRIPT), str(batch), str(size), str(steps)],
        capture_output=True, text=True, timeout=300, preexec_fn=prepare,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def test_eight_processes_get_along_with_linuxs_usual_limit_of_open_files() -> None:
    resource = pytest.importorskip("resource", reason="Windows has no such limit")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))

    done = trained(128, 16, 16, [], limit)
    assert done.stdout == "trained\n", done.stderr


SMALL = 'mount -t tmpfs -o size=64M tmpfs /dev/shm && exec "$@"'


def test_eight_processes_get_along_with_dockers_shared_memory() -> None:
    """In a mount namespace of its own, where /dev/shm has 64 MB; the batches that are loaded ahead have 138."""
    small = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", SMALL, "sh"]
    try:
        subprocess.run([*small, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"/dev/shm cannot be made smaller here: {error}")
    done = trained(32, 300, 20, small)
    assert done.stdout == "trained\n", done.stderr
    assert done.stderr.count("/dev/shm is too small for the batches of 8 loading processes") == 1


class Cramped(Rectangles):
    """Pictures whose loading processes find no room in shared memory, however they were started: forked or anew."""

    def __getitem__(self, index: int) -> Any:
        batches.has_room = lambda size: get_worker_info() is None
        return super().__getitem__(index)


@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # on one core
def test_what_comes_through_a_pipe_is_the_same() -> None:
    usual = predict(Toy(), Rectangles(5), 2, workers=2, progress=False)
    with pytest.warns(UserWarning, match="small for the batches of 2 loading processes, so they come through pipes"):
        piped = predict(Toy(), Cramped(5), 2, workers=2, progress=False)
    assert same(usual, piped)

"""Ctrl-C, SIGTERM and the death of a loading process, at whatever moment they come."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsod_lite.support.errors import LoadingError
from dsod_lite.support.files import whole_file
from dsod_lite.support.signals import STOPS, Stopped, StopRequest, follow_parent, uncovered, undisturbed

DEATH = "DataLoader worker (pid 7) is killed by signal: Killed."


@pytest.fixture(autouse=True)
def _handlers_as_before() -> Iterator[None]:
    before = {s: signal.getsignal(s) for s in STOPS}
    yield
    for s, handler in before.items():
        signal.signal(s, handler)


def test_a_file_is_whole_before_ctrl_c_is_answered(tmp_path: Path) -> None:
    path = tmp_path / "file"

    def write() -> None:
        with whole_file(path) as file:
            file.write(b"half")
            signal.raise_signal(signal.SIGINT)
            file.write(b" and half")

    with pytest.raises(KeyboardInterrupt):
        write()
    assert path.read_bytes() == b"half and half"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [RuntimeError("a bug"), OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_file_that_cannot_be_ended_leaves_nothing(error: BaseException, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write() -> None:
        with whole_file(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)):
        write()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_who_write_one_file_write_one_of_the_two(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with whole_file(path) as one, whole_file(path) as other:
        one.write(b"one" * 1000)
        other.write(b"other" * 1000)
        one.write(b"one" * 1000)
    assert path.read_bytes() in (b"one" * 2000, b"other" * 1000)
    assert list(tmp_path.iterdir()) == [path]


def test_signals_wait_and_handlers_come_back() -> None:
    came: list[int] = []
    signal.signal(signal.SIGTERM, lambda signum, frame: came.append(signum))
    before = signal.getsignal(signal.SIGTERM)
    with undisturbed():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert came == []
    assert came == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_the_first_request_is_noted_and_the_second_stops(signum: int) -> None:
    before = signal.getsignal(signum)
    with StopRequest() as stop:
        signal.raise_signal(signum)
        assert stop.signum == signum
        with pytest.raises(Stopped) as caught:
            signal.raise_signal(signum)
        assert caught.value.signum == signum
        with pytest.raises(Stopped), stop.at_once():
            pytest.fail("has been asked before")
    assert signal.getsignal(signum) is before


def test_what_only_looks_is_left_at_once() -> None:
    with StopRequest() as stop:
        with pytest.raises(Stopped), stop.at_once():
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)  # noted again


def test_what_nohup_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with StopRequest() as stop:
        signal.raise_signal(signal.SIGTERM)
        assert stop.signum is None


def test_a_loading_process_ends_by_the_second_sigterm_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", lambda *_: pytest.fail("complains of a parent that has gone"))
    follow_parent(0)
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    sys.excepthook(ConnectionResetError, ConnectionResetError(104, "Connection reset by peer"), None)


def covered(*errors: BaseException) -> None:
    """Raises the last of them while the ones before are being answered."""
    try:
        if errors[:-1]:
            covered(*errors[:-1])
    except BaseException:
        raise errors[-1] from None
    raise errors[-1]


@pytest.mark.parametrize("cover", [(), (RuntimeError("unexpected pos 64 vs 0"),), (ValueError("one"), OSError("two"))])
@pytest.mark.parametrize(
    ("cause", "answer"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt),
        (RuntimeError(DEATH), LoadingError),
        (ConnectionResetError(104, "Connection reset by peer"), LoadingError),
        (FileNotFoundError(2, "No such file or directory"), LoadingError),
        (EOFError(), LoadingError),
    ],
)
def test_an_error_from_outside_is_found_below_what_covers_it(cause: Any, answer: Any, cover: Any) -> None:
    with pytest.raises(answer) as caught, uncovered(2):
        covered(cause, *cover)
    if answer is LoadingError:
        assert "workers: a process that loads pictures died" in str(caught.value)
        assert "try again with fewer than 2" in str(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
        FileNotFoundError(2, "No such file or directory", "a.jpg"),
        RuntimeError(
            "Caught RuntimeError in DataLoader worker process 0.\nOriginal Traceback (most recent call last):"
        ),
    ],
)
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, uncovered(2):
        raise error
    assert caught.value is error

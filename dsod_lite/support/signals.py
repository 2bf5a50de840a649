"""What comes from outside at any moment: Ctrl-C, a cluster's SIGTERM, the death of a loading process, a closed pipe."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any, Self

from .errors import LoadingError, one_line
from .processes import rank

STOPS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""They ask a process to stop; SIGHUP does when a terminal is closed. Windows has no SIGHUP."""
CHILD = [signal.SIGCHLD] if hasattr(signal, "SIGCHLD") else []
"""With it torch raises an error as soon as a loading process has died, wherever this one is."""


class Stopped(KeyboardInterrupt):
    """A run was asked to stop. `signum` None: by a signal to another of its processes."""

    def __init__(self, message: str, signum: int | None = None) -> None:
        super().__init__(message)
        self.signum = signum or signal.SIGTERM


class StopRequest:
    """Whether somebody asks this process to stop in the block.

    The first time is noted, for the block to stop where nothing is half done; the second time stops at once. Of two
    blocks the inner one is asked. Signals that somebody else takes care of, or that are ignored (`nohup`), stay as
    they are.
    """

    def __init__(self) -> None:
        self.signum: int | None = None
        self._at_once = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # the only one that gets signals
            usual = (signal.SIG_DFL, signal.default_int_handler)
            for s in STOPS:
                now = signal.getsignal(s)
                if now in usual or isinstance(getattr(now, "__self__", None), StopRequest):
                    self._before[s] = signal.signal(s, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for signum, handler in self._before.items():
            signal.signal(signum, handler)

    def _note(self, signum: int, frame: FrameType | None) -> None:
        if self._at_once or self.signum is not None:
            raise Stopped("stopped", signum)
        self.signum = signum
        if rank() == 0:
            os.write(2, b"\nstopping after this step (once more: at once)\n")  # print is not for handlers

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """For a block that may be left anywhere: one that only looks. Raises Stopped."""
        if self.signum is not None:
            raise Stopped("stopped", self.signum)
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Signals that come in the block are answered when it has ended."""
    came: list[int] = []
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for s in (*STOPS, *CHILD):
            if callable(signal.getsignal(s)) or (s in STOPS and signal.getsignal(s) is signal.SIG_DFL):
                before[s] = signal.signal(s, lambda signum, frame: came.append(signum))
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
        for signum in dict.fromkeys(came):
            signal.raise_signal(signum)


def while_read(main: Callable[[], int]) -> int:
    """A command line's exit status. Where nobody reads on what it prints (`| head`), it ends without a word."""
    try:
        try:
            return main()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python itself would complain at its end
        return 128 + 13  # SIGPIPE's, as a shell has it


def follow_parent(_: int) -> None:
    """For `DataLoader(worker_init_fn=…)`: Ctrl-C and SIGTERM reach all processes, and the one that trains decides.

    A second SIGTERM ends this one: torch sends it to a loading process that does not end by itself. And if the parent
    has gone while it was handed a picture, it is not for this one to complain.
    """
    complain = sys.excepthook

    def of_others(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, ConnectionError):
            complain(kind, error, trace)

    def once(signum: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    sys.excepthook = of_others
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, once)


@contextlib.contextmanager
def uncovered(workers: int) -> Iterator[None]:
    """Around all that goes on while processes load pictures: an error from outside is what it was where it began.

    torch says of the death of such a process wherever this one is at that moment, be it in a forward pass or within
    `torch.save`, which makes an error of its own of it; of Ctrl-C as well.

    Args:
        workers: how many processes load pictures.

    Raises:
        LoadingError: if one of them died.
        KeyboardInterrupt: if an error began with one.
    """
    try:
        yield
    except LoadingError:
        raise
    except Exception as error:
        for cause in causes(error):
            if isinstance(cause, KeyboardInterrupt):
                raise cause from None
            if is_of_dead_loader(cause):
                said = (
                    f"workers: a process that loads pictures died ({one_line(cause)}). It may have been out of memory: "
                )
                raise LoadingError(f"{said}try again with fewer than {workers}") from error
        raise


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what was being answered when it was raised, back to the first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def is_of_dead_loader(error: BaseException) -> bool:
    """Whether an error is what this process sees of the death of one that loads pictures for it."""
    if isinstance(error, RuntimeError):
        return "DataLoader worker" in str(error) and not str(error).startswith("Caught ")
    # Half of a picture, or nobody at the other end of its line, which has no file's name.
    lost = isinstance(error, FileNotFoundError) and error.filename is None
    return lost or isinstance(error, (ConnectionError, EOFError))

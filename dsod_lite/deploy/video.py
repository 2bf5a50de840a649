"""Videos frame by frame, in and out. PyAV does the work, which only those install who have videos."""

import contextlib
import importlib.util
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..support.errors import DataError, MissingPackage, one_line
from ..support.files import PART

SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".3gp")
TICKS = 90_000
"""A second, in the units of the times that are written: MPEG's, of which all usual frame rates are whole parts."""
LONGEST = 3600 * TICKS
"""That a frame is shown. MP4 has no room for a day, which a damaged video may say."""
CODECS = ("libx264", "mpeg4")
"""The first that is there writes. H.264 is played by every browser."""


class Frame(NamedTuple):
    """One frame of a video."""

    time: float
    """Seconds from the beginning."""
    picture: Tensor
    """uint8 RGB [3, H, W], upright."""


def is_video(path: Path) -> bool:
    """Whether a file of this name is one that we read as a video."""
    return path.suffix.lower() in SUFFIXES


def pyav() -> Any:
    """The package. Raises MissingPackage, saying how to install it."""
    if importlib.util.find_spec("av") is None:
        raise MissingPackage("videos need PyAV: pip install av")
    import av

    return av


def read_frames(path: Path) -> Iterator[Frame]:
    """The frames of a video, one after the other, as a player shows them.

    A file that breaks off is read as far as it goes.

    Raises:
        DataError: naming the file, if it is missing or has not one frame that can be read.
        MissingPackage: without PyAV.
    """
    av = pyav()
    if not path.exists():
        raise DataError(f"{path}: there is no such file")
    first: float | None = None  # some containers count from the start of a recording long before
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise DataError(f"{path}: has no video in it")
            container.streams.video[0].thread_type = "AUTO"
            for number, frame in enumerate(container.decode(video=0)):
                # Held sideways, a telephone stores the frames lying, and by how much they are to be turned.
                turned = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))
                time = number / 25 if frame.time is None else frame.time
                first = time if first is None else first
                yield Frame(time - first, torch.from_numpy(turned.copy()).permute(2, 0, 1))
    except av.FFmpegError as error:
        if first is None:
            raise DataError(f"{path}: cannot be read as a video: {one_line(error)}") from None
    if first is None:
        raise DataError(f"{path}: has not one frame that can be read")


@contextlib.contextmanager
def video_writer(path: Path) -> Iterator["Writer"]:
    """A new video, MP4 and without sound, to `write` frames to; it appears whole or not at all."""
    av = pyav()
    aside = path.with_name(path.name + PART)
    try:
        with av.open(str(aside), "w", format="mp4") as container:
            writer = Writer(av, container)
            yield writer
            writer.close()
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


class Writer:
    """Takes frames, all of the first one's size."""

    def __init__(self, av: Any, container: Any) -> None:
        self.av, self.container = av, container
        self.stream: Any = None
        self.last = -1

    def write(self, frame: Frame) -> None:
        height, width = frame.picture.shape[-2:]
        if self.stream is None:
            codec = next(name for name in CODECS if name in self.av.codecs_available)
            self.stream = self.container.add_stream(codec, rate=25)
            self.stream.width, self.stream.height = width + width % 2, height + height % 2  # colours are for 2×2 pixels
            self.stream.pix_fmt = "yuv420p"
            self.stream.codec_context.time_base = Fraction(1, TICKS)
        even = torch.nn.functional.pad(frame.picture, (0, width % 2, 0, height % 2))
        shown = self.av.VideoFrame.from_ndarray(np.ascontiguousarray(even.permute(1, 2, 0).numpy()), format="rgb24")
        self.last = shown.pts = min(max(round(frame.time * TICKS), self.last + 1), self.last + LONGEST)
        shown.time_base = Fraction(1, TICKS)
        self.container.mux(self.stream.encode(shown))

    def close(self) -> None:
        """Writes what the encoder has kept back."""
        if self.stream is not None:
            self.container.mux(self.stream.encode(None))

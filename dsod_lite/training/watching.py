"""What there is to see while a run goes on: its curve, and pictures with the detections of the day."""

import contextlib
import importlib.util
import warnings
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from torch import Tensor
from tqdm import tqdm

from .. import plots
from ..support.batches import as_bytes
from ..support.errors import one_line
from ..support.processes import rank
from .pace import Pace

PICTURES = 8
"""On a sheet of samples."""
MIN_SCORE = 0.4
"""Of what is drawn there, as in `detect`. A lower one fills the first sheets of a run with hundreds of boxes, which
takes seconds and shows nothing."""


def progress_bar(pace: Pace) -> Any:
    """The progress bar: of pictures, or in a run by minutes of its seconds."""
    if pace.seconds is not None:
        shown = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} s{postfix}"
        return tqdm(total=round(pace.seconds), initial=round(pace.elapsed), bar_format=shown, disable=rank() > 0)
    done, total = (steps * pace.config.batch_size for steps in pace.place())
    return tqdm(total=total, initial=done, unit="img", disable=rank() > 0)


def summary(entry: dict[str, float], epochs: int) -> str:
    """One line of the log."""
    minutes, seconds = divmod(round(entry["seconds"]), 60)
    of = f"/{epochs}" if epochs else ""
    return (
        f"epoch {entry['epoch']:3}{of}  loss {entry['loss']:.3f}  validation AP50 {entry['val_ap50']:.3f}"
        f"  {minutes}:{seconds:02}"
    )


class Watch:
    """FOLDER/samples gets a sheet of validation pictures whenever they are judged, FOLDER/tensorboard the curves.

    The curves are written where TensorBoard is installed, and `tensorboard --logdir FOLDER` shows them. With several
    processes the first one writes; a folder of None keeps nothing.
    """

    def __init__(self, folder: str | Path | None) -> None:
        self.folder = Path(folder) if folder is not None and rank() == 0 else None
        self._writer: Any = None

    def writer(self) -> Any:
        """TensorBoard's, from the first time that there is something to write; None where it is not installed."""
        if self._writer is None and self.folder is not None and importlib.util.find_spec("tensorboard"):
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(self.folder / "tensorboard")
        return self._writer

    def close(self) -> None:
        """Writes what is still to be written."""
        if self._writer is not None:
            with contextlib.suppress(Exception):
                self._writer.close()

    def show(self, entry: dict[str, float], dataset: Any, detections: list[dict[str, Tensor]] | None) -> None:
        """What there is to see of an epoch: its line of the curve and, where they were judged, validation pictures.

        Nothing that goes wrong here ends a run: it is warned of.
        """
        if self.folder is None:
            return
        try:
            if detections is not None:
                self._draw(self.folder / "samples", int(entry["epoch"]), dataset, detections)
            self._log(entry)
        except Exception as error:
            warnings.warn(f"epoch {entry['epoch']} is kept, but cannot be shown: {one_line(error)}", stacklevel=2)

    def _log(self, entry: dict[str, float]) -> None:
        if writer := self.writer():
            for name, value in entry.items():
                if name != "epoch":
                    writer.add_scalar(name, value, entry["epoch"])
            writer.flush()

    def _draw(self, folder: Path, epoch: int, dataset: Any, detections: list[dict[str, Tensor]]) -> None:
        """The first pictures, with their objects in dashes and what was found in the colours of the classes."""
        items = (dataset[i] for i in range(min(PICTURES, len(dataset))))  # as bytes: a photograph's floats are large
        shown = [(as_bytes(image), target) for image, target in items]
        images, targets = [image for image, _ in shown], [target for _, target in shown]
        classes = getattr(dataset, "classes", None)
        figure = plots.show_detections(images, detections[: len(shown)], targets, classes, MIN_SCORE)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            figure.savefig(folder / f"epoch_{epoch:04}.jpg", dpi=100)
            if writer := self.writer():
                writer.add_figure("detections", figure, epoch, close=False)
        finally:
            plt.close(figure)


class LiveHistory:
    """A curve in a notebook that grows with the run: `train(..., after_epoch=LiveHistory())`."""

    def __init__(self) -> None:
        self.handle: Any = None

    def __call__(self, history: list[dict[str, float]]) -> None:
        from IPython.display import display  # there is always one where this is of use

        figure = plots.plot_history(history).get_figure(root=True)
        if self.handle is None:
            self.handle = display(figure, display_id=True)
        else:
            self.handle.update(figure)
        plt.close(figure)

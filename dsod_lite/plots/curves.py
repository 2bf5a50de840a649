"""Curves: how a training went, and what a detector finds for what it gets wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ..evaluation.voc import VOCResult
from .canvas import PALETTE, class_color, class_name, new_axes, plain
from .fonts import USUAL, font_for


def plot_history(history: Sequence[Mapping[str, Any]], ax: Axes | None = None) -> Axes:
    """Losses over the epochs and, on a second scale at the right, the validation AP at IoU 0.5 in per cent.

    Each row of `history` has `epoch` and `loss`, and where they are known `classification`, `bbox_regression`
    and `val_ap50` (0..1).
    """
    ax = ax or new_axes(6.4, 3.6)
    lines: list[Line2D] = []

    def draw(where: Axes, key: str, scale: float, style: str, color: str, name: str) -> None:
        points = [(row["epoch"], scale * row[key]) for row in history if row.get(key) is not None]
        if points:
            xs, ys = zip(*points, strict=True)
            lines.extend(where.plot(xs, ys, style, color=color, linewidth=1.4, markersize=3, label=name))
            if len(points) == 1:  # which makes no line
                lines[-1].set_marker("o")

    draw(ax, "loss", 1, "-", PALETTE[0], "loss")
    draw(ax, "classification", 1, "--", PALETTE[0], "classification")
    draw(ax, "bbox_regression", 1, ":", PALETTE[0], "box regression")
    plain(ax, "epoch", "loss")
    ax.set_ylim(bottom=0)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if any(row.get("val_ap50") is not None for row in history):
        right = ax.twinx()
        draw(right, "val_ap50", 100, "o-", PALETTE[3], "validation AP50")
        right.set_ylabel("AP50 (%)", color=PALETTE[3])
        right.set_ylim(0, 100)
        right.spines["top"].set_visible(False)
        ax.yaxis.label.set_color(PALETTE[0])
    # Above the axes, where no curve can run beneath it.
    ax.legend(handles=lines, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4, frameon=False, fontsize=9)
    return ax


def plot_precision_recall(result: VOCResult, class_names: Sequence[str] | None = None, ax: Axes | None = None) -> Axes:
    """Precision against recall, a line for each class that has objects; the best AP comes first."""
    ax = ax or new_axes(6.4, 4.2)
    for label in sorted((c for c in result.ap if result.num_objects[c]), key=lambda c: -result.ap[c]):
        curve = result.curves[label]
        # From the left edge on: up to the recall of the first detection, precision is that detection's.
        ax.plot(
            np.append(0.0, curve.recall),
            np.append(curve.precision[0] if len(curve.precision) else 0.0, curve.precision),
            color=class_color(label),
            linestyle=("-", "--", ":")[(label - 1) // len(PALETTE) % 3],
            linewidth=1.4,
            label=f"{100 * result.ap[label]:.1f}  {class_name(label, class_names)}",
        )
    plain(ax, "recall", "precision")
    ax.set(xlim=(0, 1.01), ylim=(0, 1.03))
    method = "11-point" if result.method == "11point" else result.method
    title = f"mean AP {100 * result.mean_ap:.1f} % ({method}, IoU {result.iou_threshold:g})"
    ax.set_title(title, fontsize=10)
    if ax.lines:
        legend = ax.legend(title="AP (%)", loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=8)
        for words in legend.get_texts():
            if (font := font_for(words.get_text())) not in (None, USUAL):
                words.set_fontproperties(font)
                words.set_fontsize(8)
    return ax

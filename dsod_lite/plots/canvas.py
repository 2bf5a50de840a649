"""What the figures share: colours, names, and the axes that they are drawn into."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from .fonts import writable

# Okabe and Ito, "Color Universal Design" (2008): told apart with every common kind of colour blindness. The
# order is ours: neighbours differ most, and yellow, faint on white, comes last.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#F0E442")


def class_name(label: int, class_names: Sequence[str] | None) -> str:
    """The name of a label 1..C, or the number where there are no names, or no font that has its letters.

    Its dollar signs are written as Matplotlib wants them, which takes what is between two of them for mathematics.
    Raises ValueError for a label without a name.
    """
    if class_names is None:
        return str(label)
    if not 1 <= label <= len(class_names):
        raise ValueError(f"label {label} has no name: class_names has the {len(class_names)} names from 1 up")
    return writable(class_names[label - 1], label).replace("$", r"\$")


def class_color(label: int) -> str:
    """The colour of a label 1..C, the same in every figure."""
    return PALETTE[(label - 1) % len(PALETTE)]


def new_axes(width: float, height: float) -> Axes:
    """Axes that fill a new figure; width and height in inches."""
    return plt.subplots(figsize=(width, height), layout="constrained", facecolor="white")[1]


def plain(ax: Axes, xlabel: str, ylabel: str) -> None:
    """Axis names, two spines, and a faint grid behind the lines."""
    ax.set(xlabel=xlabel, ylabel=ylabel, axisbelow=True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color="#dddddd", linewidth=0.6)

"""Figures, in plain matplotlib: boxes on pictures, training curves, precision and recall, priors.

A function that fills one Axes draws into `ax`, or into a new figure, and returns the Axes; one that draws a
grid returns the Figure. None calls `plt.show()`. A notebook shows a new figure by itself: assign what comes
back, or end the line with a semicolon, so that it is not shown twice. Backgrounds are white on any page.
"""

from .canvas import PALETTE
from .curves import plot_history, plot_precision_recall
from .pictures import plot_priors, show_boxes, show_detections, show_samples

__all__ = [
    "PALETTE",
    "plot_history",
    "plot_precision_recall",
    "plot_priors",
    "show_boxes",
    "show_detections",
    "show_samples",
]

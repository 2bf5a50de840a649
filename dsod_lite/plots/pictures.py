"""Pictures with boxes on them: what is there, what was found, and where the priors are."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms.v2 import functional as transforms

from .canvas import PALETTE, class_color, class_name, new_axes, plain
from .fonts import USUAL, font_for

FINEST = 1500
"""Pixels of a side that are drawn, more than a figure shows: Matplotlib takes seconds for a telephone's 4,000."""


def show_boxes(
    image: Tensor,
    boxes: Tensor,
    labels: Tensor | None = None,
    scores: Tensor | None = None,
    class_names: Sequence[str] | None = None,
    ax: Axes | None = None,
    color: str | None = None,
) -> Axes:
    """Draws an image and boxes on it, each with its class and score where they are given; the best on top.

    Args:
        image: [3, H, W], float in [0, 1] or uint8.
        boxes: [N, 4] xyxy in pixels of the image, any dtype and device.
        labels: int [N], 1..C, which choose the colours.
        scores: float [N].
        class_names: the names of the labels 1..C; without them the number is written.
        color: one colour for all boxes instead.

    Raises:
        ValueError: the image has another shape, `labels` or `scores` another length, or a label no name.
    """
    for name, values in (("labels", labels), ("scores", scores)):
        if values is not None and len(values) != len(boxes):
            raise ValueError(f"there are {len(boxes)} boxes, but {len(values)} {name}")
    pixels = _pixels(image)
    height, width = image.shape[-2:]
    ax = ax or new_axes(5, 5 * height / width)
    # Boxes measure from the image's corner; by itself imshow puts 0 in the middle of the first pixel.
    ax.imshow(pixels, extent=(0, width, height, 0))
    ax.set(xlim=(0, width), ylim=(height, 0))
    ax.set_axis_off()
    for i in range(len(boxes)) if scores is None else scores.argsort(stable=True).tolist():
        words = [] if labels is None else [class_name(int(labels[i]), class_names)]
        words += [] if scores is None else [f"{scores[i].item():.2f}"]
        shade = color or class_color(1 if labels is None else int(labels[i]))
        _draw_box(ax, boxes[i].tolist(), " ".join(words), shade, width, height)
    return ax


def show_detections(
    images: Sequence[Tensor],
    detections: Sequence[Mapping[str, Any]],
    targets: Sequence[Mapping[str, Any]] | None = None,
    class_names: Sequence[str] | None = None,
    min_score: float = 0.3,
    columns: int = 4,
) -> Figure:
    """A grid of images with the detections scored `min_score` or more; ground truth, if given, in dashes.

    Args:
        images: [3, H, W] each, float in [0, 1] or uint8; sizes may differ.
        detections: for each image a dict of `boxes` (xyxy, pixels), `labels` and `scores`.
        targets: for each image a dict of `boxes`.
        class_names: the names of the labels 1..C.

    Raises:
        ValueError: there are no images, the lists differ in length, or as `show_boxes` does.
    """
    for name, records in (("detections", detections), ("targets", targets)):
        if records is not None and len(records) != len(images):
            raise ValueError(f"{name} are of {len(records)} images, but there are {len(images)}")
    figure, axes = _grid(images, columns)
    for i, (image, found, ax) in enumerate(zip(images, detections, axes, strict=True)):
        sure = found["scores"] >= min_score
        show_boxes(image, found["boxes"][sure], found["labels"][sure], found["scores"][sure], class_names, ax)
        for x1, y1, x2, y2 in [] if targets is None else targets[i]["boxes"].tolist():
            # White and black dashes in turn: one of the two shows on any picture. Below the detections.
            xs, ys = [x1, x2, x2, x1, x1], [y1, y1, y2, y2, y1]
            ax.plot(xs, ys, color="white", gapcolor="black", linestyle=(0, (4, 4)), linewidth=1, zorder=0.9)
    return figure


def show_samples(dataset: Any, indices: Sequence[int], columns: int = 4) -> Figure:
    """A grid of a data set's images with their ground truth, named by `dataset.classes` if it has that.

    `dataset[i]` is an image [3, H, W] and a target with `boxes` (xyxy, pixels) and `labels` (1..C). Raises
    ValueError if `indices` is empty, or as `show_boxes` does.
    """
    samples = [dataset[i] for i in indices]
    figure, axes = _grid([image for image, _ in samples], columns)
    names = getattr(dataset, "classes", None)
    for (image, target), ax in zip(samples, axes, strict=True):
        show_boxes(image, target["boxes"], target["labels"], class_names=names, ax=ax)
    return figure


def plot_priors(
    priors: Tensor,
    image_size: int | tuple[int, int],
    ax: Axes | None = None,
    image: Tensor | None = None,
    color: str | None = None,
    linewidth: float = 1.0,
) -> Axes:
    """Draws priors and their centres around an image's canvas; none is cut off, however far out it lies.

    Args:
        priors: [P, 4] cxcywh, in fractions of the image.
        image_size: the canvas in pixels, one number for a square or (height, width).
        image: [3, H, W], drawn beneath and stretched to the canvas.
        color: one colour for all; without it those centred outside the image have another than the rest.
    """
    height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
    ax = ax or new_axes(5, 5)
    ax.add_patch(Rectangle((0, 0), width, height, facecolor="#f0f0f0", edgecolor="#666666", zorder=-1))
    if image is not None:
        ax.imshow(_pixels(image), extent=(0, width, height, 0), alpha=0.6)
    x, y, w, h = (priors.detach().cpu().double().numpy() * (width, height, width, height)).T
    left, top, right, bottom = x - w / 2, y - h / 2, x + w / 2, y + h / 2
    corners = np.stack([left, top, right, top, right, bottom, left, bottom], axis=1).reshape(-1, 4, 2)
    outside = (x < 0) | (x > width) | (y < 0) | (y > height)
    for group, shade, side in ((~outside, PALETTE[0], "inside"), (outside, PALETTE[3], "outside")):
        shade = color or shade
        if group.any():
            boxes = PolyCollection(list(corners[group]), facecolors="none", edgecolors=shade)
            boxes.set_linewidth(linewidth)
            ax.add_collection(boxes)
            label = f"{group.sum()} centred {side}"
            ax.plot(x[group], y[group], ".", color=shade, markersize=3, label=label)
    if outside.any() and color is None:
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False, fontsize=9)
    plain(ax, "x (pixels)", "y (pixels)")
    ax.grid(False)
    ax.set_aspect("equal")
    margin = 0.03 * max(height, width)
    ax.set_xlim(left.min(initial=0) - margin, right.max(initial=width) + margin)
    ax.set_ylim(bottom.max(initial=height) + margin, top.min(initial=0) - margin)
    return ax


def _grid(images: Sequence[Tensor], columns: int) -> tuple[Figure, list[Axes]]:
    """A figure and one Axes for each image; what is left of the last row stays blank."""
    if not len(images):
        raise ValueError("there are no images to show")
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    width = 10.4 / max(columns, 3)  # inches; a single picture need not fill the page
    height = width * max(image.shape[-2] / image.shape[-1] for image in images)
    figure = plt.figure(figsize=(columns * width, rows * height), layout="constrained", facecolor="white")
    return figure, [figure.add_subplot(rows, columns, i + 1) for i in range(len(images))]


def _pixels(image: Tensor) -> NDArray:
    if image.ndim != 3 or image.shape[0] != 3:
        raise ValueError(f"the image has shape {list(image.shape)}; it should be [3, H, W]")
    image = image.detach().cpu()
    shrink = FINEST / max(image.shape)
    if shrink < 1:
        image = transforms.resize(image, [max(1, round(side * shrink)) for side in image.shape[1:]], antialias=True)
    return (image if image.dtype == torch.uint8 else image.float().clamp(0, 1)).permute(1, 2, 0).numpy()


def _draw_box(ax: Axes, box: Sequence[float], words: str, color: str, width: int, height: int) -> None:
    """A box in a thin line with a contrasting rim, and its words on a plate at its upper edge."""
    x1, y1, x2, y2 = box
    red, green, blue = to_rgb(color)
    # Relative luminance (WCAG 2, its curve taken as a power): above 0.18 black stands out more than white.
    contrast = "black" if 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2 > 0.18 else "white"
    frame = Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=color, linewidth=1.4)
    frame.set_path_effects([withStroke(linewidth=2.6, foreground=contrast)])
    ax.add_patch(frame)
    if words:
        at_right = x1 > 0.6 * width  # too little room for the words to the right of x1
        text = ax.text(
            min(x2, width) if at_right else max(x1, 0),
            max(y1, 0),
            words,
            fontsize=7,
            color=contrast,
            horizontalalignment="right" if at_right else "left",
            verticalalignment="top" if y1 < 0.08 * height else "bottom",
            bbox={"facecolor": color, "edgecolor": "none", "pad": 1},
            clip_on=True,
        )
        if (font := font_for(words)) not in (None, USUAL):
            text.set_fontproperties(font)
            text.set_fontsize(7)

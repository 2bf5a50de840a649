"""The experiments as pictures, from their records alone: means with 95 % intervals, and every seed where there is room.

A figure of what is not recorded yet says so.
"""

import csv
import statistics
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dsod_lite.plots import PALETTE

from .catalogue import experiment, measure_of
from .records import RECORDS, Record, clipped, dots, interval, load, values, within

PAPER = RECORDS.parent / "paper" / "comparison.csv"
PUBLISHED = {
    "dsod300": ("DSOD300", "dense"),
    "dsod300_plain": ("DSOD300", "plain"),
    "dsod300_lite": ("DSOD300 lite", "dense"),
    "dsod300_smallest": ("DSOD300 smallest", "dense"),
    "ssd300_vgg16": ("SSD300*", "plain"),
}
"""The networks of `speed` in the paper's table: detector and prediction."""
ENGINES = {"torch": "o", "fast_network": "s", "onnx": "^", "onnx_int8": "v"}
HOLLOW = "onnx_int8"
"""The engine whose answers are not those that the published mAP was measured with."""


def picture(name: str, measure: str | None = None, folder: Path = RECORDS) -> Figure:
    """Every seed of every recorded variant as a dot, beside them the mean and its interval.

    Args:
        name: the experiment's.
        measure: which number of the records; None: the one that the experiment is about.
        folder: the records'.
    """
    module, runs = experiment(name), load(name, folder)
    ordered = {variant: runs[variant] for variant in module.VARIANTS if variant in runs}
    if not ordered:
        return nothing(name)
    figure, ax = new_figure(width=2.4 + 0.7 * len(ordered))  # a phone shrinks the page's width, and the words with it
    dots(ax, ordered, measure or measure_of(module))
    ax.tick_params(axis="x", labelrotation=25, labelsize=9.5)
    for tick in ax.get_xticklabels():
        tick.set_horizontalalignment("right")
    return figure


def curves(name: str, kinds: Sequence[str], numbers: Sequence[int], label: str, folder: Path = RECORDS) -> Figure:
    """An experiment whose variants are a kind and a number each: a curve of means and intervals for every kind.

    Where there is one seed only, its dot is hollow.

    Args:
        name: the experiment's; its variants are called KIND_NUMBER.
        kinds: one curve each.
        numbers: the places on the x axis, which is logarithmic.
        label: the x axis's.
        folder: the records'.
    """
    runs, measure = load(name, folder), measure_of(experiment(name))
    if not runs:
        return nothing(name)
    figure, ax = new_figure()
    for shift, kind in enumerate(kinds):
        x = {n: n * (1 + 0.02 * (shift - (len(kinds) - 1) / 2)) for n in numbers}  # intervals beside each other
        found = {n: values(runs.get(f"{kind}_{n}", []), measure) for n in numbers}
        spans = {n: clipped(interval(several), measure) for n, several in found.items() if len(several) > 1}
        ax.errorbar(
            [x[n] for n in spans],
            [mean for mean, _, _ in spans.values()],
            [[mean - low for mean, low, _ in spans.values()], [high - mean for mean, _, high in spans.values()]],
            fmt="o-", color=PALETTE[shift], capsize=3, markersize=4, label=kind,
        )  # fmt: skip
        alone = {x[n]: one[0] for n, one in found.items() if len(one) == 1}
        ax.plot(list(alone), list(alone.values()), "o", color=PALETTE[shift], markersize=5, markerfacecolor="none")
    ax.set_xscale("log")
    ax.set_xticks(numbers, [f"{n:,}" for n in numbers], minor=False)
    ax.minorticks_off()
    ax.set(xlabel=label, ylabel=measure)
    within(ax, measure)
    figure.legend(frameon=False, loc="outside right upper")
    return figure


def by_layer(measure: str = "agreement", folder: Path = RECORDS) -> Figure:
    """What `gradients` heard at each layer: before training on the left, after it on the right; a line a seed.

    Args:
        measure: "agreement", or "lengths" on a logarithmic axis.
        folder: the records'.
    """
    runs = load("gradients", folder)
    if not runs:
        return nothing("gradients")
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 3), sharey=True, layout="constrained", facecolor="white")
    for ax, moment, title in zip(axes, (0, -1), ("before training", "after"), strict=True):
        for color, kind in zip(PALETTE, experiment("gradients").VARIANTS, strict=False):
            for number, record in enumerate(runs.get(kind, [])):
                heard = record["result"]["moments"][moment][measure]
                layers = range(1, len(heard) + 1)
                ax.plot(layers, heard, color=color, alpha=0.7, linewidth=1.3, label=None if number else kind)
        ax.set(title=title, xlabel="layer, the picture's first")
        ax.spines[["top", "right"]].set_visible(False)
        if measure == "lengths":
            ax.set_yscale("log")
    axes[0].set_ylabel({"agreement": "cosine with and without noise", "lengths": "length of the gradient"}[measure])
    axes[0].legend(frameon=False)
    return figure


def frontier(folder: Path = RECORDS) -> Figure:
    """`speed`'s milliseconds of each engine against the published mAP on VOC 2007, for the networks that have one.

    Dashed: the frontier, on which no network is both faster and better. The published mAP is of floats, so eight bits
    are hollow and have no part in it.
    """
    runs, published = load("speed", folder), published_map()
    if not set(runs) & set(PUBLISHED):
        return nothing("speed")
    figure, ax = new_figure()
    floats: list[tuple[float, float]] = []
    for color, (variant, named) in zip(PALETTE, PUBLISHED.items(), strict=False):
        times, y = median_times(runs.get(variant, [])), published[named]
        ax.plot(list(times.values()), [y] * len(times), color=color, linewidth=1, alpha=0.6)
        for engine, x in times.items():
            inside = "white" if engine == HOLLOW else color
            ax.plot(x, y, ENGINES[engine], color=color, markerfacecolor=inside, markersize=6)
        floats += [(x, y) for engine, x in times.items() if engine != HOLLOW]
        if times:
            place = (max(times.values()), y)
            ax.annotate(variant, place, (7, 1), textcoords="offset points", fontsize=8, color="#333333")
    best = undominated(floats)
    ax.plot(*zip(*best, strict=True), "--", color="grey", linewidth=1, zorder=0, label="frontier")
    for engine, marker in ENGINES.items():
        inside = "white" if engine == HOLLOW else "grey"
        ax.plot([], [], marker, color="grey", markerfacecolor=inside, label=engine.replace("_", " "))
    ax.set_xscale("log")
    ticks = [50, 100, 200, 400, 800]
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.minorticks_off()
    ax.margins(x=0.3, y=0.15)  # the names need room
    ax.set(xlabel="milliseconds a picture, one thread", ylabel="published mAP, VOC 2007")
    ax.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def undominated(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of points (time, mAP) those that no other beats in both, the fastest first."""
    best: list[tuple[float, float]] = []
    for x, y in sorted(points, key=lambda point: (point[0], -point[1])):
        if not best or y > best[-1][1]:
            best.append((x, y))
    return best


def median_times(records: Sequence[Record]) -> dict[str, float]:
    """Milliseconds of every engine: the median over a variant's records."""
    engines = records[0]["result"]["milliseconds"] if records else {}
    return {name: statistics.median(r["result"]["milliseconds"][name] for r in records) for name in engines}


def published_map() -> dict[tuple[str, str], float]:
    """mAP on VOC 2007 by detector and prediction: the paper's table, first row of each, trained on 07+12."""
    with open(PAPER, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["train_data"] == "07+12" and row["voc07_map"]]
    return {(row["detector"], row["prediction"]): float(row["voc07_map"]) for row in reversed(rows)}


def new_figure(width: float = 7.2) -> tuple[Figure, Axes]:
    """One Axes, at most as wide as the page; `width` in inches. White on any page."""
    figure, ax = plt.subplots(figsize=(min(width, 7.2), 3.2), layout="constrained", facecolor="white")
    ax.spines[["top", "right"]].set_visible(False)
    return figure, ax


def nothing(name: str) -> Figure:
    """The word that nothing is there to draw."""
    figure, ax = plt.subplots(figsize=(7.2, 0.5), layout="constrained", facecolor="white")
    ax.axis("off")
    ax.text(0.5, 0.5, f"No run of “{name}” is recorded yet.", ha="center", va="center")
    return figure

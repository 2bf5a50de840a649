"""The findings as two figures: every difference with its interval, and the headline questions by their budget."""

from pathlib import Path

from matplotlib.figure import Figure

from dsod_lite.plots import PALETTE

from .figures import new_figure, nothing
from .questions import QUESTIONS
from .records import RECORDS
from .table import MATTERS, rows

COLORS = {"held": PALETTE[0], "contrary": PALETTE[1], "no difference that matters": PALETTE[2], "open": "#8a8a8a"}
"""By verdict."""


def forest(headline: bool = True, folder: Path = RECORDS) -> Figure:
    """A line for each finding that is judged: the difference as a dot, its 95 % interval, the verdict as a colour.

    Args:
        headline: the questions of the plan at the longest budget that is recorded of each; False: the exploration.
        folder: the records'.
    """
    found = [each for each in rows(folder) if each["headline"] == headline and each["p_holm"] is not None]
    if headline:  # rows begin with the longest budget
        first: dict[str, dict] = {}
        for each in found:
            first.setdefault(each["question"], each)
        found = list(first.values())
    found = [each for each in found if each["measure"].startswith("AP")]  # one axis for all
    if not found:
        return nothing("headline_long" if headline else "exploration")
    figure, ax = new_figure()
    figure.set_size_inches(7.2, 1 + 0.27 * len(found))
    for place, each in enumerate(reversed(found)):
        ax.plot([each["low"], each["high"]], [place, place], color=COLORS[each["verdict"]], linewidth=2)
        ax.plot(each["difference"], place, "o", color=COLORS[each["verdict"]], markersize=5)
    ax.axvspan(-MATTERS, MATTERS, color="#e8e8e8", zorder=0)
    ax.axvline(0, color="grey", linewidth=0.8, zorder=1)
    ax.set_yticks(range(len(found)), [short(each) for each in reversed(found)], fontsize=7)
    ax.set(xlabel="difference in average precision", ylim=(-0.7, len(found) - 0.3))
    used = [verdict for verdict in COLORS if verdict in {each["verdict"] for each in found}]
    for verdict in used:
        ax.plot([], [], "o-", color=COLORS[verdict], label=verdict, markersize=5)
    figure.legend(frameon=False, fontsize=8, loc="outside lower center", ncols=len(used))
    return figure


def before_and_after(folder: Path = RECORDS) -> Figure:
    """A line for each finding of the exploration that held by itself: its own 95 % interval, and that for all together.

    Thick is the interval by itself; thin the one with which all intervals of the exploration are right at once.
    """
    found = [e for e in rows(folder) if not e["headline"] and e["verdict_uncorrected"] in ("held", "contrary")]
    if not found:
        return nothing("exploration")
    figure, ax = new_figure()
    figure.set_size_inches(7.2, 1 + 0.27 * len(found))
    for place, each in enumerate(reversed(found)):
        color = COLORS[each["verdict"]]
        ax.plot([each["low_corrected"], each["high_corrected"]], [place, place], color=color, linewidth=1)
        ax.plot([each["low"], each["high"]], [place, place], color=color, linewidth=4, solid_capstyle="butt")
        ax.plot(each["difference"], place, "|", color="black", markersize=8)
    ax.axvline(0, color="grey", linewidth=0.8, zorder=1)
    ax.set_yticks(range(len(found)), [short(each) for each in reversed(found)], fontsize=7)
    ax.set(xlabel="difference; thick: by itself, thin: all together", ylim=(-0.7, len(found) - 0.3), xlim=(-1, 1))
    return figure


def short(row: dict) -> str:
    """What a line compares, by which measure if it is not AP50, and at which budget."""
    measure = "" if row["measure"] == "AP50" else f", {row['measure']}"
    return f"{row['a']} − {row['b']}{measure}, {row['budget_steps']:,} steps".replace("_", " ")


def by_budget(folder: Path = RECORDS) -> Figure:
    """A small panel for each headline question: the difference and its interval against the steps."""
    found = [each for each in rows(folder) if each["headline"] and each["p_holm"] is not None]
    asked = [question for question in QUESTIONS if question.sentence in {each["question"] for each in found}]
    if not asked:
        return nothing("headline_short")
    figure, _ = new_figure()
    figure.clear()
    columns = min(3, len(asked))
    figure.set_size_inches(7.2, 2.1 * -(-len(asked) // columns))
    for number, question in enumerate(asked, start=1):
        ax = figure.add_subplot(-(-len(asked) // columns), columns, number)
        own = sorted((e for e in found if e["question"] == question.sentence), key=lambda e: e["budget_steps"])
        x = [each["budget_steps"] for each in own]
        y = [each["difference"] for each in own]
        margins = [[e["difference"] - e["low"] for e in own], [e["high"] - e["difference"] for e in own]]
        ax.errorbar(x, y, margins, fmt="o-", color=PALETTE[0], capsize=3, markersize=4)
        ax.axhline(0, color="grey", linewidth=0.8, zorder=0)
        ax.set_xscale("log")
        ax.set_xticks(x, [f"{steps:,}" for steps in x])
        ax.minorticks_off()
        ax.tick_params(labelsize=7)
        ax.spines[["top", "right"]].set_visible(False)
        ax.set_title(f"{question.a} − {question.b}".replace("_", " "), fontsize=8)
    figure.supxlabel("steps", fontsize=8)
    figure.supylabel("difference in AP50", fontsize=8)
    return figure

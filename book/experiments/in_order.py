"""Makes the runs of PLAN.md that are not recorded yet, in the plan's order: python -m book.experiments.in_order

It can be stopped at any moment: what is recorded is left out, and a run that was under way goes on from its checkpoint.
"""

from .comparisons import classifier, rates
from .machinery.runner import run_all
from .parts.headline import ARMS

GROUPS: tuple[tuple[str, ...], ...] = (
    ("dsod", "ssd_norm", "faster_rcnn_norm", "ssd"),
    ("ladder_top", "ladder_base", "densenet_stem", "plain_prediction"),
    ("dense_30", "residual_30", "plain_30", "dense_15", "residual_15"),
    ("scratch_50", "pretrained_50", "scratch_1000", "pretrained_1000"),
    ("faster_rcnn", "plain_15", *(name for name, arm in ARMS.items() if arm.searched_as)),
)
"""The arms of questions 1 to 4, 5 to 7, 8 to 10, 11 and 12, and those that answer none by themselves."""


def search(arm: str) -> None:
    """Makes the trials that the rule asks for, to the end of the search."""
    while ARMS[arm].pretrained and (trials := classifier.wanted()):
        run_all("classifier", variants=trials)
    while ARMS[arm].searched_as is None and (trials := rates.wanted(arm)):
        run_all("rates", variants=trials)


def main() -> None:
    """Each group's search, first long seed and short seeds; then the other long seeds; the middle budget at the end."""
    for group in GROUPS:
        for arm in group:
            search(arm)
        run_all("headline_long", seeds=1, variants=list(group))
        run_all("headline_short", variants=list(group))
    for group in GROUPS:
        run_all("headline_long", variants=list(group))
    run_all("headline_middle")


if __name__ == "__main__":
    main()

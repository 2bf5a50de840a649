"""Makes the runs of PLAN.md that are not recorded yet, in the plan's order: python -m book.experiments.in_order

It can be stopped at any moment: what is recorded is left out, and a run that was under way goes on from its checkpoint.
"""

import time

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


SECONDS_TO_WAIT = 10


def search(arms: tuple[str, ...]) -> None:
    """Makes the trials that the rule asks for, to the end of each arm's search.

    What another process is making is waited for: the next trial depends on it.
    """
    while wanting := [arm for arm in arms if ARMS[arm].searched_as is None and rates.wanted(arm)]:
        for arm in wanting:
            if ARMS[arm].pretrained and (trials := classifier.wanted()):
                run_all("classifier", variants=trials)
            else:
                run_all("rates", variants=rates.wanted(arm))
        time.sleep(SECONDS_TO_WAIT)


def main() -> None:
    """Group by group: the search, the long runs, the short ones. The middle budget comes at the end."""
    for group in GROUPS:
        search(group)
        run_all("headline_long", variants=list(group))
        run_all("headline_short", variants=list(group))
    run_all("headline_middle")


if __name__ == "__main__":
    main()

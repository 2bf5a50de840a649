"""What to do next, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

GOOD = 0.9
"""AP50 from which on more work is a matter of taste."""
FEW = 200
"""Pictures to learn from; with fewer, more of them help more than anything else."""
WIDE = 0.2
"""A 95 % interval from which on the number says little."""


def so_many(pictures: int) -> str:
    """A number of pictures in words."""
    return f"{pictures} picture{'s' * (pictures != 1)}"


def advice(said: Mapping[str, Any], history: Sequence[Mapping[str, float]], train_set: Any, doubts: int) -> list[str]:
    """The next steps, the most useful first.

    Args:
        said: the page's numbers, see `write_report`.
        history: the run's curve.
        train_set: what was trained on.
        doubts: how many labels are doubted.
    """
    steps = []
    if said["AP50"] >= GOOD:
        steps.append("It finds nearly everything. Try it on pictures of another day, place or camera, and then use it.")
    if doubts:
        labels = f"{doubts} labels" if doubts > 1 else "label"
        steps.append(
            f"Look at the {labels} that the detector doubts, below. Correcting labels helps twice: it learns "
            "from better ones, and is judged by better ones."
        )
    looks = [row["val_ap50"] for row in history if "val_ap50" in row]
    if len(looks) >= 4 and max(looks[-2:]) > max(looks[:-2]) + 0.01:
        steps.append("The validation AP50 was still rising when the time was up. Train again with twice the minutes.")
    elif len(looks) >= 4 and said["AP50"] < GOOD:
        steps.append("The validation AP50 had stopped rising. More minutes alone will not help much.")
    if len(train_set) < FEW and said["AP50"] < GOOD:
        steps.append(
            f"There are {len(train_set)} pictures to learn from. More of them help most. Let this detector label the "
            "next fifty (`detect --format`), correct its boxes, and train on all."
        )
    named = {
        "class": "Most is lost by wrong names: look whether the classes are labelled alike everywhere, and add "
        "pictures of those that are taken for one another.",
        "place": "Most is lost by boxes that fit badly: draw labels tight and alike; a larger `--image-size` may help.",
        "missed": "Most is lost by objects that are not found: look below which; if they are small, take a larger "
        "`--image-size`, or cut the pictures into pieces.",
        "background": "Most is lost by false alarms: add pictures without any object that show what is taken for one.",
    }
    worst = max(said["costs"], key=said["costs"].__getitem__)
    if said["costs"][worst] > 0.03 and worst in named:
        steps.append(named[worst])
    low, high = said["interval"]
    if low is not None and high - low > WIDE:
        steps.append(
            f"With {so_many(said['pictures'])} to judge by, the AP50 lies anywhere between {low:.2f} and {high:.2f}: "
            "compare two runs with `compare`, not by eye."
        )
    return steps

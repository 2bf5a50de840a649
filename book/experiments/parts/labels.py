"""A detector that learns from one of the blood cells' two labellings, and is judged by both. See PLAN.md."""

from typing import Any

from dsod_lite import dsod_tiny
from dsod_lite.datasets import upless_augmentation

from .common import judge, train_and_judge
from .relabelled import Labels, TwiceLabelled

SIDE = 256
MEASURE = "AP50_second"
VARIANTS: dict[str, Labels] = {"first": "first", "second": "second"}
LABELLINGS: tuple[Labels, ...] = ("first", "second")


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One detector, trained by the labels that `variant` names. "AP50_first" is its AP50 by the first, and so on."""
    model = dsod_tiny(4, SIDE)
    train_set = TwiceLabelled("trainval", VARIANTS[variant], upless_augmentation(SIDE))
    by_second = TwiceLabelled("test", "second")
    fields: dict[str, Any] = {"learning_rate": 0.01, "weight_decay": 0.05}
    result = train_and_judge(model, train_set, by_second, seed, epochs, **fields)
    judged = {"first": judge(model, TwiceLabelled("test", "first")), "second": result}
    named = {f"{measure}_{name}": judged[name][measure] for name in LABELLINGS for measure in ("AP50", "AP", "ap50")}
    return {**named, **result, "pictures": len(train_set)}

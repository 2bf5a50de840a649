"""The arms of the headline questions, and one way to train and judge them all: what PLAN.md says, as code.

`headline_short`, `headline_middle` and `headline_long` run these arms at three budgets; `rates` chooses each arm's
learning rate and weight decay; `in_order` makes all of it. All see the same drawn pictures, augmented, in the same
order for the same seed.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from dsod_lite import dsod_tiny, predict

from ..comparisons import depth, ladder, proposal_free
from ..comparisons.classifier import start_from_classifier
from ..machinery.records import RECORDS
from ..machinery.resampling import resampled_ap50
from .blocks import with_other_blocks
from .common import SIDE, judge, shapes, train_and_judge

MEASURE = "AP50"
PICTURES = 2000
"""Pictures with boxes to learn from, where an arm has no other number."""
BATCH = 16
STEPS = PICTURES // BATCH
"""Steps of a pass; an arm with fewer pictures has as many steps, in more passes."""
VALIDATION_SEED, FRESH_SEED = 3, 4
"""The series of drawn pictures by which settings are chosen, and one by which nothing was judged before the plan."""
JUDGED = 400
"""Pictures of each of the two."""


@dataclass(frozen=True)
class Arm:
    """A detector and what it starts from."""

    make: Callable[[], nn.Module]
    pictures: int = PICTURES
    share: float = 1.0
    """Of the budget's steps."""
    pretrained: bool = False
    other_blocks: bool = False
    """Whether its dense blocks were replaced, so that its config does not describe them."""
    searched_as: str | None = None
    """The arm whose learning rate and weight decay it takes; None: it has its own."""


@dataclass(frozen=True)
class Settings:
    """What `rates` chooses for an arm."""

    learning_rate: float
    weight_decay: float


def tiny(**fields: Any) -> Callable[[], nn.Module]:
    """Makes `dsod_tiny` at the pictures' size, with other fields of its config."""
    return lambda: dsod_tiny(image_size=SIDE, **fields)


def of_depth(kind: str, layers: int) -> Arm:
    """One of the chains of `depth`."""
    return Arm(lambda: depth.make_detector(kind, layers), other_blocks=True)


ARMS: dict[str, Arm] = {
    **{name: Arm(make) for name, make in proposal_free.MODELS.items()},
    "ladder_base": Arm(tiny(**ladder.fields_of("1_base"))),
    "ladder_top": Arm(tiny(**ladder.fields_of("8_dense_prediction"))),
    "densenet_stem": Arm(tiny(stem="densenet")),
    "plain_prediction": Arm(tiny(prediction="plain")),
    **{f"{kind}_{layers}": of_depth(kind, layers) for layers in (15, 30) for kind in ("dense", "residual", "plain")},
    **{
        f"{start}{part}_{pictures}": Arm(
            tiny(),
            pictures,
            share=0.5 if part else 1.0,
            pretrained=start == "pretrained",
            searched_as=f"{start}_{pictures}" if part else None,
        )
        for pictures in (50, 1000)
        for start in ("scratch", "pretrained")
        for part in ("", "_half")
    },
}


def passes(arm: Arm, epochs: int) -> int:
    """Passes over the arm's own pictures that take its share of the steps of `epochs` passes over 2,000."""
    return max(1, round(arm.share * epochs * STEPS / (arm.pictures // BATCH)))


def learn(
    name: str, seed: int, epochs: int, settings: Settings, series: int, folder: Path | None = None
) -> dict[str, Any]:
    """An arm, trained and judged; and `train_and_judge`'s result, without the keys that its blocks overrule.

    Args:
        name: the arm's.
        seed: of the run.
        epochs: passes over 2,000 pictures.
        settings: the arm's.
        series: of the pictures that it is judged by.
        folder: where a run that was stopped goes on; it is removed at the end. None: the run lives in memory.
    """
    arm = ARMS[name]
    model = arm.make()
    before = start_from_classifier(model, seed) if arm.pretrained else {}
    train_set = shapes(arm.pictures, image_size=SIDE, augment=True)
    test_set = shapes(JUDGED, series, SIDE)
    fields: dict[str, Any] = {"learning_rate": settings.learning_rate, "weight_decay": settings.weight_decay}
    result = train_and_judge(model, train_set, test_set, seed, passes(arm, epochs), output=folder, **fields)
    detections, targets = predict(model, test_set, BATCH, progress=False)
    result["resampled_ap50"] = resampled_ap50(detections, targets, 1 + len(test_set.classes))
    if series != VALIDATION_SEED:
        validation = judge(model, shapes(JUDGED, VALIDATION_SEED, SIDE))
        result["validation"] = {measure: validation[measure] for measure in ("AP50", "AP")}
    if folder is not None:
        shutil.rmtree(folder)
    result = {"pictures": arm.pictures, **before, **result}
    return with_other_blocks(result) if arm.other_blocks else result


def unfinished(experiment: str, variant: str, seed: int, epochs: int) -> Path:
    """Where a run is kept until it is recorded: in runs/, which git ignores."""
    return RECORDS.parents[1] / "runs" / "unfinished" / f"{experiment}-{variant}-{seed}-{epochs}"

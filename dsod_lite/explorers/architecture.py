"""ArchitectureExplorer: the stages of a DSOD, what feeds each, and what each costs."""

from dataclasses import asdict, replace
from typing import Any

import matplotlib.pyplot as plt
import traitlets
from matplotlib.figure import Figure

from .. import plots
from ..detector.config import DSODConfig
from ..detector.model import DSOD
from .explorer import Explorer
from .stages import measure

ROWS = (("stem", "block", "transition", "pool"), ("map",), ("head",))
"""The kinds of stages that are drawn side by side."""


class ArchitectureExplorer(Explorer):
    """Pick a stage to see what feeds it, its shape, its parameters and its multiply-adds; switch plain and dense.

    `selected` is the name of a stage: "stem", "block1", "transition1" and so on, "map1" and "head1" and so on.
    `prediction` is "dense" or "plain".
    """

    _modules = ("architecture_explorer",)

    stages = traitlets.Dict().tag(sync=True)
    """For "dense" and for "plain", the fields of each `Stage` in the order of computation."""
    image_size = traitlets.Int().tag(sync=True)
    prediction = traitlets.Enum(("dense", "plain")).tag(sync=True)
    selected = traitlets.Unicode("map2").tag(sync=True)

    def __init__(self, config_or_model: DSODConfig | DSOD, **traits: Any) -> None:
        """
        Args:
            config_or_model: what to look at; its own structure of prediction comes first.
            traits: the state to begin with, such as `selected`.
        """
        config = config_or_model.config if isinstance(config_or_model, DSOD) else config_or_model
        both = {"dense": replace(config, prediction="dense"), "plain": replace(config, prediction="plain")}
        stages = {name: [asdict(stage) for stage in measure(one)] for name, one in both.items()}
        begin = {"prediction": config.prediction, **traits}
        super().__init__(stages=stages, image_size=config.image_size, **begin)

    def still(self) -> Figure:
        stages = self.stages[self.prediction]
        rows = [[s for s in stages if s["kind"] in kinds] for kinds in ROWS]
        most, highest = (max(s["shape"][axis] for s in stages) for axis in (0, 1))
        figure, axes = plt.subplots(len(rows), 1, figsize=(8, 5.4), layout="constrained")
        for ax, row, colour in zip(axes, rows, plots.PALETTE, strict=False):
            for i, stage in enumerate(row):
                width, height = 0.8 * stage["shape"][0] / most, stage["shape"][1] / highest
                ax.bar(i, height, width, bottom=-height / 2, color=colour)
                count = sum(part["parameters"] for part in stage["parts"])
                text = f"{stage['name']}\n{' × '.join(map(str, stage['shape']))}\n{count:,}"
                ax.text(i, -0.56, text, ha="center", va="top", fontsize=7)
            ax.set(xlim=(-0.6, len(rows[0]) - 0.4), ylim=(-1.2, 0.52))
            ax.axis("off")
        total = sum(part["parameters"] for stage in stages for part in stage["parts"])
        figure.suptitle(f"{self.prediction} prediction: channels × height × width, {total:,} parameters", fontsize=10)
        return figure

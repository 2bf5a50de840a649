"""PathsExplorer: the ways of a gradient through a plain, a residual and a dense block, and what was recorded."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import matplotlib.pyplot as plt
import traitlets
from matplotlib.figure import Figure

from .. import plots
from .explorer import Explorer

KINDS = ("plain", "residual", "dense")


class PathsExplorer(Explorer):
    """Choose a block, a layer of it and a kind, and see the ways on which the loss reaches the layer.

    `layer` is the place in the whole chain, from 0, the picture's first.
    """

    _modules = ("paths_explorer",)

    block_layers = traitlets.List(traitlets.Int()).tag(sync=True)
    """How many layers each block has."""
    agreement = traitlets.Dict().tag(sync=True)
    """For "before" and "after" training, and for each kind, the cosine of the gradients at every layer with and without
    invisible noise on the pictures: the median of the seeds."""
    kind = traitlets.Enum(KINDS, "dense").tag(sync=True)
    layer = traitlets.Int(0).tag(sync=True)
    moment = traitlets.Enum(("before", "after"), "before").tag(sync=True)

    def __init__(
        self, runs: Mapping[str, Sequence[Mapping[str, Any]]], block_layers: Sequence[int], **traits: Any
    ) -> None:
        """
        Args:
            runs: the records of the experiment `gradients` for each kind, a record for each seed.
            block_layers: how many layers each block had in it.
            traits: the state to begin with, such as `layer`.
        """
        agreement = {
            name: {
                kind: [median(layer) for layer in zip(*(_heard(run, place) for run in runs[kind]), strict=True)]
                for kind in KINDS
            }
            for name, place in (("before", 0), ("after", -1))
        }
        super().__init__(block_layers=list(block_layers), agreement=agreement, **traits)

    def still(self) -> Figure:
        figure, axes = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
        for colour, (kind, heard) in zip(plots.PALETTE, self.agreement[self.moment].items(), strict=False):
            axes.plot(range(1, len(heard) + 1), heard, color=colour, label=kind)
        axes.set(xlabel="layer, the picture's first", ylabel="agreement", title=f"{self.moment} training")
        axes.legend(frameon=False)
        return figure


def _heard(run: Mapping[str, Any], moment: int) -> list[float]:
    return list(run["result"]["moments"][moment]["agreement"])

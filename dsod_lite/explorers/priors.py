"""PriorExplorer: the priors of any cell of any map, and the numbers that make them."""

from typing import Any

import matplotlib.pyplot as plt
import traitlets
from matplotlib.figure import Figure
from torch import Tensor

from .. import plots
from ..detector.config import DSODConfig
from ..detector.priors import prior_boxes
from .explorer import decode_picture
from .picture import PictureExplorer
from .receptive_field import receptive_fields


class PriorExplorer(PictureExplorer):
    """Pick a map and a cell, and change sizes, ratios and steps.

    The shaded part of the picture is what the cell cannot see: it lies outside the cell's theoretical receptive field,
    which is computed from the network's convolutions and poolings. (The head's 3x3 convolution reads the neighbours
    too.)

    `map_index`, `row` and `column` name the cell; the numbers of the priors are in `min_sizes`, `max_sizes`,
    `aspect_ratios` and `steps`, an entry for each map.
    """

    _modules = ("boxes", "priors", "prior_explorer")

    map_index = traitlets.Int().tag(sync=True)
    row = traitlets.Int().tag(sync=True)
    column = traitlets.Int().tag(sync=True)
    fields = traitlets.List(traitlets.List(traitlets.Int())).tag(sync=True)
    """[start, step, size] of each map's receptive field, see `ReceptiveField`."""

    def __init__(
        self, config: DSODConfig, image: Tensor | None = None, boxes: Tensor | None = None, **traits: Any
    ) -> None:
        """
        Args:
            config: gives the network, its maps and their priors.
            image: [3, H, W], float in [0, 1] or uint8.
            boxes: [M, 4] xyxy, the objects, in pixels of the image; without an image, of the network's input.
            traits: the cell to begin with; by default the middle of the second map.
        """
        first = min(1, len(config.map_sizes) - 1)
        middle = config.map_sizes[traits.get("map_index", first)] // 2
        fields = [list(field) for field in receptive_fields(config)]
        traits = {"map_index": first, "row": middle, "column": middle, "fields": fields, **traits}
        super().__init__(config, image, boxes, **traits)

    def still(self) -> Figure:
        each = self.priors.per_cell
        sizes = self.map_sizes
        first = sum(n * s * s for n, s in zip(each[: self.map_index], sizes, strict=False))
        first += (self.row * sizes[self.map_index] + self.column) * each[self.map_index]
        priors = prior_boxes(self.priors, sizes, self.image_size)[first : first + each[self.map_index]]
        figure, axes = plt.subplots(figsize=(5, 5), layout="constrained")
        plots.plot_priors(priors, self.image_size, axes, decode_picture(self.picture))
        axes.set_title(f"{sizes[self.map_index]}×{sizes[self.map_index]} cells, row {self.row}, column {self.column}")
        return figure

"""LiveExplorer: a detector that looks at the reader's own pictures, videos and camera, computed in the page."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Self

import torch
import traitlets
from matplotlib.figure import Figure
from torch import Tensor

from .. import plots
from ..detector.model import DSOD
from .explorer import Explorer, decode_picture
from .floats import to_text
from .graph import graph_of
from .thumbnail import thumbnail

LONGEST_SIDE = 640  # pixels of the shipped picture


class LiveExplorer(Explorer):
    """Choose a picture or a video, or start the camera, and move the threshold. Nothing leaves the page.

    The network is computed by a few hundred lines of js/network.js, so a page needs no engine of many megabytes, and
    works where it was opened as a file. `dsod_tiny` is meant: `dsod300` would take a minute a picture.
    """

    _modules = ("boxes", "priors", "floats", "nms", "detections", "network", "found_marks", "live_explorer")

    graph = traitlets.Unicode().tag(sync=True)
    """JSON, and `weights` text: see `graph.graph_of`."""
    weights = traitlets.Unicode().tag(sync=True)
    config = traitlets.Unicode().tag(sync=True)
    """The fields of the `DSODConfig`, JSON."""
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)
    """What is looked at first: a JPEG in a data URL, or empty."""
    score_threshold = traitlets.Float(0.3).tag(sync=True)

    @classmethod
    def from_model(
        cls, model: DSOD, classes: Sequence[str], image: Tensor | None = None, threshold: float = 0.3
    ) -> Self:
        """A model's explorer.

        Args:
            model: left as it is.
            classes: the names of the labels 1, 2, ...
            image: [3, H, W], float in [0, 1]: what it looks at first.
            threshold: the least score of what is shown.

        Raises:
            ValueError: `classes` has not one name for each label.
        """
        if len(classes) != model.config.num_classes - 1:
            raise ValueError(f"classes: {len(classes)} names, but the model has {model.config.num_classes - 1} classes")
        steps, weights = graph_of(model.network)
        return cls(
            graph=json.dumps(steps),
            weights=to_text(weights),
            config=json.dumps(asdict(model.config)),
            classes=list(classes),
            picture="" if image is None else thumbnail(image, LONGEST_SIDE),
            score_threshold=threshold,
        )

    def still(self) -> Figure:
        image = decode_picture(self.picture)
        axes = plots.show_boxes(torch.ones(3, 3, 4) if image is None else image, torch.empty(0, 4))
        figure = axes.get_figure(root=True)
        assert figure is not None
        return figure

"""Explorers in Python: what is saved in a notebook, and what Python reads and sets."""

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import pytest
import torch
from PIL import Image
from traitlets import TraitError

from dsod_lite import DSODConfig, PriorConfig
from dsod_lite.detector.network import Network
from dsod_lite.explorers import Explorer, MatchingExplorer, PriorExplorer
from dsod_lite.explorers.receptive_field import receptive_fields

BOXES = torch.tensor([[10.0, 20.0, 60.0, 40.0], [0.0, 0.0, 160.0, 80.0]])
PICTURE = torch.rand(3, 80, 160, generator=torch.Generator().manual_seed(0))


def matching_explorer(**traits: Any) -> MatchingExplorer:
    return MatchingExplorer(DSODConfig(), PICTURE, BOXES, torch.tensor([2, 1]), ("cat", "dog"), **traits)


def prior_explorer() -> PriorExplorer:
    return PriorExplorer(DSODConfig(), PICTURE, BOXES)


@pytest.mark.parametrize("make", [matching_explorer, prior_explorer])
def test_an_explorer_is_shown_as_widget_picture_and_words(make: Callable[[], Explorer]) -> None:
    explorer = make()
    data, _ = explorer._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.model_id
    assert data["text/plain"] == f"{type(explorer).__name__}()"
    still = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert len(still.convert("RGB").getcolors(1 << 20)) > 100, "there is something on it"
    assert not plt.get_fignums(), "the notebook would show an open figure once more"


@pytest.mark.parametrize("make", [matching_explorer, prior_explorer])
def test_its_state_is_text_and_its_module_imports_nothing(make: Callable[[], Explorer]) -> None:
    state = make().get_state()
    assert len(json.dumps({key: value for key, value in state.items() if key != "layout"})) < 200_000
    assert "export default { render };" in state["_esm"]
    assert not any(line.startswith(("import ", "import{", "export {")) for line in state["_esm"].splitlines())


def test_boxes_are_in_pixels_of_the_networks_input() -> None:
    # the picture is 160 x 80, the input 300 x 300
    assert matching_explorer().boxes == [[18.75, 75.0, 112.5, 150.0], [0.0, 0.0, 300.0, 300.0]]
    without_picture = MatchingExplorer(DSODConfig(), None, BOXES, torch.tensor([1, 1]), ("cat",))
    assert without_picture.boxes == BOXES.tolist()
    assert without_picture.picture == ""


def test_objects_keep_their_names() -> None:
    assert matching_explorer().names == ["dog", "cat"]


@pytest.mark.parametrize(
    ("labels", "problem"), [([1], "2 boxes, but 1 labels"), ([0, 1], "1 to 2"), ([1, 3], "1 to 2")]
)
def test_wrong_labels_are_refused(labels: list[int], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        MatchingExplorer(DSODConfig(), PICTURE, BOXES, torch.tensor(labels), ("cat", "dog"))


def test_python_reads_and_sets_the_state() -> None:
    explorer = matching_explorer(threshold=0.4)
    assert (explorer.threshold, explorer.method) == (0.4, "bipartite")
    explorer.method = "best"
    assert explorer.get_state("method") == {"method": "best"}
    with pytest.raises(TraitError):
        explorer.method = "worst"


def test_priors_are_the_configs_until_they_are_changed() -> None:
    explorer = prior_explorer()
    assert explorer.priors == DSODConfig().priors
    explorer.min_sizes = [20.0, *explorer.min_sizes[1:]]
    assert explorer.priors.min_sizes == (20, 60, 111, 162, 213, 264)


SMALL = {
    "image_size": 60,
    "stem_channels": 2,
    "bottleneck": 2,
    "growth_rate": 2,
    "block_layers": (1, 2, 1, 1),
    "prediction_channels": (4, 4),
    "priors": PriorConfig((8, 20, 30), (20, 30, 50), ((2,), (2,), (2,))),
}


@pytest.mark.parametrize(
    "fields", [{}, {"prediction": "plain"}, {"stem": "densenet"}, {"transition_without_pooling": False}]
)
def test_receptive_fields_are_what_a_nan_reaches(fields: dict[str, Any]) -> None:
    """Whatever depends on a pixel that is no number is none itself, through every convolution and pooling."""
    config = DSODConfig(**{**SMALL, **fields})
    torch.manual_seed(0)
    network = Network(config).eval()
    size = config.image_size
    batch = torch.rand(size, 3, size, size)
    batch[torch.arange(size), :, :, torch.arange(size)] = torch.nan  # one column in each picture
    with torch.inference_mode():
        maps = network.maps(batch)
    pixel = torch.arange(size)[:, None]
    for field, x in zip(receptive_fields(config), maps, strict=True):
        first = field.start + field.step * torch.arange(x.shape[-1])
        assert torch.equal(x.isnan().any(dim=1).any(dim=1), (pixel >= first) & (pixel < first + field.size))

"""Explorer: a figure that the reader drags, with all of its computing in the page."""

import base64
import io
from abc import abstractmethod
from importlib.resources import files
from typing import Any, ClassVar

import anywidget
import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2 import functional as transforms


def _read(name: str) -> str:
    """The text of a file in this folder; empty if there is none."""
    path = files(__package__).joinpath(name)
    return path.read_text(encoding="utf-8") if path.is_file() else ""


class Explorer(anywidget.AnyWidget):
    """What all explorers have in common.

    A subclass names the scripts it is made of, finest parts first and its own last, for example `_modules = ("boxes",
    "priors", "prior_explorer")`. js/kit.js, js/stage.js and these are put together into one ES module; they import
    nothing, so nothing is asked of the network. The last one has the function `render({ model, el })`. The style is
    css/explorer.css and, where there is one, css/NAME.css of each module.

    The state is traits with `.tag(sync=True)` that hold numbers, text or lists of them. Without a kernel the page works
    on the state that was saved; with one, Python reads and sets the same traits.
    """

    _modules: ClassVar[tuple[str, ...]] = ()
    # ipywidgets 7 would show the widget by this method, without the picture beside it.
    _ipython_display_ = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "_modules" not in vars(cls):  # ipywidgets makes a subclass for every object with traits of its own
            return
        scripts = [_read(f"js/{name}.js") for name in ("kit", "stage", *cls._modules)]
        cls._esm = "\n".join([*scripts, "export default { render };\n"])
        cls._css = "\n".join(_read(f"css/{name}.css") for name in ("explorer", *cls._modules)).rstrip() + "\n"

    @abstractmethod
    def still(self) -> Figure:
        """The figure as it stands, for paper and for pages that run no script."""

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        shown = super()._repr_mimebundle_(**kwargs)
        data, metadata = shown if isinstance(shown, tuple) else (shown or {}, {})
        figure = self.still()
        still = io.BytesIO()
        figure.savefig(still, format="png", dpi=80, facecolor="white")
        plt.close(figure)  # else the notebook shows it a second time
        picture = base64.b64encode(still.getvalue()).decode("ascii")
        return {**data, "text/plain": f"{type(self).__name__}()", "image/png": picture}, metadata


def data_url(image: Tensor | None, size: tuple[int, int]) -> str:
    """A picture [3, H, W], float in [0, 1] or uint8, as a JPEG of `size` (height, width) in a data URL; None: ""."""
    if image is None:
        return ""
    pixels = transforms.resize(transforms.to_dtype(image.cpu(), torch.float32, scale=True), list(size), antialias=True)
    array = (pixels.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    jpeg = io.BytesIO()
    Image.fromarray(array).save(jpeg, format="JPEG", quality=80, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.getvalue()).decode("ascii")


def decode_picture(url: str) -> Tensor | None:
    """The picture [3, H, W], uint8, in a data URL; None for ""."""
    if not url:
        return None
    return transforms.pil_to_tensor(Image.open(io.BytesIO(base64.b64decode(url.split(",", 1)[1]))).convert("RGB"))

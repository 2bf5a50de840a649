"""Training that starts from a checkpoint instead of random weights, perhaps with other classes."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor, nn

from .checkpoint import CheckpointError, checkpoint_path, load_checkpoint

SHAPES = Path(__file__).with_name("shapes_tiny.pt")
"""`dsod_tiny` as it learned the book's drawn shapes, from random weights: where `learn` begins."""
LOGITS = "network.head.logits."
"""Layers of a DSOD whose channels stand for classes."""
COUNTER = "num_batches_tracked"
"""BatchNorm's count of batches, which nothing needs; a safetensors file of ours has none."""


def start_from(model: nn.Module, path: str | Path, classes: Sequence[str] = ()) -> list[str]:
    """Takes from a checkpoint the layers that fit, and leaves the others as they are; in place.

    A layer fits if the checkpoint has all of its tensors under the same names and of the same shapes. Where the classes
    are others, in number or by name, those of the class logits do not.

    Args:
        model: what is to be trained.
        path: a checkpoint, or the folder of its run.
        classes: names of the labels 1 to C - 1 that it is to be trained on; none: only their number counts.

    Returns:
        The names of the layers that keep their random weights.

    Raises:
        CheckpointError: naming the file, if it cannot be read, or most layers do not fit.
    """
    state = load_checkpoint(path)
    saved, own = state["model"], model.state_dict()
    others = bool(classes) and list(classes) != state["classes"]

    def fits(name: str) -> bool:
        found = saved.get(name, own[name] if name.endswith(COUNTER) else None)
        same = isinstance(found, Tensor) and found.shape == own[name].shape
        return same and not (others and name.startswith(LOGITS))

    layers = {name: name.rpartition(".")[0] for name in own}
    left = dict.fromkeys(layer for name, layer in layers.items() if not fits(name))
    if 2 * len(left) > len(set(layers.values())):
        raise CheckpointError(f"{checkpoint_path(path)}: model: most of its layers do not fit; it is another network's")
    model.load_state_dict({n: own[n] if layer in left else saved.get(n, own[n]) for n, layer in layers.items()})
    return list(left)

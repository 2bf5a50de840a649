"""How many pictures have room in memory during a pass, there and back."""

import torch
from torch import Tensor, nn

from ..detector.model import DSOD
from ..detector.network import Network
from .forwards import recomputed, replaced
from .recipe import TrainConfig
from .sharing import Share

USABLE = 0.7
"""Of a GPU's free memory; the loss, the gradients' own scratch and torch's gaps take the rest."""
CPU_BYTES = 2 * 2**30
"""For a pass on a CPU, which has no launches to save, and caches that large passes leave."""


def portions_with_room(model: nn.Module, config: TrainConfig, share: Share, device: torch.device) -> int:
    """How many of the portions that BatchNorm sees pass through a DSOD at once: at least 1."""
    if config.pass_size is not None:
        return max(1, config.pass_size // share.portion)
    assert isinstance(model, DSOD)
    room = USABLE * torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else CPU_BYTES
    each = kept_bytes(model, share.portion, config.save_memory) / (1 if config.precision == "float32" else 2)
    return max(1, int(room / each))


def kept_bytes(model: DSOD, pictures: int, save_memory: bool = False) -> int:
    """What a training pass of the network keeps for the gradients, counted without memory or arithmetic; float32."""
    with torch.device("meta"):
        network = Network(model.config)
        batch = torch.zeros(pictures, 3, model.config.image_size, model.config.image_size)
    weights = {id(p) for p in network.parameters()}
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        base = tensor if tensor._base is None else tensor._base
        if id(base) not in weights:
            kept[id(base)] = base
        return tensor

    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with replaced(recomputed(network) if save_memory else {}), hooks:
        network(batch)
    return sum(tensor.nbytes for tensor in kept.values())

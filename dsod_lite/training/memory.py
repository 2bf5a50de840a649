"""What a device can take: how many pictures have room during a pass, there and back, and which half precision."""

from dataclasses import replace
from typing import Literal

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
    return max(1, int(room(device) / pass_bytes(model, share.portion, config)))


def fitting(model: DSOD, config: TrainConfig, device: torch.device) -> TrainConfig:
    """The config, with BatchNorm on as large a part of the batch as has room on a GPU: the whole, a half, a quarter, …

    On a CPU it stays as it is.
    """
    portion = config.norm_batch_size or config.batch_size
    while device.type == "cuda" and portion > 2 and pass_bytes(model, portion, config) > room(device):
        portion = (portion + 1) // 2
    whole = portion == config.batch_size
    return config if whole else replace(config, norm_batch_size=portion)


def room(device: torch.device) -> float:
    """Bytes for what a pass keeps."""
    return USABLE * torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else CPU_BYTES


def pass_bytes(model: DSOD, pictures: int, config: TrainConfig) -> float:
    """What a training pass of so many pictures keeps in the config's precision."""
    return kept_bytes(model, pictures, config.save_memory) / (1 if config.precision == "float32" else 2)


def half_of(device: torch.device) -> Literal["bfloat16", "float16"]:
    """The kind of half precision that the device has units for: a T4, say, has none for bfloat16."""
    if device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        return "float16"
    return "bfloat16"


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

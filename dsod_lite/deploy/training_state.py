"""What a training step takes and gives back, as flat tensors: weights, the optimizer's memory, BatchNorm's statistics.

Flat, because an engine is handed them anew in every step: four tensors instead of some hundred.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..detector.model import DSOD
from ..detector.network import Network
from ..detector.prediction import L2Norm, MultiBoxHead
from ..support.errors import SettingError

MEMORY = {"SGD": ("momentum_buffer",), "AdamW": ("exp_avg", "exp_avg_sq")}
"""What an optimizer remembers of each weight, by torch's names."""


def memory_names(optimizer: torch.optim.Optimizer) -> tuple[str, ...]:
    """Raises SettingError for an optimizer, or an option of one, that has no training step."""
    kind = type(optimizer).__name__
    if kind not in MEMORY:
        raise SettingError(f"optimizer is {kind}; a training step can have {' or '.join(MEMORY)}")
    for group in optimizer.param_groups:
        for option in ("nesterov", "maximize", "amsgrad", "dampening"):
            if group.get(option):
                raise SettingError(f"optimizer: {option} is {group[option]}; a training step has none of it")
    return MEMORY[kind]


def parameters(model: DSOD, optimizer: torch.optim.Optimizer) -> dict[str, nn.Parameter]:
    """The network's parameters by name, in the order of the flat tensors, which is the optimizer's.

    Raises SettingError if the optimizer does not have all of them.
    """
    names = {parameter: name for name, parameter in model.network.named_parameters()}
    ordered = {names[p]: p for group in optimizer.param_groups for p in group["params"] if p in names}
    if missing := [name for name in names.values() if name not in ordered]:
        raise SettingError(f"optimizer: does not have {missing[0]}, a weight of the model")
    return ordered


def statistics(network: Network) -> dict[str, Tensor]:
    """BatchNorm's running means and variances by name, in the order of the flat tensor."""
    return {name: value for name, value in network.named_buffers() if value.is_floating_point()}


def flat(tensors: Mapping[str, Tensor]) -> Tensor:
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors.values()])


def shaped(values: Tensor, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of `flat`."""
    parts = values.split([tensor.numel() for tensor in like.values()])
    return {name: part.view(tensor.shape) for (name, tensor), part in zip(like.items(), parts, strict=True)}


def training_state(model: DSOD, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What a training step is given first, to go on from where PyTorch is.

    Returns:
        "weights" [N], "memory" [K, N] (K numbers for each weight, 1 of SGD, 2 of AdamW), "statistics" [M], all
        float32, and "steps" [] float32, how many AdamW has done.
    """
    names, weights = memory_names(optimizer), parameters(model, optimizer)
    kept = [optimizer.state.get(parameter, {}) for parameter in weights.values()]
    return {
        "weights": flat(weights),
        "memory": torch.stack([flat({
            key: state[name] if state.get(name) is not None else torch.zeros_like(parameter)
            for (key, parameter), state in zip(weights.items(), kept, strict=True)
        }) for name in names]),
        "statistics": flat(statistics(model.network)),
        "steps": torch.tensor(float(kept[0].get("step", 0))),
    }  # fmt: skip


@torch.no_grad()
def load_training_state(model: DSOD, optimizer: torch.optim.Optimizer, state: Mapping[str, Any]) -> None:
    """The inverse: PyTorch goes on from what a training step gave back, tensors or arrays."""
    values = {name: torch.as_tensor(value) for name, value in state.items()}
    weights = parameters(model, optimizer)
    for name, value in shaped(values["weights"], weights).items():
        weights[name].copy_(value)
    running = statistics(model.network)
    for name, value in shaped(values["statistics"], running).items():
        running[name].copy_(value)
    for memory, row in zip(memory_names(optimizer), values["memory"], strict=True):
        for name, value in shaped(row, weights).items():
            optimizer.state[weights[name]][memory] = value.clone()
    if type(optimizer).__name__ == "AdamW":
        for parameter in weights.values():
            optimizer.state[parameter]["step"] = values["steps"].clone().reshape(())


def first_values(network: Network) -> dict[str, tuple[str, float]]:
    """How each parameter begins: ("uniform", bound), ("normal", deviation) or ("constant", value).

    For engines that draw weights of their own, so that a file without weights can begin a training.
    """
    found: dict[str, tuple[str, float]] = {}
    for path, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            in_head = isinstance(network.get_submodule(path.split(".")[0]), MultiBoxHead)
            fan_in = module.in_channels * math.prod(module.kernel_size)
            found[f"{path}.weight"] = ("normal", 0.01) if in_head else ("uniform", math.sqrt(3 / fan_in))
        elif isinstance(module, nn.BatchNorm2d):
            found |= {f"{path}.weight": ("constant", 1.0), f"{path}.bias": ("constant", 0.0)}
        elif isinstance(module, L2Norm):
            found[f"{path}.scale"] = ("constant", float(module.scale.detach().mean()))
    return found

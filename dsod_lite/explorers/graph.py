"""A network as a list of steps and one of numbers, for a page that computes it without any library."""

from typing import Any

import torch
import torch.fx
from torch import Tensor, nn

from ..detector.fast import fold_batchnorm
from ..detector.network import Network
from ..detector.prediction import L2Norm

LEAVES = (nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d, nn.Identity, L2Norm)


class _Tracer(torch.fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, LEAVES)


def graph_of(network: Network) -> tuple[dict[str, Any], Tensor]:
    """What explorers/js/network.js computes, and the numbers that it computes with.

    BatchNorm is folded into convolutions where it can be.

    Returns:
        {"steps", "wanted"} and float32 [N]. Value 0 is the normalised picture, value i the result of step i - 1. A step
        says what it "does", "of" which values, and from which number on its weights are "at". The values "wanted" are
        the offsets [P * 4] and the logits [P * num_classes].
    """
    network = fold_batchnorm(network).cpu()
    nodes = _Tracer().trace(network).nodes
    steps: list[dict[str, Any]] = []
    numbers: list[Tensor] = []
    places: dict[torch.fx.Node, int] = {}

    def keep(*tensors: Tensor) -> int:
        at = sum(tensor.numel() for tensor in numbers)
        numbers.extend(tensor.detach().flatten().float() for tensor in tensors)
        return at

    def add(does: str, of: list[torch.fx.Node], **fields: Any) -> int:
        steps.append({"does": does, "of": [places[node] for node in of], **fields})
        return len(steps)

    wanted: list[int] = []
    for node in nodes:
        if node.op == "placeholder":
            places[node] = 0
        elif node.op == "output":
            wanted = [places[result] for result in node.args[0]]  # type: ignore[union-attr, index]
        elif node.op == "call_module":
            places[node] = _layer(network.get_submodule(str(node.target)), node, places, keep, add)
        elif node.target == "permute":
            places[node] = add("list", [node.args[0]])  # type: ignore[list-item]
        elif node.target == "reshape":
            places[node] = places[node.args[0]]  # type: ignore[index]
        elif node.target is torch.cat:
            places[node] = add("join", list(node.args[0]))  # type: ignore[arg-type]
    return {"steps": steps, "wanted": wanted}, torch.cat(numbers)


def _layer(layer: nn.Module, node: Any, places: dict[Any, int], keep: Any, add: Any) -> int:
    source = node.args[0]
    if isinstance(layer, nn.Identity):
        return places[source]
    if isinstance(layer, nn.Conv2d):
        bias = torch.zeros(layer.out_channels) if layer.bias is None else layer.bias
        sides = {"kernel": layer.kernel_size[0], "stride": layer.stride[0], "padding": layer.padding[0]}
        return add("convolve", [source], at=keep(layer.weight, bias), out=layer.out_channels, **sides)
    if isinstance(layer, nn.BatchNorm2d):
        assert layer.running_mean is not None
        assert layer.running_var is not None
        factor = layer.weight / (layer.running_var + layer.eps).sqrt()
        return add("scale", [source], at=keep(factor, layer.bias - layer.running_mean * factor))
    if isinstance(layer, nn.MaxPool2d):
        assert layer.ceil_mode
        return add("pool", [source], kernel=layer.kernel_size, stride=layer.stride, padding=layer.padding)
    if isinstance(layer, L2Norm):
        return add("lengthen", [source], at=keep(layer.scale), eps=layer.eps)
    return add("relu", [source])

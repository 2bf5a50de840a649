"""The stages of a network, counted on the network itself: shapes, parameters, multiply-adds."""

from dataclasses import dataclass, replace
from math import prod
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..detector.blocks import DenseLayer
from ..detector.config import DSODConfig
from ..detector.network import Network
from ..detector.prediction import L2Norm

TITLES = {
    "stem": "Stem",
    "block1": "Dense block 1",
    "transition1": "Transition 1",
    "block2": "Dense block 2",
    "transition2": "Transition 2, before its pooling",
    "pool": "Pooling of transition 2",
    "block3": "Dense block 3",
    "transition3": "Transition without pooling",
    "block4": "Dense block 4",
}
"""The backbone's modules in a row."""


@dataclass(frozen=True)
class Part:
    """A convolution with its BatchNorm, a dense layer, or an L2-norm."""

    name: str
    channels_in: int
    channels_out: int
    parameters: int
    multiply_adds: int
    """Of its convolutions, for one picture."""


@dataclass(frozen=True)
class Stage:
    """A piece of the network that has a name."""

    name: str
    title: str
    kind: Literal["stem", "block", "transition", "pool", "map", "head"]
    inputs: list[str]
    """The names of the stages that it reads; the first reads "picture"."""
    shape: list[int]
    """Channels, height and width of what it gives. A head gives offsets and logits side by side."""
    reused: int
    """How many of the channels are taken over from the map before."""
    parts: list[Part]
    """All that has parameters, each counted once."""


Shapes = dict[nn.Module, Any]
"""Of each module's output, without the batch: [C, H, W], or a list of them."""


def measure(config: DSODConfig) -> list[Stage]:
    """The stages of a config's network in the order of computation, seen while a picture without pixels passes."""
    with torch.device("meta"):  # shapes and nothing else: no memory, no arithmetic
        network = Network(config).eval()
        picture = torch.zeros(1, 3, config.image_size, config.image_size)
    shapes: Shapes = {}

    def keep(module: nn.Module, _: Any, given: Any) -> None:
        shapes[module] = list(given.shape[1:]) if isinstance(given, Tensor) else [list(x.shape[1:]) for x in given]

    for module in network.modules():
        module.register_forward_hook(keep)
    with torch.no_grad():
        network(picture)

    stages: list[Stage] = []
    for name, title in TITLES.items():
        module = network.get_submodule(name)
        if not isinstance(module, nn.Identity):  # without the last transition, the network ends with its third block
            inputs = [stages[-1].name if stages else "picture"]
            kind: Any = name.rstrip("1234")
            stages.append(Stage(name, title, kind, inputs, shapes[module], 0, parts_of(module, shapes)))

    prediction, head = network.prediction, network.head
    maps = shapes[prediction]
    learned: list[nn.Module] = [prediction.transition, *prediction.learn]
    reused: list[nn.Module] = list(getattr(prediction, "reuse", []))  # the plain structure has none
    second = [stages[-1].name, "map1"] if reused else [stages[-1].name]
    stages.append(Stage("map1", "Map 1: transition 2, as it is", "map", ["transition2"], maps[0], 0, []))
    for i, learn in enumerate(learned):
        parts = [replace(p, name=f"learned, {p.name}") for p in parts_of(learn, shapes)]
        for module in reused[i : i + 1]:
            parts += [replace(p, name=f"reused, {p.name}") for p in parts_of(module, shapes)]
        inputs = [f"map{i + 1}"] if i else second
        taken = shapes[reused[i]][0] if reused else 0
        stages.append(Stage(f"map{i + 2}", f"Map {i + 2}", "map", inputs, maps[i + 1], taken, parts))

    for i, modules in enumerate(zip(head.norm, head.offsets, head.logits, strict=True), start=1):
        names = ("L2-norm", "offsets", "logits")
        parts = [replace(parts_of(m, shapes)[0], name=n) for n, m in zip(names, modules, strict=True)]
        shape = [sum(p.channels_out for p in parts[1:]), *shapes[modules[1]][1:]]
        stages.append(Stage(f"head{i}", f"Head of map {i}", "head", [f"map{i}"], shape, 0, parts))
    return stages


def parts_of(module: nn.Module, shapes: Shapes) -> list[Part]:
    """What a module is made of. Poolings and the like have no parameters and are no parts."""
    convolutions = [m for m in module.modules() if isinstance(m, nn.Conv2d)]
    with_norm = any(isinstance(child, nn.Conv2d) for child in module.children())
    if not (with_norm or isinstance(module, DenseLayer | L2Norm)):
        parts = [part for child in module.children() for part in parts_of(child, shapes)]
        return [replace(p, name=f"{p.name} {i}") if p.name == "layer" else p for i, p in enumerate(parts, start=1)]
    channels_in = channels_out = shapes[module][0]
    name = "layer"
    if convolutions:
        channels_in = convolutions[0].in_channels
    if with_norm:
        side, stride = convolutions[0].kernel_size[0], convolutions[0].stride[0]
        name = f"{side}×{side}" if stride == 1 else f"{side}×{side}/{stride}"
    work = sum(conv.weight.numel() * prod(shapes[conv][1:]) for conv in convolutions)
    return [Part(name, channels_in, channels_out, sum(p.numel() for p in module.parameters()), work)]

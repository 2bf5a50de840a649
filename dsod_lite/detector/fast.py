"""The network in a form made for answering only: the same numbers, fewer passes over memory, compiled."""

import copy
import shutil
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .blocks import DenseLayer
from .network import Network
from .prediction import Downsample

Answer = Callable[[Tensor], tuple[Tensor, Tensor]]


def fold_batchnorm(network: Network) -> Network:
    """A copy in evaluation mode in which BatchNorm is part of the convolution right before it, where there is one.

    Those that read a concatenation stay. Offsets and logits are the same up to rounding.
    """
    network = copy.deepcopy(network).eval()
    for module in list(network.modules()):
        if isinstance(module, DenseLayer):
            _fold(module.squeeze, 2, module.grow, 0)
        elif isinstance(module, Downsample):
            _fold(module[0], 2, module[1], 0)  # type: ignore[arg-type]
        elif isinstance(module, nn.Sequential) and len(module) > 1 and isinstance(module[0], nn.Conv2d):
            _fold(module, 0, module, 1)  # the stem's and the head's: convolution, then BatchNorm
    return network


def _fold(conv_in: nn.Sequential, conv_at: int, norm_in: nn.Sequential, norm_at: int) -> None:
    conv, norm = conv_in[conv_at], norm_in[norm_at]
    if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
        conv_in[conv_at] = fuse_conv_bn_eval(conv, norm)
        norm_in[norm_at] = nn.Identity()


def fast_network(network: Network) -> Answer:
    """The network for inference on the device it is on: BatchNorm folded, channels last, compiled where a compiler is.

    Compilation takes a minute or so at the first batch, and again for a batch of another size. Later changes of
    the network's weights do not reach the copy.
    """
    folded = fold_batchnorm(network).requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    device = next(folded.parameters()).device
    if device.type == "cuda" or shutil.which("c++") or shutil.which("g++"):
        folded = torch.compile(folded, options={"freezing": device.type == "cpu"})  # type: ignore[assignment]

    def answer(batch: Tensor) -> tuple[Tensor, Tensor]:
        with torch.no_grad():  # not inference_mode: constants could not be frozen under it
            return folded(batch.contiguous(memory_format=torch.channels_last))

    return answer

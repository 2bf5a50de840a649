"""Gradient rules: how a step goes backwards through convolution, max pooling and BatchNorm, in simple operations.

Autograd writes the backward pass down in operations of PyTorch's own. For most of them torch knows a decomposition into
simple ones. These it keeps whole, or decomposes into more passes over memory than it takes. Each rule has the signature
of the operation it stands for, and its numbers.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

aten = torch.ops.aten


def convolution_backward(
    grad: Tensor,
    x: Tensor,
    weight: Tensor,
    bias_sizes: Sequence[int] | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
    output_mask: Sequence[bool],
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """Gradients of a convolution's input, weight and bias; None where `output_mask` asks for none.

    Raises NotImplementedError for transposed, dilated and grouped convolutions; DSOD has none.
    """
    if transposed or groups != 1 or tuple(dilation) != (1, 1):
        raise NotImplementedError("transposed, dilated and grouped convolutions have no gradient rule")
    return (
        input_gradient(grad, weight, x.shape[2:], stride, padding) if output_mask[0] else None,
        weight_gradient(grad, x, weight.shape[2:], stride, padding) if output_mask[1] else None,
        grad.sum((0, 2, 3)) if output_mask[2] else None,
    )


def input_gradient(
    grad: Tensor, weight: Tensor, size: Sequence[int], stride: Sequence[int], padding: Sequence[int]
) -> Tensor:
    """Every pixel hands its gradient back to those it was made of: a convolution with the kernel turned by 180°."""
    kernel = weight.shape[2:]
    if tuple(stride) == (1, 1):
        turned = weight.transpose(0, 1)
        if tuple(kernel) != (1, 1):
            turned = turned.flip(2, 3)
        return F.conv2d(grad, turned, padding=[k - 1 - p for k, p in zip(kernel, padding, strict=True)])
    sizes = zip(size, grad.shape[2:], kernel, stride, padding, strict=True)
    rest = [s - (k + (g - 1) * step - 2 * p) for s, g, k, step, p in sizes]  # rows and columns that no kernel reached
    return F.conv_transpose2d(grad, weight, stride=list(stride), padding=list(padding), output_padding=rest)


def weight_gradient(
    grad: Tensor, x: Tensor, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int]
) -> Tensor:
    """For each place in the kernel, what met there: gradients [O, H·W] times pixels [H·W, C], summed over the batch."""
    met = windows(x, grad.shape[2:], kernel, stride, padding)
    if tuple(stride) == (1, 1):
        beyond = x.shape[3] + 2 * padding[1] - grad.shape[3]  # gradients get rows as long as those of the padded pixels
        grad = F.pad(grad, (0, beyond)) if beyond else grad
    gradients = grad.flatten(2)[:, :, : met[0].shape[2]]
    product = (gradients @ torch.cat(met, dim=1).transpose(1, 2)).sum(0)  # [O, K·C]
    return product.view(len(product), len(met), -1).transpose(1, 2).reshape(len(product), -1, *kernel)


def windows(
    x: Tensor, size: Sequence[int], kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int]
) -> list[Tensor]:
    """The pixels that each place of the kernel meets, [B, C, length], as it moves over `size` places.

    With a stride of 1 they are one piece of memory: the whole rows of the padded picture, from the place's first on.
    """
    x = F.pad(x, (padding[1], padding[1], padding[0], padding[0])) if any(padding) else x
    places = [(i, j) for i in range(kernel[0]) for j in range(kernel[1])]
    (height, width), (down, right) = size, stride
    if (down, right) == (1, 1):
        flat, row = x.flatten(2), x.shape[3]
        length = (height - 1) * row + width
        return [flat[:, :, i * row + j : i * row + j + length] for i, j in places]
    last_row, last_column = (height - 1) * down + 1, (width - 1) * right + 1
    return [x[:, :, i : i + last_row : down, j : j + last_column : right].flatten(2) for i, j in places]


def max_pool_backward(
    grad: Tensor,
    x: Tensor,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    ceil_mode: bool,
    indices: Tensor,
) -> Tensor:
    """The gradient goes to the pixel that was the largest of its window, and to no other."""
    flat = torch.zeros_like(x).flatten(2)
    return flat.scatter_add(2, indices.flatten(2), grad.flatten(2)).view(x.shape)


def batch_norm(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """BatchNorm in training: output, mean and 1 / deviation of the batch, and the new running statistics."""
    count = x.numel() // x.shape[1]
    mean = x.mean((0, 2, 3), keepdim=True)
    centred = x - mean
    variance = (centred * centred).mean((0, 2, 3), keepdim=True)
    inverse = (variance + eps).rsqrt()
    y = centred * (inverse * weight.view(1, -1, 1, 1)) + bias.view(1, -1, 1, 1)
    mean, variance = mean.flatten(), variance.flatten() * (count / (count - 1))
    return (
        y,
        mean,
        inverse.flatten(),
        running_mean * (1 - momentum) + mean * momentum,
        running_var * (1 - momentum) + variance * momentum,
    )


def batch_norm_backward(
    grad: Tensor,
    x: Tensor,
    weight: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    mean: Tensor,
    inverse: Tensor,
    training: bool,
    eps: float,
    output_mask: Sequence[bool],
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of BatchNorm's input, weight and bias: what shifts or scales a whole channel has no effect."""
    count = x.numel() // x.shape[1]
    mean, inverse, weight = (v.view(1, -1, 1, 1) for v in (mean, inverse, weight))
    centred = x - mean
    of_bias = grad.sum((0, 2, 3), keepdim=True)
    of_scale = (grad * centred).sum((0, 2, 3), keepdim=True)
    scale = inverse * weight
    along = scale * inverse * inverse * of_scale / count
    of_x = grad * scale - (centred * along + scale * of_bias / count)
    return of_x, (of_scale * inverse).flatten(), of_bias.flatten()


RULES: dict[Any, Callable[..., Any]] = {
    aten.convolution_backward.default: convolution_backward,
    aten.max_pool2d_with_indices_backward.default: max_pool_backward,
    aten._native_batch_norm_legit_functional.default: batch_norm,
    aten.native_batch_norm_backward.default: batch_norm_backward,
}

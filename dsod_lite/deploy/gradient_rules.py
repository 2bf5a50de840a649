"""Gradient rules: how a step goes backwards through convolution, pooling, ReLU and BatchNorm, in simple operations.

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
    """For each of the kernel's K places, what met there: gradients times pixels, summed over places and pictures.

    Of a sum over places, either factor may be the one that is moved. Moving copies it K times, so with a stride of 1 it
    is the one with fewer channels.
    """
    x = F.pad(x, (padding[1], padding[1], padding[0], padding[0])) if any(padding) else x
    filters, channels, count = grad.shape[1], x.shape[1], kernel[0] * kernel[1]
    if tuple(stride) == (1, 1):
        beyond = x.shape[3] - grad.shape[3]  # gradients get rows as long as those of the padded pixels
        grad = F.pad(grad, (0, beyond)) if beyond else grad
        if filters < channels:
            product = torch.cat(moved(grad, x, kernel), dim=1) @ x.flatten(2).transpose(1, 2)  # [B, K·O, C]
            return product.sum(0).view(count, filters, channels).permute(1, 2, 0).reshape(filters, channels, *kernel)
    met = windows(x, grad.shape[2:], kernel, stride)
    gradients = grad.flatten(2)[:, :, : met[0].shape[2]]
    product = torch.cat(met, dim=1) @ gradients.transpose(1, 2)  # [B, K·C, O]
    return product.sum(0).view(count, channels, filters).permute(2, 1, 0).reshape(filters, channels, *kernel)


def windows(x: Tensor, size: Sequence[int], kernel: Sequence[int], stride: Sequence[int]) -> list[Tensor]:
    """The pixels that each place of the kernel meets, [B, C, length], as it moves over a padded picture.

    With a stride of 1 they are one piece of memory: whole rows, from the place's first pixel on.
    """
    places = [(i, j) for i in range(kernel[0]) for j in range(kernel[1])]
    (height, width), (down, right) = size, stride
    if (down, right) == (1, 1):
        flat, row = x.flatten(2), x.shape[3]
        length = (height - 1) * row + row - kernel[1] + 1
        return [flat[:, :, i * row + j : i * row + j + length] for i, j in places]
    last_row, last_column = (height - 1) * down + 1, (width - 1) * right + 1
    return [x[:, :, i : i + last_row : down, j : j + last_column : right].flatten(2) for i, j in places]


def moved(grad: Tensor, x: Tensor, kernel: Sequence[int]) -> list[Tensor]:
    """Gradients in rows as long as x's, [B, O, pixels of x], where each place of the kernel met x: 0 elsewhere."""
    row, pixels = x.shape[3], x.shape[2] * x.shape[3]
    offsets = [i * row + j for i in range(kernel[0]) for j in range(kernel[1])]
    flat = grad.flatten(2)
    wide = F.pad(flat, (offsets[-1], pixels - flat.shape[2]))
    return [wide[:, :, offsets[-1] - offset : offsets[-1] - offset + pixels] for offset in offsets]


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


def threshold_backward(grad: Tensor, y: Tensor, threshold: float) -> Tensor:
    """Of ReLU, whose answers `y` are never below 0: where they are above, the gradient passes.

    Raises NotImplementedError for another threshold than 0.
    """
    if threshold:
        raise NotImplementedError(f"a threshold of {threshold} has no gradient rule")
    return grad * y.sign()


def affine(x: Tensor, shift: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """(x - shift) * scale + bias, of each channel, in one pass over memory: BatchNorm with given statistics has it."""
    one = torch.ones_like(shift)
    return aten._native_batch_norm_legit_no_training(x, scale, bias, shift, one, 0.0, 0.0)[0]


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
    mean = x.mean((0, 2, 3))
    centred = x - mean.view(1, -1, 1, 1)
    variance = (centred * centred).mean((0, 2, 3))
    inverse = (variance + eps).rsqrt()
    y = affine(x, mean, inverse * weight, bias)
    unbiased = variance * (count / (count - 1))
    if momentum == 1:
        return y, mean, inverse, mean, unbiased
    new_mean = running_mean * (1 - momentum) + mean * momentum
    return y, mean, inverse, new_mean, running_var * (1 - momentum) + unbiased * momentum


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
    centred = x - mean.view(1, -1, 1, 1)
    of_bias = grad.sum((0, 2, 3))
    of_weight = (grad * centred).sum((0, 2, 3)) * inverse
    scale = inverse * weight
    along = scale * inverse * of_weight / count
    of_x = affine(grad, of_bias / count, scale, torch.zeros_like(scale)) - centred * along.view(1, -1, 1, 1)
    return of_x, of_weight, of_bias


RULES: dict[Any, Callable[..., Any]] = {
    aten.convolution_backward.default: convolution_backward,
    aten.max_pool2d_with_indices_backward.default: max_pool_backward,
    aten.threshold_backward.default: threshold_backward,
    aten._native_batch_norm_legit_functional.default: batch_norm,
    aten.native_batch_norm_backward.default: batch_norm_backward,
}

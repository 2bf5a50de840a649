"""BatchNorm over the pictures of several processes."""

from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

DIMS = (0, 2, 3)
"""What a channel's statistics are taken over, of [B, C, H, W]."""


def over_processes(norm: nn.BatchNorm2d) -> Callable[[Tensor], Tensor]:
    """The forward pass of a BatchNorm whose batch is that of all processes together: [B, C, H, W] -> the same.

    They have to call it in the same order. On a GPU it is torch's `SyncBatchNorm`; on a CPU, where torch has none, it
    is ours, so that a test without GPUs can hold several processes against one that sees all pictures.
    """
    forward = norm.forward
    shared = nn.SyncBatchNorm.convert_sync_batchnorm(norm)  # with the very tensors of `norm`

    def synchronized(x: Tensor) -> Tensor:
        if not norm.training:
            return forward(x)
        if x.is_cuda:
            shared.momentum = norm.momentum
            return shared.train()(x)
        y, mean, variance, count = Normalize.apply(x, norm.weight, norm.bias, norm.eps)
        if norm.running_mean is not None and norm.running_var is not None and norm.momentum is not None:
            norm.running_mean.lerp_(mean, norm.momentum)
            norm.running_var.lerp_(variance * (count / (count - 1)), norm.momentum)
        if norm.num_batches_tracked is not None:
            norm.num_batches_tracked.add_(1)
        return y

    return synchronized


class Normalize(torch.autograd.Function):
    """x [B, C, H, W], weight and bias [C] -> (x normalised by all processes' mean and variance, both [C], and count).

    The gradient is that of the sum of all processes' losses. Those of weight and bias are this process's own part of
    it, which `DistributedDataParallel` brings together like everybody's.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        wide = widened(x)
        count = wide.new_tensor(x.numel() / x.shape[1])
        totals = torch.cat([wide.sum(DIMS), count[None]])
        dist.all_reduce(totals)
        count, mean = totals[-1], totals[:-1] / totals[-1]
        variance = (wide - mean[:, None, None]).square().sum(DIMS)  # in a second round: E[x²] - E[x]² loses digits
        dist.all_reduce(variance)
        variance /= count
        ctx.save_for_backward(x, weight, mean, (variance + eps).rsqrt(), count)
        ctx.mark_non_differentiable(mean, variance, count)
        return F.batch_norm(x, mean, variance, weight, bias, training=False, eps=eps), mean, variance, count

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        x, weight, mean, scale, count = ctx.saved_tensors
        dy = widened(gradients[0])
        normalized = (widened(x) - mean[:, None, None]) * scale[:, None, None]
        own = torch.stack([(dy * normalized).sum(DIMS), dy.sum(DIMS)])
        every = own.clone()
        dist.all_reduce(every)
        dw, db = every[:, :, None, None] / count
        dx = (weight * scale)[:, None, None] * (dy - db - normalized * dw)
        return dx.to(x.dtype), own[0].to(weight.dtype), own[1].to(weight.dtype), None


def widened(x: Tensor) -> Tensor:
    """Half precision as float32: sums over thousands of pixels need it."""
    return x.to(torch.promote_types(x.dtype, torch.float32))

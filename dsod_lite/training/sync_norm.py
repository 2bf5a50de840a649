"""BatchNorm over the pictures of several processes."""

from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

DIMS = (0, 2, 3)
"""What a channel's statistics are taken over, of [B, C, H, W]."""


class SyncBatchNorm2d(nn.BatchNorm2d):
    """`nn.BatchNorm2d` whose batch is that of all processes together. They have to call it in the same order.

    torch's own `nn.SyncBatchNorm` needs a GPU. This one works everywhere, so a test can hold it against one process
    that sees all pictures.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        y, mean, variance, count = Normalize.apply(x, self.weight, self.bias, self.eps)
        if self.running_mean is not None and self.running_var is not None and self.momentum is not None:
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        return y


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

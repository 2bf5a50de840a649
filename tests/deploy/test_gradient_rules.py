"""The gradient rules against autograd."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from dsod_lite.deploy.gradient_rules import (
    batch_norm,
    batch_norm_backward,
    convolution_backward,
    max_pool_backward,
    threshold_backward,
)

aten = torch.ops.aten


def numbers(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


@given(
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4)),  # batch, channels in and out
    st.tuples(st.integers(5, 9), st.integers(5, 9)),
    st.sampled_from([1, 2, 3, 5]),
    st.integers(1, 3),
    st.integers(0, 2),
)
@settings(max_examples=60)
def test_convolution(
    counts: tuple[int, int, int], size: tuple[int, int], kernel: int, stride: int, padding: int
) -> None:
    batch, channels, filters = counts
    padding = min(padding, kernel - 1)
    x, weight, bias = numbers(batch, channels, *size), numbers(filters, channels, kernel, kernel), numbers(filters)
    given = [value.requires_grad_() for value in (x, weight, bias)]
    y = F.conv2d(x, weight, bias, stride, padding)
    grad = numbers(*y.shape)
    expected = torch.autograd.grad(y, given, grad)
    pairs = ([stride] * 2, [padding] * 2, [1, 1])
    found = convolution_backward(
        grad, x.detach(), weight.detach(), [filters], *pairs, False, [0, 0], 1, [True, True, True]
    )
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_only_what_is_asked_for_is_computed_and_other_convolutions_are_refused() -> None:
    x, weight = numbers(1, 2, 5, 5), numbers(2, 2, 3, 3)
    rest = ([1, 1], [1, 1], [1, 1], False, [0, 0], 1)
    found = convolution_backward(numbers(1, 2, 5, 5), x, weight, None, *rest, [False, True, False])
    assert [value is None for value in found] == [True, False, True]
    for odd in (([1, 1], [1, 1], [2, 2], False, [0, 0], 1), ([1, 1], [1, 1], [1, 1], False, [0, 0], 2)):
        with pytest.raises(NotImplementedError, match="no gradient rule"):
            convolution_backward(numbers(1, 2, 5, 5), x, weight, None, *odd, [True, True, True])


@pytest.mark.parametrize(("kernel", "stride", "padding", "ceil"), [(2, 2, 0, True), (3, 2, 1, False), (3, 1, 1, False)])
def test_max_pooling(kernel: int, stride: int, padding: int, ceil: bool) -> None:
    """Windows that overlap, that lie half outside, and values that occur twice."""
    x = numbers(2, 3, 7, 9).round().requires_grad_()
    y, indices = aten.max_pool2d_with_indices(x, [kernel] * 2, [stride] * 2, [padding] * 2, [1, 1], ceil)
    grad = numbers(*y.shape)
    expected = torch.autograd.grad(y, x, grad)[0]
    pairs = ([kernel] * 2, [stride] * 2, [padding] * 2, [1, 1])
    torch.testing.assert_close(max_pool_backward(grad, x.detach(), *pairs, ceil, indices), expected)


def test_relu() -> None:
    x = numbers(3, 40).round().requires_grad_()
    y, grad = x.relu(), numbers(3, 40)
    torch.testing.assert_close(threshold_backward(grad, y.detach(), 0), torch.autograd.grad(y, x, grad)[0])
    with pytest.raises(NotImplementedError, match="threshold of 6"):
        threshold_backward(grad, y, 6)


def test_batch_norm_and_its_gradients() -> None:
    x, weight, bias = numbers(4, 3, 5, 6), numbers(3), numbers(3) + 1
    mean, variance = numbers(3), numbers(3).abs() + 0.5
    norm = torch.nn.BatchNorm2d(3, eps=1e-3, momentum=0.3, dtype=torch.float64)
    norm.load_state_dict({"weight": weight, "bias": bias, "running_mean": mean, "running_var": variance}, strict=False)
    x.requires_grad_()
    y = norm(x)
    grad = numbers(*y.shape)
    expected = torch.autograd.grad(y, [x, *norm.parameters()], grad)
    x, grad = x.detach(), grad.detach()
    ours, batch_mean, inverse, new_mean, new_variance = batch_norm(x, weight, bias, mean, variance, True, 0.3, 1e-3)
    whole = batch_norm(x, weight, bias, mean, variance, True, 1.0, 1e-3)[3:]
    torch.testing.assert_close(whole, (x.mean((0, 2, 3)), x.transpose(0, 1).flatten(1).var(1)))
    torch.testing.assert_close(ours, y)
    torch.testing.assert_close(new_mean, norm.running_mean)
    torch.testing.assert_close(new_variance, norm.running_var)
    found = batch_norm_backward(grad, x, weight, mean, variance, batch_mean, inverse, True, 1e-3, [True] * 3)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)

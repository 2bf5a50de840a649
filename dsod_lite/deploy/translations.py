"""PyTorch's operations, each as the ONNX operation that means the same, where all shapes are known.

`TRANSLATIONS`, at the end, is the table. A translation gets the operation and its arguments as torch has them, with
names of ONNX results, or tensors, in the places of tensors; it returns the name of its result.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx

aten = torch.ops.aten
# onnx.TensorProto's numbers for the types: 1 is FLOAT, 7 INT64, 9 BOOL, 11 DOUBLE.
ELEMENT_TYPES = {torch.float32: 1, torch.int64: 7, torch.bool: 9, torch.float64: 11}


@dataclass(frozen=True)
class Operation:
    """One of PyTorch's operations: what it is between, and where its translation goes."""

    add: Callable[..., Any]
    """`GraphWriter.add`."""
    node: fx.Node

    @property
    def result(self) -> Tensor:
        """What it gives, for shape and type."""
        return self.node.meta["val"]

    def given(self, i: int) -> Any:
        """The i-th argument, for shape and type, or the number that it is."""
        argument = self.node.args[i]
        return argument.meta["val"] if isinstance(argument, fx.Node) else argument

    def cast(self, value: Any, i: int, dtype: torch.dtype) -> Any:
        """The i-th argument's value in a type."""
        if not isinstance(value, str):
            return torch.as_tensor(value, dtype=dtype)
        return value if self.given(i).dtype == dtype else self.add("Cast", value, to=ELEMENT_TYPES[dtype])

    def reshaped(self, value: Any) -> str:
        """In the shape of the result."""
        return self.add("Reshape", value, list(self.result.shape))


def pairwise(kind: str, compares: bool = False) -> Callable[..., str]:
    """Of two arguments, the second a number perhaps, in the type that torch computes in."""

    def translate(op: Operation, a: Any, b: Any, **options: Any) -> str:
        dtype = torch.result_type(op.given(0), op.given(1)) if compares else op.result.dtype
        return op.add(kind, op.cast(a, 0, dtype), op.cast(b, 1, dtype))

    return translate


def single(*kinds: str) -> Callable[..., str]:
    """Of one argument; several kinds one after another."""

    def translate(op: Operation, x: Any) -> str:
        for kind in kinds:
            x = op.add(kind, x)
        return x

    return translate


def same(op: Operation, x: Any, *args: Any, **options: Any) -> Any:
    """Copies and views: a name is never written to twice."""
    return x


def reshape(op: Operation, x: Any, *args: Any) -> str:
    return op.reshaped(x)


def cast(op: Operation, x: Any, **options: Any) -> Any:
    return op.cast(x, 0, op.result.dtype)


def copied(op: Operation, x: Any, source: Any) -> str:
    source = op.cast(source, 1, op.result.dtype)
    return source if op.given(1).shape == op.result.shape else op.add("Expand", source, list(op.result.shape))


def compare_not(op: Operation, a: Any, b: Any) -> str:
    return op.add("Not", pairwise("Equal", compares=True)(op, a, b))


def power(op: Operation, x: Any, exponent: float) -> Any:
    if exponent == 1:
        return x
    return op.add("Mul", x, x) if exponent == 2 else op.add("Pow", x, op.cast(exponent, 1, op.result.dtype))


def clamp(op: Operation, x: Any, low: float | None = None, high: float | None = None) -> str:
    for kind, limit in (("Max", low), ("Min", high)):
        if limit is not None:
            x = op.add(kind, x, torch.tensor(limit, dtype=op.result.dtype))
    return x


def where(op: Operation, mask: Any, a: Any, b: Any) -> str:
    return op.add("Where", mask, op.cast(a, 1, op.result.dtype), op.cast(b, 2, op.result.dtype))


def filled(op: Operation, x: Any, mask: Any, value: Any) -> str:
    return op.add("Where", mask, torch.as_tensor(value, dtype=op.result.dtype), x)


# ---- shapes


def permute(op: Operation, x: Any, dims: Sequence[int]) -> str:
    return op.add("Transpose", x, perm=[d % len(dims) for d in dims])


def transpose(op: Operation, x: Any, first: int, second: int) -> str:
    order = list(range(op.result.dim()))
    order[first], order[second] = order[second], order[first]
    return op.add("Transpose", x, perm=order)


def expand(op: Operation, x: Any, sizes: Sequence[int], **options: Any) -> Any:
    if op.given(0).shape == op.result.shape:
        return x
    return op.add("Expand", x, list(op.result.shape))


def full_like(op: Operation, x: Any, value: float, **options: Any) -> str:
    return op.add("Expand", torch.tensor(value, dtype=op.result.dtype), list(op.result.shape))


def cut(op: Operation, x: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Any:
    if op.given(0).shape == op.result.shape:
        return x
    return op.add("Slice", x, [start or 0], [min(end, 2**62) if end is not None else 2**62], [dim], [step])


def slice_scatter(
    op: Operation, x: Any, part: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Any:
    """Part of `x` replaced: what is before it, the part, what is after it."""
    size = op.result.shape[dim]
    first, last = min(start or 0, size), min(size if end is None else end, size)
    if step != 1 or first < 0 or last < 0:
        raise NotImplementedError("slice_scatter with a step, or counted from the end")
    before = [op.add("Slice", x, [0], [first], [dim], [1])] if first else []
    after = [op.add("Slice", x, [last], [size], [dim], [1])] if last < size else []
    return op.add("Concat", *before, part, *after, axis=dim) if before or after else part


def select(op: Operation, x: Any, dim: int, index: int) -> str:
    end = index + 1 or 2**62
    return op.reshaped(op.add("Slice", x, [index], [end], [dim], [1]))


def flip(op: Operation, x: Any, dims: Sequence[int]) -> str:
    ones = [-1] * len(dims)
    return op.add("Slice", x, ones, [-(2**62)] * len(dims), list(dims), ones)


def split(op: Operation, x: Any, sizes: Sequence[int], dim: int = 0) -> list[str]:
    names = op.add("Split", x, list(sizes), axis=dim, outputs=len(sizes))
    return names if len(sizes) > 1 else [names]


def cat(op: Operation, parts: Sequence[Any], dim: int = 0) -> Any:
    return op.add("Concat", *parts, axis=dim) if len(parts) > 1 else parts[0]


def pad(op: Operation, x: Any, widths: Sequence[int], value: float = 0.0) -> Any:
    """torch's widths are [left, right] of the last axis, then of the one before …; ONNX has all lefts first."""
    if not any(widths):
        return x
    missing = [0] * (op.result.dim() - len(widths) // 2)
    lefts, rights = list(widths[-2::-2]), list(widths[-1::-2])
    return op.add("Pad", x, missing + lefts + missing + rights, torch.tensor(value, dtype=op.result.dtype))


# ---- sums, largest, order


def reduction(kind: str) -> Callable[..., str]:
    def translate(op: Operation, x: Any, dims: Sequence[int] = (), keepdim: bool = False, **options: Any) -> str:
        axes = list(dims) or list(range(op.given(0).dim()))
        return op.add(kind, op.cast(x, 0, op.result.dtype), axes, keepdims=int(keepdim))

    return translate


def largest(op: Operation, x: Any, dim: int, keepdim: bool = False) -> list[str]:
    return [
        op.add("ReduceMax", x, [dim], keepdims=int(keepdim)),
        op.add("ArgMax", x, axis=dim, keepdims=int(keepdim)),
    ]


def ordered(op: Operation, x: Any, count: int, dim: int, descending: bool) -> list[str]:
    if op.given(0).dtype == torch.bool:
        raise NotImplementedError("truth values are not put in order")
    return op.add("TopK", x, [count], axis=dim, largest=int(descending), outputs=2)


def topk(op: Operation, x: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> list[str]:
    return ordered(op, x, k, dim, largest)


def sort(op: Operation, x: Any, dim: int = -1, descending: bool = False) -> list[str]:
    return ordered(op, x, op.given(0).shape[dim], dim, descending)


# ---- by index


def gather(op: Operation, x: Any, dim: int, index: Any) -> str:
    return op.add("GatherElements", x, index, axis=dim)


def places(op: Operation, indices: Sequence[Any]) -> str:
    """Indices of the first axes, broadcast against each other, side by side: [..., K]."""
    metas = [argument.meta["val"] for argument in op.node.args[1]]  # type: ignore[union-attr]
    shape = list(torch.broadcast_shapes(*(meta.shape for meta in metas)))
    wide = [op.add("Unsqueeze", op.add("Expand", index, shape), [len(shape)]) for index in indices]
    return op.add("Concat", *wide, axis=-1)


def index(op: Operation, x: Any, indices: Sequence[Any]) -> str:
    return op.add("GatherND", x, places(op, indices))


def index_put(op: Operation, x: Any, indices: Sequence[Any], values: Any) -> str:
    at = places(op, indices)
    metas = [argument.meta["val"] for argument in op.node.args[1]]  # type: ignore[union-attr]
    shape = [*torch.broadcast_shapes(*(m.shape for m in metas)), *op.result.shape[len(metas) :]]
    return op.add("ScatterND", x, at, op.add("Expand", op.cast(values, 2, op.result.dtype), shape))


def scatter(reduction: str) -> Callable[..., str]:
    def translate(op: Operation, x: Any, dim: int, index: Any, source: Any, *args: Any, **options: Any) -> str:
        if not isinstance(source, (str, Tensor)):
            source = torch.full(op.given(2).shape, source, dtype=op.result.dtype)
        kind = {"amax": "max", "sum": "add"}[args[0]] if args else reduction
        return op.add("ScatterElements", x, index, source, axis=dim, reduction=kind)

    return translate


# ---- convolution and pooling


def convolution(
    op: Operation,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
) -> str:
    attributes = {"strides": stride, "pads": [*padding, *padding], "dilations": dilation, "group": groups}
    if transposed:
        attributes["output_padding"] = output_padding
    inputs = [x, weight] if bias is None else [x, weight, bias]
    return op.add("ConvTranspose" if transposed else "Conv", *inputs, **attributes)


def max_pool(
    op: Operation,
    x: Any,
    kernel: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0, 0),
    dilation: Sequence[int] = (1, 1),
    ceil_mode: bool = False,
) -> list[str]:
    """ONNX counts places through the whole batch, torch within a plane."""
    pads = [*padding, *padding] if len(padding) == 2 else [padding[0]] * 4
    attributes = {"strides": stride or kernel, "pads": pads, "dilations": dilation, "ceil_mode": int(ceil_mode)}
    largest, place = op.add("MaxPool", x, kernel_shape=kernel, outputs=2, **attributes)
    return [largest, op.add("Mod", place, math.prod(op.given(0).shape[2:]))]


def batch_norm(op: Operation, x: Any, weight: Any, bias: Any, mean: Any, variance: Any, *options: Any) -> list[str]:
    """With given statistics; `options` are, last, momentum and epsilon, and before them perhaps whether it trains."""
    if options[0] is True:
        raise NotImplementedError("BatchNorm in training has no translation to ONNX")
    return [op.add("BatchNormalization", x, weight, bias, mean, variance, epsilon=options[-1])]


TRANSLATIONS: dict[Any, Callable[..., Any]] = {
    aten.abs.default: single("Abs"),
    aten.add.Tensor: pairwise("Add"),
    aten.alias.default: same,
    aten.amax.default: reduction("ReduceMax"),
    aten.bitwise_and.Tensor: pairwise("And"),
    aten.bitwise_not.default: single("Not"),
    aten.bitwise_or.Tensor: pairwise("Or"),
    aten.bmm.default: pairwise("MatMul"),
    aten.cat.default: cat,
    aten.clamp.default: clamp,
    aten.clamp_min.default: clamp,
    aten.clone.default: same,
    aten.constant_pad_nd.default: pad,
    aten.convolution.default: convolution,
    aten.detach.default: same,
    aten.copy.default: copied,
    aten.div.Tensor: pairwise("Div"),
    aten.div.Tensor_mode: pairwise("Div"),  # of indices, which are not below 0
    aten.eq.Scalar: pairwise("Equal", compares=True),
    aten.eq.Tensor: pairwise("Equal", compares=True),
    aten.exp.default: single("Exp"),
    aten.expand.default: expand,
    aten.flip.default: flip,
    aten.full_like.default: full_like,
    aten.gather.default: gather,
    aten.ge.Scalar: pairwise("GreaterOrEqual", compares=True),
    aten.gt.Scalar: pairwise("Greater", compares=True),
    aten.index.Tensor: index,
    aten.index_put.default: index_put,
    aten.le.Scalar: pairwise("LessOrEqual", compares=True),
    aten.log.default: single("Log"),
    aten.lt.Scalar: pairwise("Less", compares=True),
    aten.lt.Tensor: pairwise("Less", compares=True),
    aten.masked_fill.Scalar: filled,
    aten.max.dim: largest,
    aten.max_pool2d_with_indices.default: max_pool,
    aten.maximum.default: pairwise("Max"),
    aten.mean.dim: reduction("ReduceMean"),
    aten.minimum.default: pairwise("Min"),
    aten.mm.default: pairwise("MatMul"),
    aten.mul.Scalar: pairwise("Mul"),
    aten.mul.Tensor: pairwise("Mul"),
    aten.ne.Scalar: compare_not,
    aten.neg.default: single("Neg"),
    aten.permute.default: permute,
    aten.pow.Tensor_Scalar: power,
    aten.relu.default: single("Relu"),
    aten.rsqrt.default: single("Sqrt", "Reciprocal"),
    aten.scatter.src: scatter("none"),
    aten.scatter.value: scatter("none"),
    aten.scatter_add.default: scatter("add"),
    aten.scatter_reduce.two: scatter("none"),
    aten.select.int: select,
    aten.sign.default: single("Sign"),
    aten.slice.Tensor: cut,
    aten.slice_scatter.default: slice_scatter,
    aten.sort.default: sort,
    aten.split_with_sizes.default: split,
    aten.sqrt.default: single("Sqrt"),
    aten.squeeze.dim: reshape,
    aten.squeeze.dims: reshape,
    aten.sub.Tensor: pairwise("Sub"),
    aten.sum.default: reduction("ReduceSum"),
    aten.sum.dim_IntList: reduction("ReduceSum"),
    aten.t.default: lambda op, x: op.add("Transpose", x, perm=[1, 0]),
    aten.topk.default: topk,
    aten.transpose.int: transpose,
    aten.unsqueeze.default: reshape,
    aten.view.default: reshape,
    aten.where.self: where,
    aten.native_batch_norm.default: batch_norm,
    aten._native_batch_norm_legit_no_training.default: batch_norm,
    aten._to_copy.default: cast,
    aten._unsafe_view.default: reshape,
}

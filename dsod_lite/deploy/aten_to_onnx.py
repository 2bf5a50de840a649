"""From a traced function to ONNX, an operation at a time.

`torch.onnx.export` does this for any model, and needs minutes for the thousands of operations of a training step. Here
every shape is known, so most operations are one line (see `translations`), and what depends on no input is computed
right away and becomes a constant.
"""

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
from torch import Tensor, fx

from .translations import ELEMENT_TYPES, TRANSLATIONS, Operation

OPSET = 18


class GraphWriter:
    """An ONNX graph that grows. A value is a string, the name of a result, or a tensor, which becomes a constant."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.names: dict[tuple[Any, ...], str] = {}
        self.results: dict[tuple[str, ...], list[str]] = {}
        self.constants: list[onnx.TensorProto] = []

    def name_of(self, value: Any) -> str:
        """Of a result; of a tensor, number or list of integers that the graph holds, each once."""
        if isinstance(value, str):
            return value
        array = value.numpy() if isinstance(value, Tensor) else np.asarray(value, dtype=np.int64)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.names:
            self.names[key] = f"constant{len(self.names)}"
            self.constants.append(numpy_helper.from_array(array, self.names[key]))
        return self.names[key]

    def add(self, kind: str, *inputs: Any, outputs: int = 1, **attributes: Any) -> Any:
        """An ONNX operation. Returns the name of its result, or a list of so many.

        The same operation of the same values is one operation, however often it is asked for.
        """
        given = [self.name_of(value) for value in inputs]
        key = (kind, *given, str(attributes))
        if key not in self.results:
            self.results[key] = [f"{kind}{len(self.nodes)}_{i}" for i in range(outputs)]
            self.nodes.append(helper.make_node(kind, given, self.results[key], **attributes))
        names = self.results[key]
        return names[0] if outputs == 1 else names


def to_onnx(traced: fx.GraphModule, inputs: Sequence[str], outputs: Sequence[str]) -> onnx.ModelProto:
    """A function of tensors, traced by `make_fx`, as an ONNX model with inputs and outputs of these names.

    Raises:
        NotImplementedError: naming the operation that has no translation.
    """
    writer = GraphWriter()
    values: dict[fx.Node, Any] = {}
    given: list[onnx.ValueInfoProto] = []
    made: list[onnx.ValueInfoProto] = []
    for node in traced.graph.nodes:
        arguments, options = fx.node.map_arg((node.args, node.kwargs), values.get)
        if node.op == "placeholder":
            values[node] = inputs[len(given)]
            given.append(value_info(values[node], node.meta["val"]))
        elif node.op == "get_attr":
            values[node] = getattr(traced, node.target).detach()
        elif node.op == "output":
            for name, value, result in zip(outputs, arguments[0], node.args[0], strict=True):
                writer.nodes.append(helper.make_node("Identity", [writer.name_of(value)], [name]))
                made.append(value_info(name, result.meta["val"]))
        elif node.target is operator.getitem:
            values[node] = arguments[0][arguments[1]]
        elif all(isinstance(values[source], Tensor) for source in node.all_input_nodes):
            values[node] = node.target(*arguments, **options)
        elif node.target in TRANSLATIONS:
            values[node] = TRANSLATIONS[node.target](Operation(writer.add, node), *arguments, **options)
        else:
            raise NotImplementedError(f"{node.target} has no translation to ONNX")
    graph = helper.make_graph(writer.nodes, "graph", given, made, writer.constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)


def value_info(name: str, value: Tensor) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, ELEMENT_TYPES[value.dtype], list(value.shape))

"""The network or the whole detector as ONNX, for engines other than PyTorch: ONNX Runtime, a browser, a phone."""

import importlib.util
import json
import math
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..detector.boxes import decode
from ..detector.config import DSODConfig
from ..detector.fast import fold_batchnorm
from ..detector.model import DSOD
from ..support.errors import MissingPackage
from ..support.files import whole_file


def export_onnx(model: DSOD, path: str | Path, classes: Sequence[str] = ()) -> None:
    """Writes `model.network`, with BatchNorm folded where it can be, as ONNX.

    The file takes "pictures" [B, 3, S, S] float32, normalised as `model.normalize` does it, and gives "offsets"
    [B, P, 4] and "logits" [B, P, num_classes]. Its metadata hold what a reader of the file needs to normalise, to place
    the priors and to name the classes: "config" (the fields of `DSODConfig`) and "classes", both as JSON.

    Args:
        model: on any device; the file does not depend on it.
        path: the file to write.
        classes: names of the classes 1 to C - 1, if they have any.

    Raises:
        MissingPackage: if onnx or onnxscript is missing, or torch is older than 2.7. The package does not need them
            otherwise.
    """
    size = model.config.image_size
    file = exported(
        fold_batchnorm(model.network).cpu(),
        torch.zeros(2, 3, size, size),
        (["pictures"], ["offsets", "logits"]),
        dynamic_shapes={"batch": {0: torch.export.Dim("pictures")}},
    )
    write(file, path, model.config, classes)


def export_detector(model: DSOD, path: str | Path, classes: Sequence[str] = (), threshold: float = 0.05) -> None:
    """Writes the whole detector as ONNX, with decoding and non-maximum suppression inside.

    The file takes "picture" [1, S, S, 3] uint8, RGB, warped to the network's input, and gives "boxes" [N, 4] xyxy,
    fractions of the picture, "labels" [N] int64, 1 is `classes[0]`, and "scores" [N], best first.

    `detect` lets the best 400 of a class into suppression; here all do that score enough. As there, the best
    `detections_per_image` are what is left.

    Args:
        model: on any device; the file does not depend on it.
        path: the file to write.
        classes: names of the classes 1 to C - 1, if they have any.
        threshold: the least score.

    Raises:
        MissingPackage: as `export_onnx`.
    """
    size = model.config.image_size
    picture = torch.zeros(1, size, size, 3, dtype=torch.uint8)
    file = exported(Decoded(model), picture, (["picture"], ["every_box", "every_score"]))
    add_suppression(file.graph, model.config, threshold)
    write(file, path, model.config, classes)


class Decoded(nn.Module):
    """A picture [1, S, S, 3] uint8 -> boxes [1, P, 4] xyxy, fractions, not clipped, and scores [1, C - 1, P]."""

    priors: Tensor
    mean: Tensor

    def __init__(self, model: DSOD) -> None:
        super().__init__()
        self.network = fold_batchnorm(model.network).cpu()
        self.config = model.config
        self.register_buffer("priors", model.priors.cpu())
        self.register_buffer("mean", torch.tensor(model.config.mean).view(3, 1, 1))

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        batch = picture.permute(0, 3, 1, 2).float()
        if self.config.channel_order == "BGR":
            batch = batch.flip(1)
        offsets, logits = self.network((batch - self.mean) / self.config.std)
        return decode(offsets, self.priors), logits.softmax(dim=2)[..., 1:].transpose(1, 2)


def add_suppression(graph: Any, config: DSODConfig, threshold: float) -> None:
    """Takes a graph's "every_box" and "every_score" through non-maximum suppression, and sorts what is left."""
    from onnx import TensorProto, helper

    def constant(name: str, kind: int, values: list[float]) -> None:
        graph.initializer.append(helper.make_tensor(name, kind, [len(values)], values))

    constant("most", TensorProto.INT64, [config.detections_per_image])
    constant("overlap", TensorProto.FLOAT, [config.nms_threshold])
    constant("least", TensorProto.FLOAT, [threshold])
    constant("one", TensorProto.INT64, [1])
    constant("corners", TensorProto.INT64, [-1, 4])
    low, high = (0.0, 1.0) if config.clip_boxes else (-math.inf, math.inf)
    graph.initializer.extend(
        helper.make_tensor(name, TensorProto.FLOAT, [], [value]) for name, value in (("lowest", low), ("highest", high))
    )
    graph.initializer.extend(
        helper.make_tensor(name, TensorProto.INT64, [], [value]) for name, value in (("class_at", 1), ("box_at", 2))
    )
    steps: list[tuple[str, list[str], list[str], dict[str, Any]]] = [
        ("NonMaxSuppression", ["every_box", "every_score", "most", "overlap", "least"], ["kept"], {}),
        ("Gather", ["kept", "class_at"], ["kept_class"], {"axis": 1}),
        ("Gather", ["kept", "box_at"], ["kept_box"], {"axis": 1}),
        ("GatherND", ["every_score", "kept"], ["kept_score"], {}),
        ("Shape", ["kept_score"], ["how_many"], {}),
        ("Min", ["how_many", "most"], ["so_many"], {}),  # suppression's own limit is for each class
        ("TopK", ["kept_score", "so_many"], ["scores", "order"], {}),
        ("Gather", ["kept_class", "order"], ["sorted_class"], {}),
        ("Add", ["sorted_class", "one"], ["labels"], {}),
        ("Reshape", ["every_box", "corners"], ["box_list"], {}),
        ("Gather", ["kept_box", "order"], ["sorted_box"], {}),
        ("Gather", ["box_list", "sorted_box"], ["whole_boxes"], {}),
        ("Clip", ["whole_boxes", "lowest", "highest"], ["boxes"], {}),  # after suppression, as in `DSOD`
    ]
    for kind, inputs, outputs, attributes in steps:
        graph.node.append(helper.make_node(kind, inputs, outputs, **attributes))
    del graph.output[:]
    float32, int64 = TensorProto.FLOAT, TensorProto.INT64
    sizes: list[tuple[str, int, list[str | int]]] = [
        ("boxes", float32, ["N", 4]),
        ("labels", int64, ["N"]),
        ("scores", float32, ["N"]),
    ]
    for name, element, shape in sizes:
        graph.output.append(helper.make_tensor_value_info(name, element, shape))


def exported(module: nn.Module, example: Tensor, names: tuple[list[str], list[str]], dynamic_shapes: Any = None) -> Any:
    """A module as an ONNX model, `names` being those of its inputs and of its outputs."""
    missing = [name for name in ("onnx", "onnxscript") if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingPackage(f"export needs {' and '.join(missing)}: pip install {' '.join(missing)}")
    if torch.__version__.startswith("2.6."):  # whose exporter fails at BatchNorm: microsoft/onnxscript 2651
        raise MissingPackage(f"export needs torch 2.7 or newer; this is {torch.__version__}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporter warns of its own internals
        program = torch.onnx.export(
            module.eval(),
            (example,),
            input_names=names[0],
            output_names=names[1],
            dynamic_shapes=dynamic_shapes,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    return program.model_proto


def write(file: Any, path: str | Path, config: DSODConfig, classes: Sequence[str]) -> None:
    """Writes an ONNX model, without a trace of this machine, with config and classes in its metadata."""
    for node in file.graph.node:
        del node.metadata_props[:]  # where in this machine's files each operation was written
    for key, value in (("config", asdict(config)), ("classes", list(classes))):
        file.metadata_props.add(key=key, value=json.dumps(value))
    with whole_file(Path(path)) as out:
        out.write(file.SerializeToString())

"""The network as an ONNX file, for engines other than PyTorch: ONNX Runtime, a browser, a phone."""

import importlib.util
import json
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

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
        MissingPackage: if onnx or onnxscript is missing. The package does not need them otherwise.
    """
    missing = [name for name in ("onnx", "onnxscript") if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingPackage(f"export needs {' and '.join(missing)}: pip install {' '.join(missing)}")
    network = fold_batchnorm(model.network).cpu()
    size = model.config.image_size
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporter warns of its own internals
        program = torch.onnx.export(
            network,
            (torch.zeros(2, 3, size, size),),
            input_names=["pictures"],
            output_names=["offsets", "logits"],
            dynamic_shapes={"batch": {0: torch.export.Dim("pictures")}},
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    file = program.model_proto
    for node in file.graph.node:
        del node.metadata_props[:]  # where in this machine's files each operation was written
    for key, value in (("config", asdict(model.config)), ("classes", list(classes))):
        file.metadata_props.add(key=key, value=json.dumps(value))
    with whole_file(Path(path)) as out:
        out.write(file.SerializeToString())

"""Size and speed: DSOD's family and torchvision's SSDs, counted and timed, as floats and in eight bits.

On a Titan X the paper has 17.4 pictures a second for DSOD300 and 46 for SSD300 of nearly twice the parameters (Table
4). Compared are parameters, multiply-adds, and how long one picture takes from the network's input to its offsets and
logits, on one thread of a CPU: by torch as it is, by `fast_network`, and by ONNX Runtime with floats and with its
convolutions in eight bits. The four take turns, `epochs` times, and the median counts.

`dsod_tiny` is the trained detector of dsod_lite/weights/shapes_tiny.pt, so for it there is also AP50 on the test
pictures of data/shapes, as floats and in eight bits. The others have random weights, which take as long. Times belong
to the machine and to what else it does: run this on a quiet one. What `verify` compares is the count of multiply-adds.
"""

import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.detection import ssd300_vgg16, ssdlite320_mobilenet_v3_large
from torchvision.models.detection.ssd import SSD

from dsod_lite import DSOD, dsod300, dsod300_lite, dsod300_plain, dsod300_smallest, evaluate_voc, load_model, predict
from dsod_lite.datasets import VOCDataset
from dsod_lite.deploy.onnx import export_onnx
from dsod_lite.detector.fast import fast_network
from dsod_lite.detector.network import Network
from dsod_lite.support.stopwatch import Timer
from dsod_lite.weights.start import SHAPES

from ..parts.common import drawn, setup
from ..parts.counting import SSDNetwork, multiply_adds

EPOCHS = 15
"""Rounds of the stopwatch."""
MEASURE = "multiply_adds"
DATA = Path(__file__).parents[3] / "data"
CALIBRATION_SEED = 5
"""The series of drawn pictures that set the ranges which the eight bits divide."""

Answer = Callable[[Tensor], tuple[Tensor, ...]]


@dataclass(frozen=True)
class Case:
    """A network to be counted and timed."""

    detector: nn.Module
    """What the network is a part of."""
    network: nn.Module
    """Takes a prepared batch [1, 3, side, side]; gives offsets and logits."""
    side: int
    prepare: Callable[[Tensor], Tensor]
    """A picture [3, side, side] in [0, 1] as the network's batch."""
    write: Callable[[Path], None]
    """Writes the network as an ONNX file that takes "pictures"."""


def ours(model: DSOD) -> Case:
    """One of the family."""
    model.eval()
    return Case(
        detector=model,
        network=model.network,
        side=model.config.image_size,
        prepare=lambda image: model.normalize([image]),
        write=lambda path: export_onnx(model, path),
    )


def theirs(make: Callable[..., SSD]) -> Case:
    """One of torchvision's, with random weights and VOC's classes."""
    ssd = make(weights=None, weights_backbone=None, num_classes=21).eval()
    network = SSDNetwork(ssd).eval()
    side = ssd.transform.fixed_size[0]

    def prepare(image: Tensor) -> Tensor:
        return ssd.transform([image])[0].tensors

    def write(path: Path) -> None:
        example = prepare(torch.rand(3, side, side))
        how: dict[str, Any] = {"dynamo": True, "external_data": False, "verbose": False}
        torch.onnx.export(network, (example,), path, input_names=["pictures"], **how)

    return Case(ssd, network, side, prepare, write)


def shipped() -> DSOD:
    """The detector that ships with the book, trained on data/shapes."""
    return load_model(SHAPES)[0]


VARIANTS: dict[str, Callable[[], Case]] = {
    "dsod_tiny": lambda: ours(shipped()),
    "dsod300_smallest": lambda: ours(dsod300_smallest()),
    "dsod300_lite": lambda: ours(dsod300_lite()),
    "dsod300": lambda: ours(dsod300()),
    "dsod300_plain": lambda: ours(dsod300_plain()),
    "ssd300_vgg16": lambda: theirs(ssd300_vgg16),
    "ssdlite320": lambda: theirs(ssdlite320_mobilenet_v3_large),
}


class Calibration:
    """Batches for ONNX Runtime's calibration, which asks for one after the other."""

    def __init__(self, batches: list[Tensor]) -> None:
        self.batches: Iterator[Tensor] = iter(batches)

    def get_next(self) -> dict[str, Any] | None:
        """The next batch by the input's name; None: there is no more."""
        batch = next(self.batches, None)
        return None if batch is None else {"pictures": batch.contiguous().numpy()}


def quantize(source: Path, target: Path, batches: list[Tensor]) -> None:
    """Convolutions in eight bits: weights with a scale for each channel, inputs with one, which the batches set."""
    from onnxruntime.quantization import QuantFormat, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = target.with_suffix(".prepared.onnx")
    quant_pre_process(source, prepared, skip_symbolic_shape=True)
    how: dict[str, Any] = {"quant_format": QuantFormat.QDQ, "per_channel": True, "op_types_to_quantize": ["Conv"]}
    quantize_static(prepared, target, Calibration(batches), **how)


def engine(path: Path) -> Answer:
    """ONNX Runtime's answers, on as many threads as torch has."""
    import onnxruntime  # here, so that the other experiments run without it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda batch: tuple(map(torch.from_numpy, session.run(None, {"pictures": batch.contiguous().numpy()})))


def race(calls: Mapping[str, Answer], batch: Tensor, rounds: int) -> dict[str, float]:
    """Median milliseconds of each call. They take turns; the first call of each does not count."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    with torch.no_grad():
        for _ in range(rounds):
            for name, call in calls.items():
                timer = Timer("call(batch)", globals={"call": call, "batch": batch})
                times[name].append(1000 * timer.timeit(1).median)
    return {name: round(statistics.median(values), 3) for name, values in times.items()}


def ap50(answer: Answer) -> float:
    """AP50 of the shipped detector on the test pictures of data/shapes, with these answers in its network's place."""
    model = shipped()
    model.network.forward = answer  # type: ignore[method-assign, assignment]
    detections, targets = predict(model, VOCDataset(DATA / "shapes", "test"), progress=False)
    return evaluate_voc(detections, targets, model.config.num_classes, method="all-point").mean_ap


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One network, counted and timed."""
    case = VARIANTS[variant]()
    batches = [case.prepare(image.float() / 255) for image, _ in drawn(16, CALIBRATION_SEED, case.side, "standard")]
    batch = batches[seed % len(batches)]
    calls: dict[str, Answer] = {"torch": case.network.forward}
    if isinstance(case.network, Network):
        calls["fast_network"] = fast_network(case.network)
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{name}.onnx" for name in ("onnx", "onnx_int8")}
        case.write(files["onnx"])
        quantize(files["onnx"], files["onnx_int8"], batches)
        calls |= {name: engine(path) for name, path in files.items()}
        sizes = {name: path.stat().st_size for name, path in files.items()}
    result = {
        "parameters": sum(p.numel() for p in case.network.parameters()),
        "multiply_adds": multiply_adds(case.network, batch),
        "side": case.side,
        "bytes": sizes,
        "milliseconds": race(calls, batch, epochs),
        "setup": setup(case.detector),
    }
    if variant == "dsod_tiny":
        result["ap50"] = {name: ap50(calls[name]) for name in ("torch", *files)}
    return result

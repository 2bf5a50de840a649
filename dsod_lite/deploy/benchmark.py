"""What a detector has to be quick at, timed on this machine: `python -m dsod_lite benchmark`."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torchvision.models.detection import ssd300_vgg16

from ..detector.detect import detect
from ..detector.presets import dsod300, dsod_tiny
from ..evaluation.voc import evaluate_voc
from ..support.stopwatch import Timer


def seconds(call: Callable[[], Any]) -> float:
    """Median time of a call, after one that does not count, by torch's timer with as many threads as torch has here.

    It repeats the call four times or more, until the times agree or ten seconds have passed.
    """
    timer = Timer("call()", globals={"call": call}, num_threads=torch.get_num_threads())  # its own default is one
    return timer.adaptive_autorange().median


def random_evaluation(pictures: int, each: int, num_classes: int) -> tuple[list[dict], list[dict]]:
    """Detections and targets of VOC 2007's test set in number, and in nothing else."""
    generator = torch.Generator().manual_seed(0)

    def boxes(count: int) -> torch.Tensor:
        corner, size = torch.rand(2, count, 2, generator=generator) * 300
        return torch.cat([corner, corner + size + 1], dim=1)

    def labels(count: int) -> torch.Tensor:
        return torch.randint(1, num_classes, (count,), generator=generator)

    detections = [
        {"boxes": boxes(each), "labels": labels(each), "scores": torch.rand(each, generator=generator)}
        for _ in range(pictures)
    ]
    return detections, [{"boxes": boxes(3), "labels": labels(3)} for _ in range(pictures)]


def ssd_network(ssd: Any, batch: torch.Tensor) -> dict[str, torch.Tensor]:
    """What `model.network` is in torchvision's SSD: backbone and head, without priors, decoding and NMS."""
    return ssd.head(list(ssd.backbone(batch).values()))


def training_step(model: nn.Module, size: int, batch: int) -> Callable[[], None]:
    """A call that does one step on random pictures with three objects each."""
    model.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # as `train` has it
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)
    images = list(torch.rand(batch, 3, size, size))
    boxes = torch.tensor([[0.1, 0.1, 0.4, 0.5], [0.3, 0.2, 0.9, 0.8], [0.5, 0.5, 0.6, 0.6]]) * size
    targets = [{"boxes": boxes, "labels": torch.tensor([1, 2, 3])} for _ in range(batch)]

    def step() -> None:
        losses = model(images, targets)
        optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        optimizer.step()

    return step


def benchmark() -> list[dict[str, Any]]:
    """Runs every case, prints a line for each as it is done, and returns the rows."""
    rows: list[dict[str, Any]] = []

    def case(name: str, call: Callable[[], Any], pictures: int = 1) -> float:
        elapsed = seconds(call)
        rows.append({"case": name, "seconds": round(elapsed, 4), "pictures_per_second": round(pictures / elapsed, 1)})
        print(f"{name:62} {elapsed:8.3f} s {pictures / elapsed:10.1f} pictures/s", flush=True)
        return elapsed

    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads\n")
    model = dsod300()
    offsets, logits = torch.randn(1, 8744, 4), torch.randn(1, 8744, 21)
    case("post-processing, 8,744 priors × 21 classes of random scores", lambda: detect(offsets, logits, model.priors))
    detections, targets = random_evaluation(4952, 100, 21)
    case(
        "evaluate_voc, 4,952 pictures × 100 detections × 20 classes",
        lambda: evaluate_voc(detections, targets, 21),
        pictures=4952,
    )

    ssd = ssd300_vgg16(weights=None, weights_backbone=None, num_classes=21)
    picture = torch.rand(1, 3, 300, 300)
    with torch.no_grad():
        ssd.eval()
        reference = case("network, batch of 1: torchvision's ssd300_vgg16", lambda: ssd_network(ssd, picture))
        model.eval()
        plain = case("network, batch of 1: dsod300", lambda: model.network(picture))
        fast_network = model.fast_network()
        fast = case("network, batch of 1: dsod300, fast_network", lambda: fast_network(picture))
    reference_step = case("training step, batch of 4: torchvision's ssd300_vgg16", training_step(ssd, 300, 4), 4)
    step = case("training step, batch of 4: dsod300", training_step(model, 300, 4), 4)
    case("training step, batch of 16: dsod_tiny at 128×128", training_step(dsod_tiny(7), 128, 16), 16)

    print("\nDSOD300's speed as a multiple of SSD300's (the paper's, on a Titan X: 17.4 / 46 = 0.38)")
    ratios = {"network": reference / plain, "fast_network": reference / fast, "training step": reference_step / step}
    for name, ratio in ratios.items():
        rows.append({"case": f"{name}: times SSD300's speed", "ratio": round(ratio, 2)})
        print(f"{name:62} {ratio:8.2f}")
    return rows

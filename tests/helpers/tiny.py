"""Small things to train on in seconds: pictures with a coloured rectangle or two, in memory and as a VOC folder."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.transforms.v2 import functional as transforms
from torchvision.utils import save_image

from dsod_lite import DSOD, TrainConfig, dsod_tiny
from dsod_lite.weights.checkpoint import load_checkpoint

COLOURS = torch.tensor([[0.95, 0.1, 0.1], [0.1, 0.2, 0.95]])


class Rectangles(torch.utils.data.Dataset[Any]):
    """Pictures with one or two rectangles, the same for the same seed; `augment` mirrors and adds noise at random."""

    classes = ("red", "blue")

    def __init__(self, length: int = 8, size: int = 64, seed: int = 0, augment: bool = False) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.names = [f"picture{i}" for i in range(length)]
        self.augment = augment
        self.items = [self._draw(i, size, generator) for i in range(length)]

    def _draw(self, index: int, size: int, generator: torch.Generator) -> tuple[Tensor, dict[str, Any]]:
        image = 0.3 + 0.2 * torch.rand(3, size, size, generator=generator)
        boxes, labels = [], []
        for half in range(1 + index % 2):  # one each in the upper and the lower half, so that none hides another
            width, height = torch.randint(size // 4, size // 2, (2,), generator=generator).tolist()
            x = int(torch.randint(size - width, (1,), generator=generator))
            y = half * (size // 2)
            label = int(torch.randint(2, (1,), generator=generator)) + 1
            image[:, y : y + height, x : x + width] = COLOURS[label - 1][:, None, None]
            boxes.append([x, y, x + width, y + height])
            labels.append(label)
        return image, {
            "boxes": torch.tensor(boxes, dtype=torch.float32),
            "labels": torch.tensor(labels),
            "image_id": index,
        }

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Any]]:
        image, target = self.items[index]
        if self.augment:
            image = image + 0.05 * torch.rand(image.shape)
            if torch.rand(()) < 0.5:
                boxes, width = target["boxes"], image.shape[-1]
                image = transforms.horizontal_flip(image)
                target = target | {
                    "boxes": torch.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], 1)
                }
        return image, target


def small_dsod(seed: int = 0, **fields: Any) -> DSOD:
    """dsod_tiny for 64 pixels and two classes, with the shortest blocks."""
    torch.manual_seed(seed)
    return dsod_tiny(**{"num_classes": 3, "image_size": 64, "block_layers": (1, 1, 1, 1), **fields})


class Toy(nn.Module):
    """A detector that is next to nothing: it learns one number for each label, with dropout, and finds one box."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.value = nn.Parameter(torch.randn(3))
        self.dropout = nn.Dropout(0.5)

    def forward(self, images: list[Tensor], targets: list[dict[str, Any]] | None = None) -> Any:
        if self.training:
            assert targets is not None
            errors = [(self.dropout(self.value) - x.mean()).square().sum() for x in images]
            return {"error": torch.stack(errors).mean()}
        box = [[0.0, 0.0, x.shape[-1], x.shape[-2]] for x in images]
        return [
            {"boxes": torch.tensor([b]), "labels": torch.tensor([2]), "scores": x.mean()[None]}
            for b, x in zip(box, images, strict=True)
        ]


def quick(**fields: Any) -> TrainConfig:
    """A few steps on the CPU in this process."""
    length = {} if "minutes" in fields else {"epochs": 3}
    return TrainConfig(**{**length, "batch_size": 4, "workers": 0, "device": "cpu", **fields})


def without_seconds(history: list[dict[str, float]]) -> list[dict[str, float]]:
    """A curve's numbers that a seed fixes."""
    return [{key: value for key, value in entry.items() if key != "seconds"} for entry in history]


def same_weights(a: nn.Module, b: nn.Module) -> bool:
    """Bit for bit, buffers included."""
    return same(a.state_dict(), b.state_dict())


def same(a: Any, b: Any) -> bool:
    """Whether two nested structures are equal, tensors bit for bit."""
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def numbers(run: Path) -> dict[str, Any]:
    """All of a run's checkpoint that a seed fixes: weights, momentum, curve."""
    state = load_checkpoint(run)
    kept = {key: state[key] for key in ("model", "optimizer", "epoch", "epochs", "classes", "config")}
    return kept | {"history": without_seconds(state["history"])}


def write_voc(root: Path, **splits: Rectangles) -> Path:
    """A folder in VOC's layout with one list for each keyword."""
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for split, pictures in splits.items():
        names = [f"{split}_{name}" for name in pictures.names]
        (root / "ImageSets/Main" / f"{split}.txt").write_text("".join(f"{name}\n" for name in names))
        for name, (image, target) in zip(names, pictures.items, strict=True):
            save_image(image, root / "JPEGImages" / f"{name}.png")
            write_annotation(root, name, target, pictures.classes)
    return root


def write_annotation(root: Path, name: str, target: dict[str, Any], classes: tuple[str, ...]) -> None:
    """Annotations/NAME.xml."""
    objects = "".join(
        f"<object><name>{classes[label - 1]}</name><bndbox>"
        + "".join(f"<{c}>{v:g}</{c}>" for c, v in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True))
        + "</bndbox></object>"
        for label, box in zip(target["labels"].tolist(), target["boxes"].tolist(), strict=True)
    )
    (root / "Annotations" / f"{name}.xml").write_text(f"<annotation>{objects}</annotation>")

"""The training loop: any detector with torchvision's conventions, any data set of (image, target)."""

import copy
import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from .checkpoint import one_line
from .evaluation import evaluate_voc
from .model import DSOD
from .predict import collate, predict, to_device
from .runs import Run
from .sampling import EpochSampler, SeededDataset


@dataclass(frozen=True)
class TrainConfig:
    """How to train. Give `epochs`, or `minutes` to have the speed measured first and turned into epochs.

    A seed fixes a run on one machine: the record of a run by minutes says how many epochs they became, and a run by as
    many epochs gives the same numbers.
    """

    epochs: int | None = None
    minutes: float | None = None
    batch_size: int = 16
    learning_rate: float = 0.05
    momentum: float = 0.9
    weight_decay: float = 5e-4
    warmup_steps: int = 100
    """Steps over which the learning rate climbs from 0; then it follows half a cosine down to 0."""
    seed: int = 0
    evaluate_every: int = 5
    """Epochs from one look at the held-out pictures to the next; the last epoch is always judged."""
    workers: int = 2
    """Processes that load and augment pictures. 0: the training process does it itself."""
    device: str = "auto"
    """"auto" is a GPU where there is one."""

    def __post_init__(self) -> None:
        """Raises ValueError, naming the field."""
        if (self.epochs is None) == (self.minutes is None):
            raise ValueError("epochs, minutes: give one of the two")
        for name in ("epochs", "minutes", "batch_size", "learning_rate", "evaluate_every"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} is {value}; it has to be above 0")
        for name in ("momentum", "weight_decay", "warmup_steps", "workers"):
            value = getattr(self, name)
            if not 0 <= value < math.inf:
                raise ValueError(f"{name} is {value}; it has to be 0 or more")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed is {self.seed}; it has to be in [0, 2**32)")


class NonFiniteLoss(RuntimeError):
    """The loss, or the model, became infinite or NaN. The message says when, and for which pictures."""


def learning_rate_at(step: int, total_steps: int, config: TrainConfig) -> float:
    """The learning rate of a step (from 0): linear warm-up, then half a cosine."""
    warmup = min(config.warmup_steps, total_steps // 2)
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total_steps - warmup)))


def train(
    model: nn.Module,
    train_set: Dataset[Any],
    val_set: Dataset[Any] | None,
    config: TrainConfig,
    output: str | Path | None = None,
    resume: bool = False,
) -> list[dict[str, float]]:
    """Trains the model in place, and leaves it on the device and in training mode.

    Args:
        model: a DSOD, or any detector that gives a dict of losses in training mode.
        train_set: items (image float [3, H, W], target), augmented already; `classes` names its labels 1 to C - 1.
        val_set: held-out pictures, or None.
        config: how.
        output: the run's folder (see `runs`); None keeps nothing.
        resume: go on from the folder's checkpoint, if there is one; the numbers are those of a run never stopped.

    Returns:
        One dict an epoch: "epoch" (from 1), "loss" and its parts (means over the epoch), "lr", "seconds" of training so far,
        and "val_ap50" (all-point AP at IoU 0.5) where the held-out pictures were judged.

    Raises:
        NonFiniteLoss: the last good checkpoint is kept.
        ValueError: if model, pictures and config do not fit together, before anything is trained.
        CheckpointError: if the folder holds a run of another configuration, or `resume` is False and it holds any.
    """
    check_fit(model, train_set, val_set, config)
    device = pick_device(config.device)
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(
        parameter_groups(model, config.weight_decay), lr=config.learning_rate, momentum=config.momentum
    )
    run = Run(output, model, optimizer, asdict(config), train_set, device)
    run.start(resume)
    loader = make_loader(train_set, config)
    if not run.epochs:
        run.epochs = config.epochs or epochs_in(config, model, loader, val_set, device)

    total = run.epochs * len(loader)
    with tqdm(total=total * config.batch_size, initial=run.epoch * len(loader) * config.batch_size, unit="img") as bar:
        while run.epoch < run.epochs:
            begun = time.perf_counter()
            bar.set_description(f"epoch {run.epoch + 1}/{run.epochs}")
            entry = train_epoch(model, optimizer, loader, run.epoch, total, config, device, bar)
            run.epoch += 1
            if val_set is not None and (run.epoch % config.evaluate_every == 0 or run.epoch == run.epochs):
                entry["val_ap50"] = held_out_ap50(model, val_set, config)
            run.seconds += time.perf_counter() - begun
            entry = {"epoch": run.epoch, **entry, "seconds": round(run.seconds, 2)}
            run.finish_epoch(entry)
            if "val_ap50" in entry:
                bar.clear()
                print(summary(entry, run.epochs), flush=True)
    return run.history


def train_epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loader: DataLoader[Any],
    epoch: int,
    total_steps: int,
    config: TrainConfig,
    device: torch.device,
    bar: Any,
) -> dict[str, float]:
    """One pass over the pictures. Returns the means of the losses, and the last learning rate."""
    model.train()
    loader.sampler.epoch = epoch  # type: ignore[attr-defined]
    sums: dict[str, float] = {}
    rate = 0.0
    for i, (images, targets) in enumerate(loader):
        step = epoch * len(loader) + i
        rate = learning_rate_at(step, total_steps, config)
        for group in optimizer.param_groups:
            group["lr"] = rate
        torch.manual_seed(config.seed * 1_000_003 + step)  # for models that roll dice, and for the same after a kill
        losses = model([image.to(device) for image in images], [to_device(t, device) for t in targets])
        loss = torch.stack(list(losses.values())).sum()
        if not math.isfinite(loss.item()):
            raise NonFiniteLoss(describe_step(step, epoch, losses, targets, loader.dataset))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        for name, value in {"loss": loss, **losses}.items():
            sums[name] = sums.get(name, 0.0) + value.item()
        bar.update(len(images))
        bar.set_postfix(loss=f"{sums['loss'] / (i + 1):.3f}", refresh=False)
    # The last step's loss may be finite and yet lead the weights to infinity; such a model must not be kept.
    for name, value in model.state_dict().items():
        if not value.isfinite().all():
            raise NonFiniteLoss(f"epoch {epoch + 1}: {name} is not finite any more, though every loss was")
    return {name: value / len(loader) for name, value in sums.items()} | {"lr": rate}


def held_out_ap50(model: nn.Module, val_set: Dataset[Any], config: TrainConfig) -> float:
    """All-point mean AP at IoU 0.5, which is what the curve of a run shows."""
    detections, targets = predict(model, val_set, config.batch_size)
    labels = [int(r["labels"].max()) for r in [*detections, *targets] if len(r["labels"])]
    num_classes = 1 + max([len(getattr(val_set, "classes", ())), *labels])
    return evaluate_voc(detections, targets, num_classes, method="all-point").mean_ap


def check_fit(
    model: nn.Module, train_set: Dataset[Any], val_set: Dataset[Any] | None, config: TrainConfig
) -> None:
    """Raises ValueError, naming the field, for what would otherwise come out late, or never."""
    classes = tuple(getattr(train_set, "classes", ()))
    if val_set is not None and (theirs := tuple(getattr(val_set, "classes", classes))) != classes:
        raise ValueError(f"classes: {list(classes)} to train on, but {list(theirs)} to judge on")
    if isinstance(model, DSOD):
        if classes and model.config.num_classes != len(classes) + 1:
            raise ValueError(
                f"num_classes is {model.config.num_classes}; with the background and the pictures' {len(classes)} classes "
                f"it has to be {len(classes) + 1}"
            )
        if config.batch_size == 1 and model.config.map_sizes[-1] == 1:
            raise ValueError("batch_size is 1; it has to be 2 or more, as BatchNorm finds no variance in a map of one cell")


def make_loader(dataset: Dataset[Any], config: TrainConfig) -> DataLoader[Any]:
    """Whole batches only: a last one of one or two pictures would give BatchNorm the statistics of next to nothing."""
    length = len(dataset)  # type: ignore[arg-type]
    if length < config.batch_size:
        raise ValueError(f"batch_size is {config.batch_size}, but there are only {length} pictures to train on")
    return DataLoader(
        SeededDataset(dataset),
        config.batch_size,
        sampler=EpochSampler(length, config.seed),  # type: ignore[arg-type]
        num_workers=config.workers,
        collate_fn=collate,
        drop_last=True,
        persistent_workers=config.workers > 0,
        pin_memory=torch.cuda.is_available(),
    )


def epochs_in(
    config: TrainConfig, model: nn.Module, loader: DataLoader[Any], val_set: Dataset[Any] | None, device: torch.device
) -> int:
    """How many epochs fit into `config.minutes`, after timing some steps on a copy of the model that is then thrown away."""
    assert config.minutes is not None
    model = copy.deepcopy(model).train()
    times = []
    images: Sequence[Tensor]
    before = time.perf_counter()
    for images, targets in loader:
        losses = model([image.to(device) for image in images], [to_device(t, device) for t in targets])
        torch.stack(list(losses.values())).sum().backward()
        times.append(time.perf_counter() - before)
        before = time.perf_counter()
        if sum(times) > 0.02 * 60 * config.minutes and len(times) > 8:
            break
    step = statistics.median(times[1:] or times)  # the first waits until the loading processes have started
    # Detecting costs about a third of a training step's work, and every `evaluate_every`th epoch does it.
    held_out = len(val_set) / config.batch_size / 3 if val_set is not None else 0.0  # type: ignore[arg-type]
    epoch = step * (len(loader) + held_out / config.evaluate_every)
    return max(1, int(0.95 * (60 * config.minutes - sum(times)) / epoch))


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """The parameters to train. As the authors have it, weight decay spares the BatchNorm of DSOD's head."""
    spared: set[nn.Parameter] = set()
    if isinstance(model, DSOD):
        norms = [m for m in model.network.head.modules() if isinstance(m, nn.BatchNorm2d)]
        spared = {p for m in norms for p in m.parameters()}
    trained = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p not in spared], "weight_decay": weight_decay},
        {"params": [p for p in trained if p in spared], "weight_decay": 0.0},
    ]


def pick_device(name: str) -> torch.device:
    """"auto": a GPU where there is one, else the CPU; anything else is torch's own name for a device."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return torch.zeros(0, device=name).device
    except (RuntimeError, AssertionError) as error:  # an unknown name, or a device that this machine lacks
        raise ValueError(f"device is {name!r}: {one_line(error)}") from None


def describe_step(
    step: int, epoch: int, losses: dict[str, Tensor], targets: Sequence[dict[str, Any]], dataset: Any
) -> str:
    """What `NonFiniteLoss` says."""
    names = getattr(dataset.dataset, "names", None)
    ids = [None if "image_id" not in t else int(t["image_id"]) for t in targets]
    pictures = [str(i) if names is None or i is None else names[i] for i in ids]
    values = ", ".join(f"{name} {value.item():g}" for name, value in losses.items())
    return f"step {step} (epoch {epoch + 1}): the loss is not finite ({values}); pictures: {', '.join(pictures)}"


def summary(entry: dict[str, float], epochs: int) -> str:
    """One line of the log."""
    minutes, seconds = divmod(round(entry["seconds"]), 60)
    return (
        f"epoch {entry['epoch']:3}/{epochs}  loss {entry['loss']:.3f}  held-out AP50 {entry['val_ap50']:.3f}"
        f"  {minutes}:{seconds:02}"
    )

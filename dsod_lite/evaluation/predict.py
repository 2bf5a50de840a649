"""A detector over a whole data set."""

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from ..support.batches import as_floats, collate, loaded, to_device, worker_count
from ..support.errors import DataError, SettingError
from ..support.heap import trim_heap
from ..support.processes import gathered, rank, world_size
from ..support.signals import follow_parent, uncovered

PIXELS_AT_ONCE = 2**25
"""Of pictures of any size, as floats: 400 MB. A telephone's have 12 million each, and sixteen of them took 8 GB."""


@torch.no_grad()  # not inference_mode: a data set that keeps its pictures could not be trained on afterwards
def predict(
    model: nn.Module, dataset: Dataset[Any], batch_size: int = 16, workers: int | None = None, progress: bool = True
) -> tuple[list[dict[str, Tensor]], list[dict[str, Any]]]:
    """Detections and targets of every picture, on the CPU: what `evaluate_voc` and `evaluate_coco` compare.

    A picture that cannot be read is named in a warning, and has neither detections nor objects: it counts for nothing.

    Where several processes work together (see `support.processes`), they share the pictures, and each gets all results.

    Args:
        model: any detector with torchvision's conventions. It runs in evaluation mode on the device it is on, and each
            of its modules is left in the mode it came in.
        dataset: items are (image float [3, H, W] in [0, 1], target).
        batch_size: pictures at a time; fewer where the data set has `sizes` and they are large (`PIXELS_AT_ONCE`).
        workers: processes that load pictures, 0: this one; None: 0 on a CPU, up to 8 beside a GPU.
        progress: whether to show a bar.

    Raises:
        SettingError: for a batch size below 1, or workers below 0.
        LoadingError: if a process that loads pictures dies.
    """
    if batch_size < 1:
        raise SettingError(f"batch_size is {batch_size}; it has to be 1 or more")
    if workers is not None and workers < 0:
        raise SettingError(f"workers is {workers}; it has to be 0 or more")
    largest = max((width * height for width, height in getattr(dataset, "sizes", ())), default=1)
    batch_size = max(1, min(batch_size, PIXELS_AT_ONCE // largest))
    device = next(model.parameters()).device
    own = Readable(dataset, range(rank(), len(dataset), world_size()))  # type: ignore[arg-type]
    loader = DataLoader(
        own,
        batch_size,
        num_workers=worker_count(workers, device),
        collate_fn=collate,
        pin_memory=device.type == "cuda",
        worker_init_fn=follow_parent,
    )
    modes = [(module, module.training) for module in model.modules()]  # a frozen BatchNorm has a mode of its own
    model.eval()
    detections: list[dict[str, Tensor]] = []
    targets: list[dict[str, Any]] = []
    bar = tqdm(loaded(loader), "detecting", len(loader), leave=False, disable=not progress or rank() > 0)
    try:
        with uncovered(loader.num_workers):
            for images, batch_targets, said in bar:
                found = model([as_floats(image.to(device, non_blocking=True)) for image in images])
                for detection, target, unreadable in zip(found, batch_targets, said, strict=True):
                    if unreadable is not None:
                        warnings.warn(f"{unreadable}; it is left out of the judgement", stacklevel=2)
                        detection = {key: value[:0] for key, value in detection.items()}
                    detections.append(to_device(detection, torch.device("cpu")))
                    targets.append(target)
                trim_heap()
    finally:
        for module, mode in modes:
            module.training = mode
    return interleaved(gathered(detections)), interleaved(gathered(targets))


class Readable(Dataset[tuple[Any, Any, str | None]]):
    """Some items of a data set, as (image, target, None).

    One broken picture ends no judgement: in its place is a black one without objects, and what was said of it.
    """

    def __init__(self, dataset: Dataset[Any], places: Sequence[int]) -> None:
        self.dataset, self.places = dataset, places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> tuple[Any, Any, str | None]:
        place = self.places[index]
        try:
            image, target = self.dataset[place]
        except DataError as error:
            nothing = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)}
            return torch.zeros(3, 32, 32), nothing | {"image_id": place}, str(error)
        return image, target, None


def interleaved(shares: list[list[Any]]) -> list[Any]:
    """What was dealt out one by one, in order again."""
    return [share[i] for i in range(len(shares[0])) for share in shares if i < len(share)]

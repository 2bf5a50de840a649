"""detect: draw what a trained detector finds in pictures."""

import argparse
import math
import warnings
from pathlib import Path
from typing import Any

import torch
from matplotlib.font_manager import findfont
from torchvision.transforms.v2 import functional as transforms
from torchvision.utils import draw_bounding_boxes, save_image
from tqdm import tqdm

from ..datasets import DataError, find_images, read_image
from ..datasets.folders import split_paths
from ..plots import PALETTE
from ..support.errors import SettingError
from ..support.files import write_json
from ..support.processes import pick_device
from ..weights.checkpoint import load_model

HELP = "draw what a trained detector finds in pictures"
EPILOG = """Writes each picture with its boxes as a PNG, and all boxes to detections.json. Pictures that cannot be
read are left out, and the exit status is 1."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("pictures", nargs="+", metavar="PICTURE_OR_FOLDER")
    add("--split", help="only this list of a FOLDER of labelled pictures: test, say, which the training has not seen")
    add("--checkpoint", required=True, metavar="RUN", help="a run's folder, or its checkpoint.pt")
    add("--output", required=True, metavar="FOLDER")
    add("--min-score", type=float, default=0.4, metavar="P", help="least score (confidence) drawn; default: 0.4")
    add("--device", default="auto")


def run(args: argparse.Namespace) -> int:
    model, classes = load_model(args.checkpoint, pick_device(args.device))
    paths = listed(args.pictures, args.split) if args.split else find_images(args.pictures)
    output = Path(args.output)
    for path in paths:
        if (output / f"{path.stem}.png").resolve() == path.resolve():
            raise SettingError(f"--output: {path} would be painted over; choose another folder")
    output.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[dict[str, Any]]] = {}
    unread = 0
    for path in tqdm(paths, desc="detecting", disable=len(paths) < 10):
        try:
            pixels = read_image(path)
        except DataError as error:  # one broken picture of a thousand is no reason to do without the others
            unread += 1
            if unread == len(paths):
                raise
            tqdm.write(f"left out: {error}")
            continue
        image = transforms.to_dtype(pixels, torch.float32, scale=True).to(model.priors.device)
        with torch.inference_mode():
            detections = model([image])[0]
        kept = {key: value[detections["scores"] >= args.min_score].cpu() for key, value in detections.items()}
        target = free_name(output / f"{path.stem}.png", found)
        save_image(drawn(image.cpu(), kept, classes), target)
        found[target.name] = [
            {"class": classes[label - 1], "score": round(score, 4), "box": [round(x, 1) for x in box]}
            for label, score, box in zip(
                kept["labels"].tolist(), kept["scores"].tolist(), kept["boxes"].tolist(), strict=True
            )
        ]
        tqdm.write(f"{path}: {len(found[target.name])} objects → {target}")
    write_json(output / "detections.json", found)
    if unread:
        tqdm.write(f"{unread} of {len(paths)} pictures could not be read")
    return 1 if unread else 0


def listed(folders: list[str], split: str) -> list[Path]:
    """The pictures of a list, of each of these folders, in whichever format their labels are."""
    return [path for root in folders for path in split_paths(root, split)]


def free_name(path: Path, taken: dict[str, Any]) -> Path:
    """A name that no earlier picture of this call has: pictures of two folders may be called the same."""
    number = 2
    name = path
    while name.name in taken:
        name = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return name


def drawn(image: torch.Tensor, detections: dict[str, torch.Tensor], classes: tuple[str, ...]) -> torch.Tensor:
    """The picture with its detections, small pictures enlarged, and words as large as the picture asks for."""
    factor = max(1, math.ceil(480 / max(image.shape[-2:])))
    height, width = image.shape[-2] * factor, image.shape[-1] * factor
    canvas = transforms.resize(image, [height, width], antialias=True)
    labels = detections["labels"].tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchvision warns that a picture has no boxes; that is fine here
        return draw_bounding_boxes(
            canvas,
            detections["boxes"] * factor,
            [f"{classes[i - 1]} {s:.2f}" for i, s in zip(labels, detections["scores"].tolist(), strict=True)],
            colors=[PALETTE[(i - 1) % len(PALETTE)] for i in labels],
            width=max(2, round(max(height, width) / 300)),
            font=findfont("DejaVu Sans:bold"),  # comes with Matplotlib; torchvision's own has one size, for stamps
            font_size=max(12, round(max(height, width) / 50)),
        )

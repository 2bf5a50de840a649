"""How fast pictures become training examples: decoding and augmentation, beside torchvision's reference, in one run.

    python -m book.experiments.pipeline

150 drawn pictures of 500×375 with a camera's noise, JPEG quality 90, go through every pipeline in turn, ten pictures at
a time, several rounds, on one thread. Times are the processor's (time.process_time), so that other work on the machine
does not count. Then photographs of several sizes, as they are and prepared. The record is data/runs/pipeline.json.
"""

import shutil
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2

from dsod_lite.datasets import VOCDataset, light_augmentation, prepare_folder, read_image, ssd_augmentation
from dsod_lite.datasets.folder_tools.prepared import write_scaled
from dsod_lite.datasets.labels import Upright
from dsod_lite.datasets.shapes.dataset import annotation, draw_picture
from dsod_lite.datasets.voc import labelled
from dsod_lite.support.environment import environment
from dsod_lite.support.files import write_json

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "runs" / "pipeline"
PICTURES, ROUNDS, AT_A_TIME = 150, 5, 10
SIZE = 300  # of the network
NOISE = 14  # standard deviation, of 255: a file then has about 80 kB, as photographs of this size have
PHOTOGRAPHS = ((500, 375), (640, 480), (1280, 960), (2048, 1536), (4000, 3000))
MEAN = (123.0, 117.0, 104.0)

Target = dict[str, Any]


def write_pictures(folder: Path, count: int, width: int, height: int) -> None:
    """A folder in VOC's layout: drawn pictures, resized, with noise that is the same for the same number."""
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (folder / part).mkdir(parents=True)
    for i in range(count):
        drawn = draw_picture(0, "standard", 500, i)
        pixels = np.asarray(Image.fromarray(drawn.pixels).resize((width, height), Image.Resampling.BICUBIC))
        noise = np.random.default_rng(i).normal(0, NOISE, pixels.shape).astype(np.float32)
        noisy = Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))
        noisy.save(folder / f"JPEGImages/{i:04d}.jpg", quality=90)
        square = folder / "square.xml"
        square.write_text(annotation(f"{i:04d}.jpg", drawn))
        picture = folder / f"JPEGImages/{i:04d}.jpg"
        seen = Upright((500, 500), (), turned=False, resized=False)
        labels = labelled(f"{i:04d}", picture, square)
        write_scaled(labels, folder / f"Annotations/{i:04d}.xml", seen, picture, (width, height))
    (folder / "ImageSets/Main/train.txt").write_text("".join(f"{i:04d}\n" for i in range(count)))


# --- torchvision's reference --------------------------------------------------------------------------------
# The policy "ssd" of references/detection/presets.py (pytorch/vision), built from the same transforms with the same
# arguments, for its backends "tv_tensor" and "pil". The pictures come out in their own sizes; its detectors' own
# first step warps them, in torchvision.models.detection.transform, by bilinear interpolation of floats.


def reference(backend: str) -> v2.Compose:
    as_image = [v2.ToImage()]
    return v2.Compose(
        [
            *(as_image if backend == "tv_tensor" else []),
            v2.RandomPhotometricDistort(),
            v2.RandomZoomOut(fill=list(MEAN)),
            v2.RandomIoUCrop(),
            v2.RandomHorizontalFlip(p=0.5),
            *(as_image if backend == "pil" else []),
            v2.ToDtype(torch.float, scale=True),
            v2.ConvertBoundingBoxFormat(tv_tensors.BoundingBoxFormat.XYXY),
            v2.SanitizeBoundingBoxes(),
            v2.ToPureTensor(),
        ]
    )


def reference_item(dataset: VOCDataset, transform: v2.Compose, index: int) -> tuple[torch.Tensor, Target]:
    """As torchvision's data sets do it: Pillow's picture, named boxes, and both through the transforms."""
    with Image.open(dataset._paths[index]) as file:
        picture = file.convert("RGB")
    target = dict(dataset._targets[index])
    size = (picture.height, picture.width)
    target["boxes"] = tv_tensors.BoundingBoxes(target["boxes"], format="XYXY", canvas_size=size)
    return transform(picture, target)


def warped(image: torch.Tensor) -> torch.Tensor:
    return F.interpolate(image[None], size=(SIZE, SIZE), mode="bilinear", align_corners=False)[0]


def warped_item(dataset: VOCDataset, transform: v2.Compose, index: int) -> torch.Tensor:
    return warped(reference_item(dataset, transform, index)[0])


# --- the clock ----------------------------------------------------------------------------------------------


def race(runners: dict[str, Callable[[int], Any]], pictures: int, rounds: int) -> dict[str, list[float]]:
    """Milliseconds a picture of each runner, one number a round. They take turns, the first to go changing."""
    totals = {name: [0.0] * rounds for name in runners}
    names = list(runners)
    for round_ in range(-1, rounds):  # the first is not counted
        for start in range(0, pictures, AT_A_TIME):
            for name in names:
                torch.manual_seed(1000 * round_ + start)
                begun = time.process_time()
                for index in range(start, min(start + AT_A_TIME, pictures)):
                    runners[name](index)
                if round_ >= 0:
                    totals[name][round_] += time.process_time() - begun
            names.append(names.pop(0))
    return {name: [1000 * total / pictures for total in rounds] for name, rounds in totals.items()}


def row(name: str, times: list[float]) -> dict[str, Any]:
    middle = statistics.median(times)
    print(f"{name:40} {middle:7.2f} ms ({min(times):.2f} to {max(times):.2f})", flush=True)
    return {
        "pipeline": name,
        "milliseconds": round(middle, 3),
        "rounds": [round(t, 3) for t in times],
        "pictures_per_second": round(1000 / middle, 1),
    }


def beside_the_reference() -> dict[str, Any]:
    folder = WORK / "voc_size"
    write_pictures(folder, PICTURES, 500, 375)
    plain, ours, light = (
        VOCDataset(folder, transform=transform)
        for transform in (None, ssd_augmentation(SIZE), light_augmentation(SIZE))
    )
    backends = {backend: reference(backend) for backend in ("tv_tensor", "pil")}
    runners: dict[str, Callable[[int], Any]] = {
        "decoding alone": lambda i: read_image(plain._paths[i]),
        "ssd_augmentation": lambda i: ours[i],
        "light_augmentation": lambda i: light[i],
    }
    for backend, transform in backends.items():
        name = f"torchvision's ssd preset, {backend}"
        runners[name] = partial(reference_item, plain, transform)
        runners[f"{name}, warped"] = partial(warped_item, plain, transform)
    rows = [row(name, times) for name, times in race(runners, PICTURES, ROUNDS).items()]
    took = {r["pipeline"]: r["milliseconds"] for r in rows}
    ratios = {name: round(t / took["ssd_augmentation"], 2) for name, t in took.items() if "preset" in name}
    print(ratios)
    size = statistics.mean(path.stat().st_size for path in (folder / "JPEGImages").iterdir())
    return {"pictures": PICTURES, "bytes_per_picture": round(size), "rows": rows, "times_as_fast": ratios}


def prepared() -> list[dict[str, Any]]:
    """`ssd_augmentation` of photographs as they are and prepared, by their size."""
    rows = []
    for width, height in PHOTOGRAPHS:
        count = 20 if width < 2000 else 6
        folder, copy = WORK / f"{width}x{height}", WORK / f"{width}x{height}_prepared"
        write_pictures(folder, count, width, height)
        shutil.rmtree(copy, ignore_errors=True)
        begun = time.process_time()
        done = prepare_folder(folder, copy)
        preparing = (time.process_time() - begun) / count
        before, after = (VOCDataset(path, transform=ssd_augmentation(SIZE)) for path in (folder, copy))
        times = race({"as it is": before.__getitem__, "prepared": after.__getitem__}, count, 5)
        result = {name: round(statistics.median(values), 3) for name, values in times.items()}
        rows.append(
            {
                "size": f"{width}×{height}",
                "milliseconds": result["as it is"],
                "milliseconds_prepared": result["prepared"],
                "milliseconds_to_prepare": round(1000 * preparing, 3),
                "bytes_per_picture": done.bytes_before // count,
                "bytes_per_picture_prepared": done.bytes_after // count,
            }
        )
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    torch.set_num_threads(1)
    record = {**environment(torch.device("cpu")), "command": "python -m book.experiments.pipeline"}
    record |= {"size": SIZE, "rounds": ROUNDS, "clock": "time.process_time, one thread"}
    record |= {"reference": beside_the_reference(), "prepared": prepared()}
    write_json(ROOT / "data/runs/pipeline.json", record)


if __name__ == "__main__":
    main()

"""What the commands of `python -m dsod_lite` do: functions of the parsed arguments that return the exit status."""

import argparse
import math
import warnings
from pathlib import Path
from typing import Any

import torch
from torchvision.transforms.v2 import functional as transforms
from torchvision.utils import draw_bounding_boxes, save_image
from tqdm import tqdm

from . import named
from .checkpoint import load_model, write_json
from .datasets import VOCDataset, check_folder, download_bccd, find_images, read_image, write_shapes
from .datasets.transforms import AUGMENTATIONS
from .evaluation import evaluate_coco, evaluate_voc
from .plots import PALETTE
from .predict import predict
from .recipe import TrainConfig
from .training import pick_device, train

MODELS = {
    name: getattr(named, name)
    for name in ("dsod_tiny", "dsod300", "dsod300_plain", "dsod300_lite", "dsod300_smallest", "dsod512")
}

def run_train(args: argparse.Namespace) -> int:
    """Trains a named model on a folder."""
    config = TrainConfig(
        epochs=args.epochs,
        minutes=args.minutes if args.epochs is None else None,
        batch_size=args.batch_size,
        optimizer=args.optimizer,
        learning_rate=args.learning_rate,
        weight_decay=args.weight_decay,
        seed=args.seed,
        evaluate_every=args.evaluate_every,
        workers=args.workers,
        device=args.device,
    )
    root = Path(args.data)
    split = args.split or ("trainval" if has_split(root, "trainval") else "train")
    held_out = args.held_out or ("test" if split == "trainval" else "val")
    train_set = VOCDataset(root, split)
    judge = args.held_out or has_split(root, held_out)
    val_set = VOCDataset(root, held_out, classes=train_set.classes) if judge else None

    settings: dict[str, Any] = {"num_classes": len(train_set.classes) + 1}
    if args.image_size is not None:
        if args.model != "dsod_tiny":
            raise ValueError(f"--image-size: {args.model} has a size of its own; only dsod_tiny takes any")
        if args.image_size < 1:
            raise ValueError(f"--image-size is {args.image_size}; it has to be above 0")
        settings["image_size"] = args.image_size
    elif args.model == "dsod_tiny":
        settings["image_size"] = default_image_size(train_set)
    torch.manual_seed(args.seed)  # the initial weights
    model = MODELS[args.model](**settings)
    train_set.transform = AUGMENTATIONS[args.augmentation](model.config.image_size)

    judged = f"judged on {held_out} ({len(val_set)})" if val_set is not None else "with no held-out pictures"
    print(f"{args.model} at {model.config.image_size}×{model.config.image_size}: {', '.join(train_set.classes)}")
    print(f"training on {split} ({len(train_set)} pictures), {judged}; everything goes to {args.output}")
    train(model, train_set, val_set, config, args.output, args.resume)
    return 0


def has_split(root: Path, split: str) -> bool:
    """Whether the folder has such a list of pictures."""
    return (root / "ImageSets" / "Main" / f"{split}.txt").exists()


def default_image_size(dataset: VOCDataset) -> int:
    """The network's input for these pictures: their own median side up to 256 pixels, a multiple of 32."""
    sides = sorted(math.sqrt(width * height) for width, height in dataset.sizes)
    return min(256, max(64, 32 * round(sides[len(sides) // 2] / 32)))


def run_evaluate(args: argparse.Namespace) -> int:
    """Prints AP50 by class and COCO's AP; writes JSON if asked."""
    model, classes = load_model(args.checkpoint, pick_device(args.device))
    dataset = VOCDataset(args.data, args.split, classes=classes)
    detections, targets = predict(model, dataset, args.batch_size)
    voc = evaluate_voc(detections, targets, len(classes) + 1, method="all-point")
    eleven = evaluate_voc(detections, targets, len(classes) + 1, method="11point")
    coco = evaluate_coco(detections, targets)

    width = max(len(name) for name in (*classes, "mean"))
    print(f"{args.data} {args.split}: {len(dataset)} pictures\n")
    print(f"{'class':{width}}  objects    AP50  11-point")
    for label, name in enumerate(classes, start=1):
        print(f"{name:{width}}  {voc.num_objects[label]:7}  {voc.ap[label]:6.3f}  {eleven.ap[label]:8.3f}")
    total = sum(voc.num_objects.values())
    print(f"{'mean':{width}}  {total:7}  {voc.mean_ap:6.3f}  {eleven.mean_ap:8.3f}")
    print("\nCOCO:  " + "  ".join(f"{key} {value:.3f}" for key, value in coco.items()))
    if args.json:
        result = {
            "checkpoint": str(args.checkpoint),
            "data": str(args.data),
            "split": args.split,
            "pictures": len(dataset),
            "AP50": voc.mean_ap,
            "AP": coco["AP"],
            "AP50_by_class": {name: voc.ap[label] for label, name in enumerate(classes, start=1)},
            "AP50_11point": eleven.mean_ap,
            "coco": coco,
        }
        write_json(Path(args.json), without_nan(result))
    return 0


def without_nan(value: Any) -> Any:
    """JSON has no NaN: a number that nothing speaks for becomes null."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value


def run_detect(args: argparse.Namespace) -> int:
    """Draws detections on pictures, and writes them to detections.json."""
    model, classes = load_model(args.checkpoint, pick_device(args.device))
    paths = find_images(args.pictures)
    output = Path(args.output)
    for path in paths:
        if (output / f"{path.stem}.png").resolve() == path.resolve():
            raise ValueError(f"--output: {path} would be painted over; choose another folder")
    output.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[dict[str, Any]]] = {}
    for path in tqdm(paths, desc="detecting", disable=len(paths) < 10):
        image = transforms.to_dtype(read_image(path), torch.float32, scale=True).to(model.priors.device)
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
    return 0


def free_name(path: Path, taken: dict[str, Any]) -> Path:
    """A name that no earlier picture of this call has: pictures of two folders may be called the same."""
    number = 2
    name = path
    while name.name in taken:
        name = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return name


def drawn(image: torch.Tensor, detections: dict[str, torch.Tensor], classes: tuple[str, ...]) -> torch.Tensor:
    """The picture with its detections, small pictures enlarged so that the words can be read."""
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
        )


def run_check(args: argparse.Namespace) -> int:
    """Prints every defect of a folder, one a line."""
    defects = check_folder(args.folder)
    for defect in defects:
        print(defect)
    if not defects:
        print(f"{args.folder}: no defects")
    return 1 if defects else 0


def run_draw(args: argparse.Namespace) -> int:
    """Writes a folder of drawn pictures; without options it is the one the repository ships."""
    write_shapes(args.folder, args.image_size, args.train, args.val, args.test, args.seed, args.level)
    return 0


def run_download(args: argparse.Namespace) -> int:
    """Fetches a data set and checks every file."""
    download_bccd(args.to, args.archive)
    print(f"{args.to}: every file has its SHA-256 sum")
    return 0


def run_benchmark(args: argparse.Namespace) -> int:
    """Times what a detector has to be quick at."""
    from .benchmark import benchmark  # torchvision's reference models take a while to import

    rows = benchmark()
    if args.json:
        write_json(Path(args.json), rows)
    return 0

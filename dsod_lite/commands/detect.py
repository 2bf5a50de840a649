"""detect: draw what a trained detector finds in pictures and videos."""

import argparse
import math
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from matplotlib.font_manager import findfont
from torchvision.transforms.v2 import functional as transforms
from torchvision.utils import draw_bounding_boxes
from tqdm import tqdm

from ..datasets import DataError, find_images
from ..datasets.folders import split_paths
from ..datasets.formats.format import Division
from ..datasets.formats.table import WRITTEN
from ..datasets.images import read_image
from ..datasets.labels import LabelledObject, LabelledPicture
from ..datasets.names import free_name
from ..deploy.finder import USUAL_SCORE, Detector, as_picture
from ..deploy.video import is_video, pyav, read_frames, video_writer
from ..plots import PALETTE
from ..plots.fonts import USUAL, font_for, writable
from ..support.errors import SettingError
from ..support.files import GrowingJSON, new_folder, whole_file
from ..support.signals import Stopped, StopRequest

HELP = "draw what a trained detector finds in pictures and videos"
EPILOG = """Writes each picture with its boxes as a PNG, and all boxes, with the pictures' sizes, to detections.json.
With --format they are written as labels too, beside copies of the pictures, in OUTPUT/FORMAT: for a labelling tool,
say, in which the next fifty pictures then only have to be corrected. Pictures that cannot be read are left out, and
the exit status is 1. A video becomes an MP4 with boxes and without sound, and detections.json has the boxes of each of
its frames, with its seconds; that needs PyAV (pip install av). What is stopped, by Ctrl-C, say, keeps what was found.

examples:
  python -m dsod_lite detect photographs --checkpoint runs/mine --output found
  python -m dsod_lite detect photographs --checkpoint runs/mine --output found --format yolo --min-score 0.3
  python -m dsod_lite detect clip.mp4 --checkpoint runs/mine --output found"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("pictures", nargs="+", metavar="PICTURE_OR_FOLDER", help="or video; folders are looked through "
        "for pictures, at any depth")  # fmt: skip
    add("--split", help="only this list of a FOLDER of labelled pictures: test, say, which the training has not seen")
    add("--checkpoint", required=True, metavar="RUN", help="a run's folder, its checkpoint.pt or its best.pt")
    add("--output", required=True, metavar="FOLDER")
    add("--min-score", type=float, metavar="P",
        help="least score (confidence) that is shown; default: the one with the best F1 on the validation pictures, "
             f"which the checkpoint has, or {USUAL_SCORE}")  # fmt: skip
    add("--format", choices=WRITTEN, help="write labels in this format too")
    add("--device", default="auto")


def run(args: argparse.Namespace) -> int:
    detector = Detector(args.checkpoint, args.device)
    least = detector.threshold if args.min_score is None else args.min_score
    output = Path(args.output)
    paths = listed(args.pictures, args.split) if args.split else find_images(args.pictures)
    own = output.resolve()
    drawings = {path for path in paths if own in path.resolve().parents}
    if len(drawings) < len(paths):  # those of an earlier call, in a folder below the pictures
        paths = [path for path in paths if path not in drawings]
        if drawings:
            tqdm.write(f"left out: {len(drawings)} pictures in {output}, which is for what is found")
    for path in paths:
        if (own / f"{path.stem}{kind_of(path)}").resolve() == path.resolve():
            raise SettingError(f"--output: {path} would be painted over; choose another folder")
    if any(map(is_video, paths)):
        pyav()  # or it is said here, before all the pictures
        if args.format:
            raise SettingError(f"--format: {next(filter(is_video, paths))} is a video, which has no labels")
    if args.format and (output / args.format).exists():
        raise SettingError(f"--format: {output / args.format} is there already; choose another folder")
    output.mkdir(parents=True, exist_ok=True)
    found = GrowingJSON(output / "detections.json")
    used: Counter[str] = Counter()
    unread = 0
    with StopRequest() as stop:
        try:
            for path in tqdm(paths, desc="detecting", disable=len(paths) < 10):
                if stop.signum is not None:
                    break
                target = output / f"{free_name(path.stem, used)}{kind_of(path)}"
                try:
                    if is_video(path):
                        look_through(path, detector, least, target, found, stop)
                        tqdm.write(f"{path}: {len(found[target.name]['frames'])} frames → {target}")
                        continue
                    image = read_image(path)
                except DataError as error:  # one broken picture of a thousand is no reason to do without the others
                    unread += 1
                    if unread == len(paths):
                        raise
                    tqdm.write(f"left out: {error}")
                    continue
                detections = detector.detections(as_picture(image))
                kept, objects = shown(detections, least, detector.classes)
                with whole_file(target) as file:
                    transforms.to_pil_image(drawn(image, kept, detector.classes)).save(file, "png")
                height, width = image.shape[-2:]
                found[target.name] = {"file": str(path), "width": width, "height": height, "objects": objects}
                best = "" if objects else best_of(detections, detector)
                tqdm.write(f"{path}: {len(objects)} objects{best} → {target}")
        finally:
            if found or not paths:
                found.write()
            if len(found) + unread < len(paths):
                tqdm.write(f"stopped: {found.path} has what was found in {len(found)} of {len(paths)} pictures")
    if args.format and found:
        with new_folder(output / args.format) as folder:
            write = WRITTEN[args.format].write
            assert write is not None
            write(Division(detector.classes, {"train": [labelled(*item) for item in found.items()]}), folder)
        tqdm.write(f"{output / args.format}: the pictures and what was found in them, as {args.format} has labels")
    if stop.signum is not None:
        raise Stopped("stopped", stop.signum)
    if unread:
        tqdm.write(f"{unread} of {len(paths)} pictures could not be read")
    return 1 if unread else 0


def shown(
    detections: dict[str, torch.Tensor], least: float, classes: tuple[str, ...]
) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
    """The detections that score enough, and the same as they are written."""
    kept = {key: value[detections["scores"] >= least] for key, value in detections.items()}
    rows = zip(*(kept[key].tolist() for key in ("labels", "scores", "boxes")), strict=True)
    return kept, [
        {"class": classes[label - 1], "score": round(score, 4), "box": [round(x, 1) for x in box]}
        for label, score, box in rows
    ]


def look_through(
    path: Path, detector: Detector, least: float, target: Path, found: GrowingJSON, stop: StopRequest
) -> None:
    """Draws what is found in each frame of a video into another one, and notes it; as far as it comes, if stopped."""
    frames: list[dict[str, Any]] = []
    with video_writer(target) as video:
        for frame in tqdm(read_frames(path), desc=path.name, unit=" frames", leave=False):
            image = frame.picture
            kept, objects = shown(detector.detections(as_picture(image)), least, detector.classes)
            frames.append({"seconds": round(frame.time, 3), "objects": objects})
            video.write(frame._replace(picture=drawn(image, kept, detector.classes)))
            height, width = image.shape[-2:]
            found[target.name] = {"file": str(path), "width": width, "height": height, "frames": frames}
            if stop.signum is not None:
                break


def kind_of(path: Path) -> str:
    """The suffix of what is drawn of a picture or a video."""
    return ".mp4" if is_video(path) else ".png"


def best_of(detections: dict[str, torch.Tensor], detector: Detector) -> str:
    """What came nearest to being found, where nothing was."""
    if not len(detections["scores"]):
        return " (nothing scores above 0.01)"
    name, score = detector.classes[int(detections["labels"][0]) - 1], detections["scores"][0].item()
    return f" (the best is {name} with {score:.2f})"


def labelled(drawing: str, entry: dict[str, Any]) -> LabelledPicture:
    """What was found in a picture as if it had been labelled, under the name of its drawing."""
    objects = tuple(LabelledObject(one["class"], tuple(one["box"])) for one in entry["objects"])
    size = entry["width"], entry["height"]
    return LabelledPicture(Path(drawing).stem, Path(entry["file"]), objects, "detect", size)


def listed(folders: list[str], split: str) -> list[Path]:
    """The pictures of a list, of each of these folders, in whichever format their labels are."""
    return [path for root in folders for path in split_paths(root, split)]


def drawn(image: torch.Tensor, detections: dict[str, torch.Tensor], classes: tuple[str, ...]) -> torch.Tensor:
    """The picture, bytes [3, H, W], with its detections: small ones enlarged, and words as large as it asks for."""
    factor = max(1, math.ceil(480 / max(image.shape[-2:])))
    height, width = image.shape[-2] * factor, image.shape[-1] * factor
    canvas = transforms.resize(image, [height, width], antialias=True)
    labels = detections["labels"].tolist()
    scores = detections["scores"].tolist()
    words = [f"{writable(classes[i - 1], i)} {s:.2f}" for i, s in zip(labels, scores, strict=True)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchvision warns that a picture has no boxes; that is fine here
        return draw_bounding_boxes(
            canvas,
            detections["boxes"] * factor,
            words,
            colors=[PALETTE[(i - 1) % len(PALETTE)] for i in labels],
            width=max(2, round(max(height, width) / 300)),
            font=findfont(font_for("".join(words)) or USUAL),  # torchvision's own has one size, for stamps
            font_size=max(12, round(max(height, width) / 50)),
        )

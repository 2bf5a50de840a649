"""What a run's page says: the labels, the curve, how good the detector is, its mistakes, and what to do next."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torchvision.utils import draw_bounding_boxes

from .. import plots
from ..evaluation.bootstrap import bootstrap_ap50, interval
from ..evaluation.errors import RIGHT, Record, costs, counting, sort_out
from ..evaluation.suspects import Suspect, suspects
from ..evaluation.voc import VOCResult, evaluate_voc
from ..explorers import AveragePrecisionExplorer, LiveExplorer, PredictionExplorer
from ..plots.cutouts import cutout
from ..support.errors import DataError
from ..support.files import write_whole
from .advice import advice, so_many
from .page import explorer, numbers, page, paragraph, pictures, plot, section, table
from .page import listing as bullets

SHOWN = 18
"""Cutouts on a sheet."""
ROOM = 8e6
"""Bytes that the page stays below, so that it can be sent by mail."""
AT_MOST = 60
"""Pictures that the curve can be looked into by."""


@dataclass
class Judged:
    """A split, and what a detector finds in it."""

    split: str
    dataset: Any
    detections: list[dict[str, Tensor]]
    targets: list[dict[str, Any]]

    @cached_property
    def pairs(self) -> list[tuple[Record, Record]]:
        """Detections and objects of each picture as far as they count, see `counting`."""
        return list(map(counting, self.detections, self.targets))


@dataclass
class Learned:
    """All that the page is made of."""

    title: str
    model: Any
    classes: tuple[str, ...]
    train_set: Any
    """With its augmentation."""
    history: list[dict[str, float]]
    threshold: float
    judged: Judged
    """The pictures of the last word; those of `val` where there are no others."""
    minutes: float
    command: str
    """That detects with this run."""
    defects: Sequence[str] = ()
    priors: Sequence[str] = ()
    """Lines about them, see `commands.priors`."""
    others: list[Judged] = field(default_factory=list)
    """Further pictures that the detector was not trained on, to look for suspects in."""


def write_report(learned: Learned, path: Path) -> dict[str, Any]:
    """Writes the page, and returns its numbers: "AP50", "interval", "precision", "recall", "threshold", "costs"."""
    judged, classes = learned.judged, learned.classes
    result = evaluate_voc(judged.detections, judged.targets, len(classes) + 1, method="all-point")
    low, high = interval(bootstrap_ap50(judged.detections, judged.targets, len(classes) + 1))
    worth = costs(judged.detections, judged.targets, len(classes) + 1)
    right, shown, objects = counted(judged, learned.threshold)
    said: dict[str, Any] = {
        "split": judged.split,
        "pictures": len(judged.targets),
        "AP50": result.mean_ap,
        "interval": [None if math.isnan(value) else value for value in (low, high)],
        "threshold": learned.threshold,
        "precision": right / shown if shown else None,
        "recall": right / objects if objects else None,
        "costs": worth,
    }
    doubts = [(part, suspect) for part in (judged, *learned.others) for suspect in suspects_of(part, learned.threshold)]
    large = (  # with every class
        paragraph("The detector itself, in this page. Give it a picture or a video, or let it look through the camera; "
                  "nothing leaves this computer.") + live(learned),
        paragraph("What the network says before anything is thrown away. Move the thresholds, and look into any box.")
        + one_picture(learned),
    )  # fmt: skip
    html = page(
        learned.title,
        headline(said, learned),
        section("What to do next", bullets(advice(said, learned.history, learned.train_set, len(doubts)), "next"),
                preformatted([learned.command])),
        section("Try it", large[0]),
        section("Precision and recall", paragraph(
            "Move the threshold: from which score on is a detection shown? Precision is the share of what is shown "
            "that is right, recall the share of the objects that are found."), *curve(learned)),
        section("Each class", per_class(result, classes)),
        section("One picture, every answer", large[1]),
        section("The worst false alarms", paragraph("In orange what was found, in white the labels."),
                alarms(judged, classes, learned.threshold)),
        section("Missed objects", missed(judged, classes, learned.threshold)),
        section("Labels to look at again", paragraph(
            "The detector is sure of something that nobody labelled there, or of another class, or finds nothing "
            "where a label is. Often the label is wrong. Correct it, and train again."), sheet_of(doubts, classes)),
        section("What the mistakes cost", paragraph(
            "What AP50 would gain if one kind of mistake were mended and nothing else. Prices, not shares."),
            table(("mistake", "AP50 if mended"), [(kind, f"{gain:+.3f}") for kind, gain in worth.items()])),
        section("What it was trained on", paragraph(
            "Twelve pictures as the network saw them: cropped, mirrored, in other colours, warped to its square; half "
            "of them with an object of another picture, where there was room."),
            seen(learned), preformatted(learned.priors)),
        section("The run", plot(curve_of(learned.history),
                "The loss, and the AP50 on the validation pictures, over the passes through the training pictures.")),
        section("Defects of the folder", bullets(learned.defects[:40]),
                paragraph(f"and {len(learned.defects) - 40} more") if len(learned.defects) > 40 else ""),
    )  # fmt: skip
    for part in large:
        if len(html.encode("utf-8", "replace")) >= ROOM:
            html = html.replace(part, paragraph(
                f"Not here: with {len(classes)} classes it is too large for a page that stays below {ROOM / 1e6:.0f} "
                "MB. The command above detects all the same, and the book's page “A live detector” runs what "
                "`python -m dsod_lite export` writes."))  # fmt: skip
    write_whole(path, html.encode("utf-8", "replace"))  # names of files may be no text
    return said


def headline(said: dict[str, Any], learned: Learned) -> str:
    """The numbers that matter, and how sure they are."""
    low, high = said["interval"]
    sure = f", 95 % interval {low:.2f} to {high:.2f}" if low is not None else ""
    shares = [(f"{said[name]:.0%}" if said[name] is not None else "–", name) for name in ("precision", "recall")]
    words = (
        "that the training never saw"
        if learned.others
        else "by which the best epoch was chosen: a little too good"
    )
    return numbers(
        [("–" if math.isnan(said["AP50"]) else f"{said['AP50']:.2f}", f"AP50{sure}"),
         *((n, f"{name} from a score of {said['threshold']:.2f} on") for n, name in shares)]
    ) + paragraph(
        f"On {so_many(said['pictures'])} ({said['split']}) {words}. {len(learned.train_set)} pictures to learn from, "
        f"{learned.minutes:.1f} minutes, {learned.model.config.image_size}×{learned.model.config.image_size} pixels.",
        "muted",
    )  # fmt: skip


def counted(judged: Judged, least: float) -> tuple[int, int, int]:
    """How many detections are right, how many are shown, and how many objects there are."""
    right = shown = 0
    for found, truth in judged.pairs:
        sure = found["scores"] >= least
        right += int((sort_out(found, truth)[0][sure] == RIGHT).sum())
        shown += int(sure.sum())
    return right, shown, sum(len(truth["labels"]) for _, truth in judged.pairs)


def curve(learned: Learned) -> list[str]:
    """The explorer of precision and recall, over as many pictures as the page has room for."""
    judged, count = learned.judged, len(learned.judged.targets)
    labels = {label for _, truth in judged.pairs[:AT_MOST] for label in truth["labels"].tolist()}
    first = f"The first {AT_MOST} of the {count} pictures; the other numbers of this page are those of all."
    few = [paragraph(first)] if count > AT_MOST else []
    if not labels:
        return [*few, paragraph("No picture has an object.")]
    images = (picture_of(judged, i) for i in range(min(AT_MOST, count)))  # one by one: photographs are large
    found, truth = judged.detections[:AT_MOST], judged.targets[:AT_MOST]
    widget = AveragePrecisionExplorer.from_results(images, found, truth, sorted(labels), learned.classes)
    widget.score_threshold = learned.threshold
    return [*few, explorer(widget, "curve")]


def live(learned: Learned) -> str:
    """The detector, looking first at the picture with the most objects."""
    image = picture_of(learned.judged, fullest(learned.judged))
    return explorer(LiveExplorer.from_model(learned.model, learned.classes, image, learned.threshold), "live")


def fullest(judged: Judged) -> int:
    """The picture with the most objects."""
    return max(range(len(judged.targets)), key=lambda i: len(judged.targets[i]["labels"]))


def picture_of(judged: Judged, index: int) -> Tensor:
    """A picture of the split; a blank one in the place of one that cannot be read, which was not judged either."""
    try:
        return judged.dataset[index][0]
    except DataError:
        width, height = judged.dataset.sizes[index]
        return torch.ones(3, height, width)


def one_picture(learned: Learned) -> str:
    """The explorer of raw answers, on the picture with the most objects."""
    judged = learned.judged
    image, target = picture_of(judged, fullest(judged)), judged.targets[fullest(judged)]
    widget = PredictionExplorer.from_model(learned.model, image, target, learned.classes)
    widget.score_threshold = learned.threshold
    return explorer(widget, "answers")


def per_class(result: VOCResult, classes: Sequence[str]) -> str:
    """AP of each class."""
    rows = [
        (name, result.num_objects[label], "–" if math.isnan(result.ap[label]) else f"{result.ap[label]:.2f}")
        for label, name in enumerate(classes, start=1)
    ]
    return table(("class", "objects", "AP50"), rows)


def alarms(judged: Judged, classes: Sequence[str], least: float) -> str:
    """Cutouts of the surest detections that are wrong."""
    rows = []
    pairs = judged.pairs
    for p, (found, truth) in enumerate(pairs):
        wrong = (sort_out(found, truth)[0] != RIGHT) & (found["scores"] >= least)
        rows += [(found["scores"][i].item(), p, i) for i in wrong.nonzero()[:, 0].tolist()]
    shown = [
        (cutout(judged.dataset[p][0], pairs[p][0]["boxes"][i], judged.targets[p]["boxes"]),
         f"{classes[int(pairs[p][0]['labels'][i]) - 1]} {score:.2f}, {judged.dataset.names[p]}")
        for score, p, i in sorted(rows, reverse=True)[:SHOWN]
    ]  # fmt: skip
    return pictures(shown) or paragraph("None.")


def missed(judged: Judged, classes: Sequence[str], least: float) -> str:
    """Cutouts of objects that nothing shown claims."""
    shown: list[tuple[Tensor, str]] = []
    for p, (found, truth) in enumerate(judged.pairs):
        kind, item = sort_out(found, truth)
        claimed = set(item[(kind == RIGHT) & (found["scores"] >= least)].tolist())
        for i in (i for i in range(len(truth["labels"])) if i not in claimed):
            if len(shown) < SHOWN:
                words = f"{classes[int(truth['labels'][i]) - 1]}, {judged.dataset.names[p]}"
                shown.append((cutout(judged.dataset[p][0], truth["boxes"][i], judged.targets[p]["boxes"]), words))
    return pictures(shown) or paragraph("None.")


def suspects_of(judged: Judged, least: float) -> list[Suspect]:
    """The labels of a split that are doubted."""
    return suspects(judged.detections, judged.targets, least)


def sheet_of(doubts: Sequence[tuple[Judged, Suspect]], classes: Sequence[str]) -> str:
    """Cutouts of suspects."""
    shown = [
        (cutout(part.dataset[s.picture][0], s.box, part.targets[s.picture]["boxes"]),
         f"{s.kind}: {classes[s.label - 1]} {s.score:.2f}, {part.dataset.names[s.picture]}")
        for part, s in doubts[:SHOWN]
    ]  # fmt: skip
    return pictures(shown) or paragraph("None.")


def curve_of(history: list[dict[str, float]]) -> Figure:
    """The run's curve."""
    figure = plots.plot_history(history).get_figure(root=True)
    assert figure is not None
    return figure


def seen(learned: Learned) -> str:
    """Training pictures as the augmentation makes them."""
    torch.manual_seed(0)
    shown: list[tuple[Tensor, str]] = []
    for i in range(min(12, len(learned.train_set))):
        try:
            image, target = learned.train_set[i * len(learned.train_set) // min(12, len(learned.train_set))]
        except DataError:  # one in a thousand may be broken
            continue
        labels = ", ".join(sorted({learned.classes[label - 1] for label in target["labels"].tolist()})) or "nothing"
        shown.append((drawn(image, target["boxes"]), labels))
    return pictures(shown, kind="wide", side=224)


def drawn(image: Tensor, boxes: Tensor) -> Tensor:
    """A picture with its labels."""
    canvas = (image.clamp(0, 1) * 255).to(torch.uint8)
    return draw_bounding_boxes(canvas, boxes, colors="white", width=2) if len(boxes) else canvas


def preformatted(lines: Sequence[str]) -> str:
    """Lines of a table in plain text."""
    return f'<pre tabindex="0">{escape(chr(10).join(lines))}</pre>' if lines else ""

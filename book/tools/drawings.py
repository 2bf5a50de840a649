"""Draws the book's diagrams, as SVG: all of DSOD with parts lit up, dense layers and blocks, the paper's four numbers.

    python book/tools/drawings.py

writes book/assets/drawings. What is drawn of numbers is read from data/paper.
"""

import csv
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from field_drawn import field_map
from heads_drawn import three_heads
from parts_drawn import MAPS, dense_block, dense_layer, plain_dense, plain_residual_dense, proposal_flows
from sheet import BLUE, FAINT, GREEN, GREY, INK, ORANGE, RED, Drawing

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "book" / "assets" / "drawings"

LIT: dict[str, set[str]] = {
    "": {"picture", "stem", "block", "transition", "maps", "head", "priors", "matching", "loss", "nms", "found", "ap"},
    "boxes": {"truth", "found"},
    "data": {"picture", "truth"},
    "priors": {"priors"},
    "matching": {"priors", "truth", "matching"},
    "loss": {"loss"},
    "proposal_free": {"picture", "stem", "block", "transition", "maps", "head"},
    "deep_supervision": {"block", "transition"},
    "stem": {"stem"},
    "dense_prediction": {"maps", "head"},
    "whole_network": {"stem", "block", "transition", "maps", "head"},
    "non_maximum_suppression": {"nms"},
    "average_precision": {"truth", "found", "ap"},
}
"""The parts that each chapter is about; of "", the whole, everything."""
LIT[""].add("truth")

BACKBONE = [  # name, kind, width, height, cells along a side
    ("picture", "picture", 70, 84, "300"), ("stem", "stem", 52, 74, "75"), ("dense\nblock 1", "block", 68, 74, "75"),
    ("1", "transition", 32, 60, "38"), ("dense\nblock 2", "block", 68, 60, "38"), ("2", "transition", 32, 60, "38"),
    ("dense\nblock 3", "block", 68, 44, "19"), ("3", "transition", 32, 44, "19"),
    ("dense\nblock 4", "block", 68, 44, "19"),
]  # fmt: skip


def dsod(lit: set[str]) -> Drawing:
    """All of DSOD300: the backbone, the six maps, the head; below what training and judging add."""
    d = Drawing(760, 520)
    x, middle = 14.0, 84.0
    right: dict[str, float] = {}
    for i, (words, kind, width, height, cells) in enumerate(BACKBONE):
        d.box(x + width / 2, middle, width, height, words, GREY if kind == "picture" else BLUE, kind in lit)
        d.text(x + width / 2, 30, f"{cells}²", 14, FAINT)
        if i + 1 < len(BACKBONE):
            d.arrow(f"M{x + width + 2:g} {middle:g}h20")
        right[words] = x + width / 2
        x += width + 24
    d.text(right["1"], 128, "transitions", 14, FAINT)
    end = x - 24 - 68 / 2
    d.text(14, 150, "backbone", 14, FAINT, "start")

    places: list[tuple[float, int]] = []
    x = 118.0
    for i, (side, size) in enumerate(MAPS.items()):
        d.box(x, 232, size, size, f"{side}²", GREEN, "maps" in lit)
        if i:
            before, its_size = places[-1]
            # The second map's learned half comes from the backbone.
            for y, color in ((226, ORANGE), (238, BLUE))[: 1 + (i > 1)]:
                d.arrow(f"M{before + its_size / 2 + 3:g} {y}H{x - size / 2 - 3:g}", color)
        places.append((x, size))
        d.arrow(f"M{x:g} {232 + size / 2 + 3:g}V296")
        x += 112
    d.arrow(f"M{right['2']:g} 117V146H118V195")
    d.arrow(f"M{end:g} 109V166H230V201")
    d.text(14, 222, "six\nfeature\nmaps", 14, FAINT, "start")

    d.box(400, 318, 640, 38, "head: for every prior 4 offsets, and a score for each class", GREEN, "head" in lit)
    d.arrow("M300 339V385")
    d.arrow("M442 339V385")
    for words, kind, x, width in (
        ("priors", "priors", 60, 76), ("matching", "matching", 174, 92), ("loss", "loss", 300, 76),
        ("suppression", "nms", 442, 116), ("detections", "found", 584, 104), ("AP", "ap", 708, 60),
    ):  # fmt: skip
        d.box(x, 406, width, 38, words, ORANGE if x < 400 else RED, kind in lit)
    for start, end in ((98, 126), (220, 260), (500, 530), (636, 676)):
        d.arrow(f"M{start + 2:g} 406H{end:g}")
    d.box(174, 484, 120, 34, "ground truth", GREY, "truth" in lit)
    d.arrow("M174 465V427")
    d.arrow("M236 484H708V427")
    d.text(60, 448, "training", 14, FAINT)
    d.text(470, 448, "using and judging it", 14, FAINT)
    return d


def published(detector: str, prediction: str, pretrained: str) -> float:
    """A mAP on VOC 2007 of the paper's table, for a detector trained on 07+12. Raises ValueError if it is not one."""
    with open(ROOT / "data" / "paper" / "comparison.csv", newline="", encoding="utf-8") as file:
        found = [
            float(row["voc07_map"])
            for row in csv.DictReader(file)
            if (row["detector"], row["prediction"], row["pretrained"]) == (detector, prediction, pretrained)
            and row["train_data"] == "07+12" and row["source"] == "DSOD, Table 4"
        ]  # fmt: skip
    (value,) = found
    return value


def four_numbers() -> Drawing:
    """The paper's result in four points on one axis."""
    d = Drawing(760, 270)
    rows = [
        ("SSD300, from scratch", published("SSD300", "plain", "no"), ORANGE),
        ("SSD300, pre-trained", published("SSD300", "plain", "yes"), BLUE),
        ("SSD300*, pre-trained, later version", published("SSD300*", "plain", "yes"), BLUE),
        ("DSOD300, from scratch", published("DSOD300", "dense", "no"), ORANGE),
    ]

    def place(value: float) -> float:
        return 300 + 42 * (value - 69)

    for tick in range(69, 80):
        d.shapes.append(f'<path d="M{place(tick):g} 20V212" stroke="#e4e4e4" stroke-width="1"/>')
        if tick % 2:
            d.text(place(tick), 228, str(tick), 14, FAINT)
    d.text(place(74), 254, "mean average precision on VOC 2007, per cent", 15)
    for i, (name, value, color) in enumerate(rows):
        y = 42 + 48 * i
        d.text(276, y, name, 15, INK, "end")
        d.shapes.append(f'<circle cx="{place(value):g}" cy="{y}" r="9" fill="{color}"/>')
        d.text(place(value) + (16 if value < 75 else -16), y, f"{value}", 16, INK, "start" if value < 75 else "end")
    return d


DRAWINGS: dict[str, Callable[[], Drawing]] = {
    **{f"dsod_{chapter}" if chapter else "dsod": partial(dsod, lit) for chapter, lit in LIT.items()},
    "dense_layer": dense_layer,
    "dense_block": dense_block,
    "plain_residual_dense": plain_residual_dense,
    "plain_dense": plain_dense,
    "proposal_flows": proposal_flows,
    "four_numbers": four_numbers,
    "field_map": field_map,
    "three_heads": three_heads,
}


def main(names: Sequence[str] = tuple(DRAWINGS)) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names:
        (FOLDER / f"{name}.svg").write_text(DRAWINGS[name]().svg(), encoding="utf-8")
    print(f"{len(names)} drawings in {FOLDER.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

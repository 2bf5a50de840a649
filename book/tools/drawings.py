"""Draws the book's diagrams, as SVG: all of DSOD with parts lit up, dense layers and blocks, the paper's four numbers.

    python book/tools/drawings.py

writes book/assets/drawings. What is drawn of numbers is read from data/paper.
"""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "book" / "assets" / "drawings"

INK, FAINT = "#1a1a1a", "#767676"  # the second is just dark enough to be read on white
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#999999"
TINTS = {BLUE: "#cfe5f3", ORANGE: "#fbe6bd", GREEN: "#cdebe1", RED: "#f7d9c8", GREY: "#ececec"}


@dataclass
class Drawing:
    """Shapes on a white sheet; x to the right and y down, in units of which the sheet is `width` wide."""

    width: int
    height: int
    shapes: list[str] = field(default_factory=list)

    def rectangle(self, x: float, y: float, width: float, height: float, color: str = GREY, lit: bool = True) -> None:
        fill, line, weight = (TINTS[color], color, 2) if lit else ("#f7f7f7", "#c4c4c4", 1)
        self.shapes.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" '
            f'fill="{fill}" stroke="{line}" stroke-width="{weight}"/>'
        )

    def text(self, x: float, y: float, words: str, size: float = 15, color: str = INK, anchor: str = "middle") -> None:
        """Lines of words; their middle is at y."""
        lines = words.split("\n")
        for i, line in enumerate(lines):
            below = y + size * (0.36 + 1.15 * (i - (len(lines) - 1) / 2))
            self.shapes.append(
                f'<text x="{x:g}" y="{below:.4g}" font-size="{size:g}" fill="{color}" text-anchor="{anchor}">'
                f"{escape(line)}</text>"
            )

    def box(self, x: float, y: float, width: float, height: float, words: str, color: str, lit: bool = True) -> None:
        """A rectangle around the point x, y, with words in it."""
        self.rectangle(x - width / 2, y - height / 2, width, height, color, lit)
        self.text(x, y, words, color=INK if lit else FAINT)

    def arrow(self, path: str, color: str = INK, weight: float = 1.8) -> None:
        """Along an SVG path, with a head at its end."""
        self.shapes.append(
            f'<path d="{path}" fill="none" stroke="{color}" stroke-width="{weight:g}" marker-end="url(#{color[1:]})"/>'
        )

    def arc(self, start: float, end: float, y: float, lift: float, color: str) -> None:
        """An arrow from one place to another at the same height, in an arc above it."""
        top, inwards = y - lift, 18
        self.arrow(f"M{start:g} {y:g}C{start + inwards:g} {top:g} {end - inwards:g} {top:g} {end:g} {y:g}", color)

    def svg(self) -> str:
        colors = sorted({shape.split("url(#")[1][:6] for shape in self.shapes if "url(#" in shape})
        heads = "".join(
            f'<marker id="{c}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
            f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="#{c}"/></marker>'
            for c in colors
        )
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
                f'viewBox="0 0 {self.width} {self.height}" font-family="Helvetica, Arial, sans-serif">',
                f'<defs>{heads}</defs><rect width="{self.width}" height="{self.height}" fill="white"/>',
                *self.shapes,
                "</svg>\n",
            ]
        )


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
MAPS = {38: 66, 19: 54, 10: 44, 5: 36, 3: 30, 2: 26}
"""The six feature maps: cells along a side, and how large they are drawn."""


def dsod(lit: set[str]) -> Drawing:
    """All of DSOD300: the backbone, the six maps, the head; below what training and judging add."""
    d = Drawing(760, 520)
    x, middle, right = 14.0, 84.0, {}
    for i, (words, kind, width, height, cells) in enumerate(BACKBONE):
        d.box(x + width / 2, middle, width, height, words, GREY if kind == "picture" else BLUE, kind in lit)
        d.text(x + width / 2, 30, f"{cells}²", 13, FAINT)
        if i + 1 < len(BACKBONE):
            d.arrow(f"M{x + width + 2:g} {middle:g}h20")
        right[words] = x + width / 2
        x += width + 24
    d.text(right["1"], 128, "transitions", 13, FAINT)
    end = x - 24 - 68 / 2
    d.text(14, 150, "backbone", 14, FAINT, "start")

    places, x = [], 118.0
    for i, (cells, size) in enumerate(MAPS.items()):
        d.box(x, 232, size, size, f"{cells}²", GREEN, "maps" in lit)
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


def dense_layer() -> Drawing:
    """A layer with its numbers in DSOD300's third block: 192 and 48 channels."""
    d = Drawing(760, 230)
    d.box(60, 140, 72, 120, "C\nchannels", BLUE)
    d.box(250, 140, 160, 74, "BatchNorm, ReLU,\n1×1 convolution", GREY)
    d.box(458, 140, 160, 74, "BatchNorm, ReLU,\n3×3 convolution", GREY)
    d.arrow("M98 140H168")
    d.arrow("M332 140H376")
    d.text(354, 122, "192", 14)
    d.arrow("M540 140H600V164H626", ORANGE)
    d.text(572, 122, "48", 14)
    d.arrow("M60 78V40H668V78", BLUE)
    d.text(360, 24, "unchanged: the skip connection", 15, BLUE)
    d.rectangle(632, 80, 72, 76, BLUE)
    d.text(668, 118, "C")
    d.rectangle(632, 156, 72, 44, ORANGE)
    d.text(668, 178, "48 new")
    d.text(668, 216, "C + 48, side by side", 14, FAINT)
    return d


def dense_block() -> Drawing:
    """Four layers, each reading all that came before, and the transition that follows."""
    d = Drawing(760, 300)
    shades = (GREY, BLUE, GREEN, ORANGE, RED)
    xs = [50, 170, 290, 410, 530]
    for i, x in enumerate(xs):
        d.box(x, 200, 74, 50, "input" if not i else f"layer {i}", shades[i])
        for j in range(i):
            lift = 40 + 44 * (i - j - 1)
            if i - j == 1:
                d.arrow(f"M{xs[j] + 39:g} 200H{x - 39:g}", shades[j])
            else:
                d.arc(xs[j] + 10, x - 14 + 7 * j, 174, lift, shades[j])
    y = 238
    for i, x in enumerate(xs):
        for j in range(i + 1):
            d.rectangle(x - 37 + 15 * j, y, 14, 22, shades[j])
    d.text(280, 280, "what has been collected so far: every layer adds k channels", 14, FAINT)
    d.arrow("M569 200H640")
    d.box(694, 200, 104, 92, "transition\n1×1 conv.,\n(pooling)", GREY)
    d.text(290, 20, "a dense block", 15, FAINT)
    return d


def plain_residual_dense() -> Drawing:
    """The same five layers with the arrows of three structures: a chain, sums, and everything to everything."""
    d = Drawing(760, 390)
    xs = [200 + 120 * i for i in range(5)]
    for row, (name, y) in enumerate((("plain", 60), ("residual", 180), ("dense", 340))):
        words = ("a chain", "a sum around\nevery layer", "every layer\nreads all")[row]
        d.text(20, y - 8, name, 17, INK, "start")
        d.text(20, y + (22 if row else 14), words, 13, FAINT, "start")
        for i, x in enumerate(xs):
            d.box(x, y, 56, 36, f"{i}" if i else "in", BLUE)
            for j in range(i):
                if i - j == 1:
                    d.arrow(f"M{xs[j] + 30:g} {y:g}H{x - 30:g}")
                lift = {1: 40 * (row == 1), 2: 62, 3: 92, 4: 124}[i - j]
                if (row == 1 and i - j == 1) or (row == 2 and i - j > 1):
                    d.arc(xs[j] + 12, x - 12 + 5 * j, y - 20, 1.15 * lift, ORANGE)
    return d


def plain_dense() -> Drawing:
    """DSOD's fourth principle: the six maps in a chain, and half of each taken over."""
    d = Drawing(760, 350)
    channels = (800, 512, 512, 256, 256, 256)
    for row, name in enumerate(("plain", "dense")):
        y, x = 82 + 160 * row, 92.0
        d.text(14, y, name, 17, INK, "start")
        for i, (cells, size) in enumerate(MAPS.items()):
            width, height = 30 + channels[i] / 16, 1.4 * size
            left = x
            if i == 0:
                d.rectangle(left, y - height / 2, width, height, GREY)
            elif name == "plain":
                d.rectangle(left, y - height / 2, width, height, BLUE)
            else:
                halves = (BLUE, ORANGE) if i == 1 else (ORANGE, BLUE)  # as they lie beside each other in the tensor
                for part, color in enumerate(halves):
                    d.rectangle(left + part * width / 2, y - height / 2, width / 2, height, color)
            d.text(left + width / 2, y + height / 2 + 13, f"{channels[i]} × {cells}²", 13)
            if i + 1 < len(MAPS):
                gap = 44
                if name == "plain":
                    if i:
                        d.arrow(f"M{left + width + 4:g} {y:g}h{gap - 10:g}", BLUE)
                else:
                    d.arrow(f"M{left + width + 4:g} {y - 8:g}h{gap - 10:g}", ORANGE)
                    if i:
                        d.arrow(f"M{left + width + 4:g} {y + 8:g}h{gap - 10:g}", BLUE)
                if i == 0:
                    end = left + width + gap + (30 + 512 / 16) * (0.5 if name == "plain" else 0.25)
                    d.arrow(f"M{end:g} {y - 62:g}V{y - 1.4 * 54 / 2 - 3:g}", BLUE)
                    d.text(end, y - 70, "from the backbone", 13, FAINT)
                x += width + gap
    for i, (color, words) in enumerate(((GREY, "by the backbone"), (BLUE, "learned"), (ORANGE, "taken over"))):
        d.rectangle(170 + 160 * i, 326, 18, 14, color)
        d.text(194 + 160 * i, 333, words, 14, INK, "start")
    return d


def proposal_flows() -> Drawing:
    """What happens to a picture in two stages and in one."""
    d = Drawing(760, 250)
    start = ("picture", "backbone:\none feature\nmap")
    two = (*start, "propose\nboxes", "cut out\nand pool", "classify\neach box", "detections")
    one = (*start, "answer in\nevery cell", "detections")
    for y, steps, name in ((90, two, "two stages"), (210, one, "one stage")):
        d.text(14, y - 50, name, 16, INK, "start")
        for i, words in enumerate(steps):
            x = 64 + 126 * i
            d.box(x, y, 98, 62, words, (GREY, BLUE)[i == 1] if i < 2 or words == "detections" else RED)
            if i:
                d.arrow(f"M{x - 75:g} {y}h22")
    d.arrow("M206 57C240 12 402 12 434 56", BLUE)
    d.text(320, 12, "the map, once more", 14, BLUE)
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

    for value in range(69, 80):
        d.shapes.append(f'<path d="M{place(value):g} 20V212" stroke="#e4e4e4" stroke-width="1"/>')
        if value % 2:
            d.text(place(value), 228, str(value), 14, FAINT)
    d.text(place(74), 254, "mean average precision on VOC 2007, per cent", 15)
    for i, (name, value, color) in enumerate(rows):
        y = 42 + 48 * i
        d.text(276, y, name, 15, INK, "end")
        d.shapes.append(f'<circle cx="{place(value):g}" cy="{y}" r="9" fill="{color}"/>')
        d.text(place(value) + (16 if value < 75 else -16), y, f"{value}", 16, INK, "start" if value < 75 else "end")
    return d


DRAWINGS: dict[str, Callable[[], Drawing]] = {
    **{f"dsod_{chapter}" if chapter else "dsod": lambda lit=lit: dsod(lit) for chapter, lit in LIT.items()},
    "dense_layer": dense_layer,
    "dense_block": dense_block,
    "plain_residual_dense": plain_residual_dense,
    "plain_dense": plain_dense,
    "proposal_flows": proposal_flows,
    "four_numbers": four_numbers,
}


def main(names: Sequence[str] = tuple(DRAWINGS)) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names:
        (FOLDER / f"{name}.svg").write_text(DRAWINGS[name]().svg(), encoding="utf-8")
    print(f"{len(names)} drawings in {FOLDER.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

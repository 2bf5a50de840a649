"""What a drawn picture shows: a textured ground, clutter that is no object, and shapes that are."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .drawing import (
    Array,
    Point,
    Rng,
    blend,
    contrast,
    contrasting,
    coverage,
    local_colours,
    noise,
    plane,
    region,
    stroke,
    texture,
)

# For each kind: how elongated it may be, and the range of its detail. Labels count this order from 1. It is
# the alphabet's, so that a reader of the annotations who sorts their names arrives at the same labels.
KINDS = {
    "circle": (2.2, (0.0, 0.0)),
    "cross": (1.7, (0.3, 0.5)),  # how thick its arms are, in halves of its shorter side
    "rectangle": (2.5, (0.0, 0.0)),
    "ring": (1.8, (0.4, 0.6)),  # how thick it is, likewise
    "star": (1.4, (0.0, 0.0)),
    "triangle": (1.7, (-0.4, 0.4)),  # how far it leans, in halves of its base
}
PENTAGON = (
    (0.0, -1.0),
    (0.951057, -0.309017),
    (0.587785, 0.809017),
    (-0.587785, 0.809017),
    (-0.951057, -0.309017),
)


@dataclass(frozen=True)
class Shape:
    """One object, in pixels. u and v are its own axes: x and y before it is turned."""

    kind: str
    centre: Point
    half: Point  # half its extent along u and v
    turn: Point  # cos and sin of the angle from x to u
    detail: float

    @property
    def corners(self) -> list[Point]:
        """Its outermost points in u, v; the round kinds have none."""
        (a, b), t = self.half, self.detail * min(self.half)
        if self.kind == "star":
            return [(a * u, b * v) for u, v in PENTAGON]
        if self.kind == "triangle":
            return [(-a, b), (a, b), (self.detail * a, -b)]
        pairs = [(a, t), (t, b)] if self.kind == "cross" else [(a, b)]
        return [(s * u, r * v) for u, v in pairs for s in (-1, 1) for r in (-1, 1)]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The tight box (x0, y0, x1, y1)."""
        (cx, cy), (a, b), (cos, sin) = self.centre, self.half, self.turn
        if self.kind in ("circle", "ring"):
            w = math.sqrt(a * a * cos * cos + b * b * sin * sin)
            h = math.sqrt(a * a * sin * sin + b * b * cos * cos)
            return cx - w, cy - h, cx + w, cy + h
        xs = [cx + cos * u - sin * v for u, v in self.corners]
        ys = [cy + sin * u + cos * v for u, v in self.corners]
        return min(xs), min(ys), max(xs), max(ys)

    def distance(self, x: Array, y: Array) -> Array:
        """Signed distance [h, w] to its edge, negative inside; good where coverage needs it, at the edge."""
        (a, b), (cos, sin), t = self.half, self.turn, self.detail * min(self.half)
        u = cos * (x - self.centre[0]) + sin * (y - self.centre[1])
        v = cos * (y - self.centre[1]) - sin * (x - self.centre[0])
        if self.kind == "circle":
            return ellipse(u, v, a, b)
        if self.kind == "ring":
            return np.maximum(ellipse(u, v, a, b), -ellipse(u, v, a - t, b - t))
        if self.kind == "rectangle":
            return np.maximum(np.abs(u) - a, np.abs(v) - b)
        if self.kind == "cross":
            u, v = np.abs(u), np.abs(v)
            return np.minimum(np.maximum(u - a, v - t), np.maximum(u - t, v - b))
        # A point of a triangle is inside all of its three lines, a point of a star inside at least four of
        # its five: so the distance is the largest of three, or the second largest of five.
        corners, step = self.corners, 2 if self.kind == "star" else 1
        first = second = np.full(u.shape, -np.inf)
        for i, (pu, pv) in enumerate(corners):
            qu, qv = corners[(i + step) % len(corners)]
            nu, nv = qv - pv, pu - qu
            length = math.sqrt(nu * nu + nv * nv) * (1 if nu * pu + nv * pv > 0 else -1)
            line = ((u - pu) * nu + (v - pv) * nv) / length
            second = np.maximum(second, np.minimum(first, line))
            first = np.maximum(first, line)
        # Two lines know nothing of where they meet. The box keeps the blurred tip from sticking out.
        x0, y0, x1, y1 = self.box
        outside = np.maximum(np.maximum(x0 - x, x - x1), np.maximum(y0 - y, y - y1))
        return np.maximum(second if self.kind == "star" else first, outside)


def ellipse(u: Array, v: Array, a: float, b: float) -> Array:
    """Signed distance to an ellipse, to first order: its equation's value over its gradient's length."""
    u, v = u / a, v / b
    radius, slope = np.sqrt(u * u + v * v), np.sqrt(np.square(u / a) + np.square(v / b))
    return radius * (radius - 1) / np.maximum(slope, 1e-9)


def random_shape(rng: Rng, size: float, longest: float) -> Shape:
    """A shape whose box has the area size * size, no side over `longest`, and its corner in pixel (1, 1)."""
    kind = rng.choice(tuple(KINDS))
    elongation, details = KINDS[kind]
    stretch = rng.log_uniform(1, elongation)
    half = (math.sqrt(stretch), 1 / math.sqrt(stretch))
    turn = rng.choice([(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), *(rng.direction() for _ in range(3))])
    shape = Shape(kind, (0.0, 0.0), half, turn, rng.uniform(*details))
    x0, y0, x1, y1 = shape.box
    scale = min(size / math.sqrt((x1 - x0) * (y1 - y0)), longest / max(x1 - x0, y1 - y0))
    centre = (1 + rng.uniform(0, 1) - scale * x0, 1 + rng.uniform(0, 1) - scale * y0)
    return replace(shape, centre=centre, half=(scale * half[0], scale * half[1]))


def place(rng: Rng, shape: Shape, owner: NDArray[np.int64], areas: list[int], visible: float) -> Shape | None:
    """Slide a shape by whole pixels to where each that it hides still shows enough of itself; None: nowhere.

    owner [S, S] holds the number of the front object at each pixel, 0 for none; areas[i] is how many pixels
    object i covers. Both are brought up to date.
    """
    x, y = plane(len(owner), *shape.box)
    mask = shape.distance(x, y) < 0
    rows, columns = region(x, y)
    showing = np.bincount(owner.ravel(), minlength=len(areas)).tolist()
    for _ in range(20):
        right, down = (rng.integer(0, len(owner) - 1 - axis.stop) for axis in (columns, rows))
        under = owner[rows.start + down : rows.stop + down, columns.start + right : columns.stop + right]
        hidden = np.bincount(under[mask], minlength=len(areas)).tolist()
        if all(n == 0 or s - n >= visible * a for n, s, a in list(zip(hidden, showing, areas, strict=True))[1:]):
            under[mask] = len(areas)
            areas.append(int(mask.sum()))
            return replace(shape, centre=(shape.centre[0] + right, shape.centre[1] + down))
    return None


def paint_ground(rng: Rng, size: int) -> tuple[Array, float]:
    """A picture [3, S, S] without objects, and how loud it is: the contrast of its two colours."""
    x, y = plane(size, 0, 0, size, size)
    x, y = x / size, y / size
    first = contrasting(rng, np.full((1, 3), 0.5), rng.uniform(0, 0.45))
    second = contrasting(rng, first[None], rng.choice((0.04, 0.06, 0.1, 0.22)))
    field = texture(rng, x, y, rng.log_uniform(0.06, 0.5))
    light = 1 + 0.3 * (noise(rng, x, y, 2) - 0.5)  # slow light and shade
    picture = (first[:, None, None] + (second - first)[:, None, None] * field) * light
    return np.minimum(picture, 1), float(contrast(first, second))


def paint_shape(rng: Rng, picture: Array, shape: Shape, wanted: float) -> None:
    """Paint one object, its fill at about the contrast `wanted` with what lies behind it."""
    size = picture.shape[1]
    x0, y0, x1, y1 = shape.box
    far = 0.03 * size
    behind = local_colours(picture, *region(*plane(size, *shape.box)))
    x, y = plane(size, x0 - 1, y0 - 1, x1 + 3 * far, y1 + 3 * far)
    if rng.chance(0.4):  # a soft shadow, below and to the right
        shift = far * rng.uniform(0.3, 1)
        shade = coverage(shape.distance(x - shift, y - shift), softness=2 * far)
        blend(picture, x, y, rng.uniform(0.3, 0.6) * shade, np.zeros((3, 1, 1)))
    x, y = plane(size, x0 - 1, y0 - 1, x1 + 1, y1 + 1)
    distance, softness = shape.distance(x, y), rng.uniform(0.9, 1.8)
    first = contrasting(rng, behind, wanted)
    second = contrasting(rng, np.concatenate([behind, first[None]]), rng.uniform(0.08, 0.3))
    if rng.chance(0.35):  # an outline, and the fill inside it
        outline = contrasting(rng, behind, wanted + 0.1)
        blend(picture, x, y, coverage(distance, softness), outline[:, None, None])
        distance = distance + max(1.0, rng.uniform(0.06, 0.12) * min(shape.half))
    fill = first[:, None, None]
    if rng.chance(0.5):
        scale = max(0.03, rng.uniform(0.2, 0.6) * (x1 - x0) / size)
        fill = fill + (second - first)[:, None, None] * texture(rng, x / size, y / size, scale)
    blend(picture, x, y, coverage(distance, softness), fill)


STROKES = {
    "line": [[(-4.0, 0.0), (4.0, 0.0)]],
    "arc": [[((1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)) for t in (-1, -0.6, -0.3, 0, 0.3, 0.6, 1)]],
    "letter": [
        [(-0.6, -1.0), (-0.6, 1.0), (0.6, 1.0)],  # L
        [(-0.7, -1.0), (0.0, 1.0), (0.7, -1.0)],  # V
        [(-0.7, -1.0), (0.7, -1.0), (-0.7, 1.0), (0.7, 1.0)],  # Z
        [(-0.7, -1.0), (0.7, -1.0), (0.0, -1.0), (0.0, 1.0)],  # T
        [(0.6, -1.0), (-0.6, -1.0), (-0.6, 0.0), (0.4, 0.0), (-0.6, 0.0), (-0.6, 1.0)],  # F
        [(-0.9, -1.0), (-0.5, 1.0), (0.0, -0.4), (0.5, 1.0), (0.9, -1.0)],  # W
    ],
}


def paint_clutter(rng: Rng, picture: Array, loudness: float) -> None:
    """Paint one thing that is no object: a line, a scribble, a letter, an arc, specks, or half a circle."""
    size = picture.shape[1]
    kind = rng.choice(("line", "scribble", "letter", "letter", "letter", "arc", "specks", "specks", "half"))
    cx, cy, (cos, sin) = rng.uniform(0, size), rng.uniform(0, size), rng.direction()
    reach = size * rng.log_uniform(0.04, 0.15)
    colour = contrasting(rng, picture[:, int(cy), int(cx)][None], rng.uniform(0.1, 0.4) + loudness / 2)
    if kind == "half":
        disc = Shape("circle", (cx, cy), (reach, reach), (1.0, 0.0), 0.0)
        x, y = plane(size, *disc.box)
        cut = np.maximum(disc.distance(x, y), cos * (x - cx) + sin * (y - cy))
        blend(picture, x, y, coverage(cut), colour[:, None, None])
    elif kind == "specks":
        for u, v in rng.array(rng.integer(3, 9), 2).tolist():
            point = (cx + 3 * reach * (u - 0.5), cy + 3 * reach * (v - 0.5))
            stroke(picture, [point, point], rng.uniform(0.012, 0.03) * size, colour)
    else:
        line = [(2 * u - 1, 2 * v - 1) for u, v in rng.array(rng.integer(4, 7), 2).tolist()]
        if kind != "scribble":
            line = rng.choice(STROKES[kind])
        points = [(cx + reach * (cos * u - sin * v), cy + reach * (sin * u + cos * v)) for u, v in line]
        stroke(picture, points, max(1.0, reach * rng.uniform(0.1, 0.3)), colour)

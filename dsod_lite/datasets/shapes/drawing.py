"""Random choices, colours, textures and brush strokes: what the drawn pictures are made of.

The same seed has to give the same picture on every machine, bit for bit, or a number in the book would hold
on one machine only. So the pictures are drawn here with numpy, and only with operations that IEEE 754 defines
to the last bit: + - * / sqrt, comparisons, min, max, rounding. C libraries differ in the last bit of sin, exp
and pow, a sum of floats depends on its order, and Pillow's drawing changes between versions: none is used.
Random numbers come from `RandomState.random_sample` alone, whose stream numpy promises to keep (NEP 19).

A picture is float64 [3, S, S], RGB in [0, 1]. A plane is x [1, w] and y [h, 1]: arithmetic makes them [h, w].
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Point = tuple[float, float]
T = TypeVar("T")


class Rng:
    """A random number generator that gives the same numbers on every machine; `key`: a few integers in [0, 2**32)."""

    def __init__(self, *key: int) -> None:
        self._stream = np.random.RandomState(list(key))

    def array(self, *shape: int) -> Array:
        return self._stream.random_sample(shape)

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * self._stream.random_sample()

    def integer(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return low + int((high - low + 1) * self._stream.random_sample())

    def chance(self, probability: float) -> bool:
        return self._stream.random_sample() < probability

    def choice(self, options: Sequence[T]) -> T:
        return options[self.integer(0, len(options) - 1)]

    def log_uniform(self, low: float, high: float) -> float:
        """Log-uniform without exp: a uniform x, kept with probability low / x, has a density like 1 / x."""
        while True:
            x = self.uniform(low, high)
            if self.uniform(0, x) < low:
                return x

    def direction(self) -> Point:
        """A unit vector (cos, sin) without cos and sin: the rational points of a half circle, and a sign."""
        t, sign = self.uniform(-1, 1), self.choice((-1, 1))
        return sign * (1 - t * t) / (1 + t * t), sign * 2 * t / (1 + t * t)


# --- colours: float64 [..., 3], RGB in [0, 1] ---------------------------------------------------------------


def contrast(one: Array, other: Array) -> Array:
    """Distance of two colours from 0 to 1, green counting most and blue least, as for the eye."""
    d = np.square(one - other)
    return np.sqrt(0.30 * d[..., 0] + 0.55 * d[..., 1] + 0.15 * d[..., 2])


def contrasting(rng: Rng, behind: Array, wanted: float) -> Array:
    """Of 24 random colours the one whose least contrast with `behind` [N, 3] is closest to `wanted`."""
    hue, saturation, value = (rng.array(24, 1) for _ in range(3))
    # From HSV to RGB: each channel is a clipped triangle wave of the hue.
    wheel = 6 * hue + np.array([0.0, 4.0, 2.0])
    ramp = np.clip(np.abs(wheel - 6 * np.floor(wheel / 6) - 3) - 1, 0, 1)
    colours = (0.12 + 0.88 * value) * (1 - saturation * (1 - ramp))
    reached = contrast(colours[:, None], behind).min(axis=1)
    return colours[np.argmin(np.abs(reached - wanted))]


def local_colours(picture: Array, rows: slice, columns: slice) -> Array:
    """Mean colours [4, 3] of the quarters of a patch, from integers: their sum is the same in any order."""
    levels = np.rint(255 * picture[:, rows, columns]).astype(np.int64)
    height, width = levels.shape[1] // 2, levels.shape[2] // 2
    quarters = [levels[:, i : i + height, j : j + width] for i in (0, height) for j in (0, width)]
    return np.array([quarter.sum(axis=(1, 2)) for quarter in quarters]) / (255 * height * width)


# --- textures: float64 [h, w] in [0, 1], to mix two colours -------------------------------------------------


def noise(rng: Rng, x: Array, y: Array, cells: int) -> Array:
    """Smooth noise over x, y in [0, 1): random values at the corners of a grid, blended in between."""
    grid = rng.array(cells + 1, cells + 1)
    column, row = np.floor(x * cells).astype(np.int64)[0], np.floor(y * cells).astype(np.int64)[:, 0]
    u, v = smooth(x * cells - column), smooth(y * cells - row[:, None])
    lines = grid[row] + (grid[row + 1] - grid[row]) * v
    return lines[:, column] + (lines[:, column + 1] - lines[:, column]) * u


def smooth(x: Array) -> Array:
    return x * x * (3 - 2 * x)


def wave(x: Array) -> Array:
    """A triangle wave of period 1 between -1 and 1."""
    return 4 * np.abs(x - np.floor(x) - 0.5) - 1


def cells(rng: Rng, x: Array, y: Array) -> Array:
    """Cells round 12 points, dark where the nearest and the second nearest point are equally far."""
    first = second = np.full(np.broadcast_shapes(x.shape, y.shape), 9.0)
    for px, py in rng.array(12, 2).tolist():
        far = np.square(x - px) + np.square(y - py)
        second = np.minimum(second, np.maximum(first, far))
        first = np.minimum(first, far)
    return np.minimum(8 * (np.sqrt(second) - np.sqrt(first)), 1)


TEXTURES = ("gradient", "gradient", "halo", "noise", "stripes", "checks", "dots", "marble", "cells")


def texture(rng: Rng, x: Array, y: Array, scale: float) -> Array:
    """A random texture over x, y in [0, 1); its features are about `scale` large."""
    kind = rng.choice(TEXTURES)
    cos, sin = rng.direction()
    along, across = cos * x + sin * y + rng.uniform(0, 8), cos * y - sin * x + rng.uniform(0, 8)
    sharp = rng.uniform(0.8, 3)  # how suddenly one colour turns into the other
    if kind == "gradient":
        return smooth((along - along.min()) / (along.max() - along.min()))
    if kind == "halo":
        far = np.square(x - rng.uniform(0, 1)) + np.square(y - rng.uniform(0, 1))
        return smooth(np.minimum(far / rng.uniform(0.3, 1.5), 1))
    if kind == "noise":
        coarse = round(1 / scale)
        return 0.7 * noise(rng, x, y, 1 + coarse) + 0.3 * noise(rng, x, y, 3 * (1 + coarse))
    if kind == "cells":
        return cells(rng, x, y)
    if kind == "stripes":
        field = wave(along / scale)
    elif kind == "checks":
        field = 2 * wave(along / scale / 2) * wave(across / scale / 2)
    elif kind == "dots":
        field = wave(along / scale) + wave(across / scale) - 0.6
    else:  # marble: stripes, pushed about by noise
        field = wave(along / scale + 2 * noise(rng, x, y, 1 + round(0.5 / scale)))
    return np.clip(0.5 + 0.5 * sharp * field, 0, 1)


# --- painting -----------------------------------------------------------------------------------------------


def plane(size: int, x0: float, y0: float, x1: float, y1: float) -> tuple[Array, Array]:
    """x [1, w] and y [h, 1] of the centres of the pixels that touch a box, inside a picture of `size`."""
    left, top = max(math.floor(x0), 0), max(math.floor(y0), 0)
    x = np.arange(left, max(min(math.ceil(x1), size), left), dtype=np.float64)
    y = np.arange(top, max(min(math.ceil(y1), size), top), dtype=np.float64)
    return x[None, :] + 0.5, y[:, None] + 0.5


def region(x: Array, y: Array) -> tuple[slice, slice]:
    """The rows and the columns of a plane."""
    top, left = (int(axis.flat[0]) if axis.size else 0 for axis in (y, x))
    return slice(top, top + y.size), slice(left, left + x.size)


def coverage(distance: Array, softness: float = 1.0) -> Array:
    """How much of each pixel a shape covers, from the signed distance of the pixel's centre to its edge."""
    return np.clip(0.5 - distance / softness, 0, 1)


def blend(picture: Array, x: Array, y: Array, alpha: Array, paint: Array) -> None:
    """Lay paint [3, h, w] or [3, 1, 1] over the picture as far as alpha [h, w] says; in place."""
    rows, columns = region(x, y)
    patch = picture[:, rows, columns]
    patch += alpha * (paint - patch)


def stroke(picture: Array, points: Sequence[Point], width: float, colour: Array) -> None:
    """Draw a chain of straight pieces with a round brush; in place."""
    xs, ys = zip(*points, strict=True)
    x, y = plane(picture.shape[1], min(xs) - width, min(ys) - width, max(xs) + width, max(ys) + width)
    nearest = np.full((y.size, x.size), np.inf)
    for (px, py), (qx, qy) in pairwise(points):
        dx, dy = qx - px, qy - py
        t = np.clip(((x - px) * dx + (y - py) * dy) / (dx * dx + dy * dy + 1e-9), 0, 1)
        nearest = np.minimum(nearest, np.square(x - px - t * dx) + np.square(y - py - t * dy))
    blend(picture, x, y, coverage(np.sqrt(nearest) - width / 2), colour[:, None, None])

"""The boxes around what is drawn with other tools than a rectangle's."""

import math

from ..labels import Box


def bounds(places: list[tuple[float, float]], circle: bool = False) -> Box:
    """The box xyxy around points, or around the circle of which the first is the centre and the second on it."""
    if circle and len(places) > 1:
        (x, y), rim = places[0], places[1]
        radius = math.dist((x, y), rim)
        return x - radius, y - radius, x + radius, y + radius
    xs, ys = zip(*places, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def turned(box: Box, centre: tuple[float, float], degrees: float) -> Box:
    """The box around a box that is turned clockwise around a centre; all in pixels."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = [(x - centre[0], y - centre[1]) for x in box[::2] for y in box[1::2]]
    return bounds([(centre[0] + c * x - s * y, centre[1] + s * x + c * y) for x, y in corners]) if degrees else box


def ellipse(x: float, y: float, rx: float, ry: float, degrees: float = 0.0) -> Box:
    """The box around an ellipse with its centre and radii, turned clockwise around the centre; all in pixels."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    w, h = math.hypot(rx * c, ry * s), math.hypot(rx * s, ry * c)
    return x - w, y - h, x + w, y + h

"""Numbers and names out of other people's files: what they are not is said, not raised from three layers down."""

import math
from typing import Any

FAR = 1e9
"""Pixels. No picture reaches so far, and float32 still holds it."""


def number(value: Any) -> float | None:
    """A finite number of JSON or YAML, at most FAR from 0; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:  # 10**400
        return None
    return found if math.isfinite(found) and abs(found) <= FAR else None


def written_number(text: Any) -> float | None:
    """Likewise of XML, CSV or a text file, where all is written out."""
    try:
        return number(float(text))
    except (TypeError, ValueError):
        return None


def pixels(width: Any, height: Any) -> tuple[int, int] | None:
    """(width, height) where both are whole numbers above 0, as 96 and 96.0 are; None where not."""
    sides = number(width), number(height)
    if any(side is None or side < 1 or side != int(side) for side in sides):
        return None
    return int(sides[0] or 0), int(sides[1] or 0)


def shown(value: Any) -> str:
    """A value for a message: what it is, on one line, cut where it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of more than 4,300 digits, lists in lists in lists
        return type(value).__name__
    return text if len(text) <= 80 else f"{text[:79]}…"

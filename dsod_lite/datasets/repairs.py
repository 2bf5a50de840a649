"""What has to be done to the boxes of a split before they can be learned from, counted and said once."""

import warnings
from dataclasses import dataclass, field

from .annotations import SMALLEST_SIDE, has_area

Box = tuple[float, float, float, float]


@dataclass
class Repairs:
    """Names of the boxes and pictures that something had to be done to, by what it was."""

    degenerate: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    clipped: list[str] = field(default_factory=list)
    resized: list[str] = field(default_factory=list)
    turned: list[str] = field(default_factory=list)

    def fit(self, box: Box, size: tuple[int, int], where: str) -> Box | None:
        """A box xyxy cut at the edges of a picture of `size` (width, height), in pixels; None if nothing is left.

        What is done is noted under the name `where`, unless the box stood out by next to nothing, as rounding does.
        """
        if not has_area(box):
            self.degenerate.append(where)
            return None
        x0, y0, x1, y1 = box
        inside = (max(x0, 0.0), max(y0, 0.0), min(x1, float(size[0])), min(y1, float(size[1])))
        if not has_area(inside):
            self.outside.append(where)
            return None
        if max(abs(a - b) for a, b in zip(inside, box, strict=True)) >= SMALLEST_SIDE:
            self.clipped.append(where)
        return inside

    def say(self, source: str) -> None:
        """One warning for each kind, with its number and the first names."""
        for what, where in (
            ("boxes without width or height, or reversed: dropped", self.degenerate),
            ("boxes wholly outside their picture: dropped", self.outside),
            ("boxes partly outside their picture: clipped", self.clipped),
            ("photographs stored lying on their side, and labelled so: turned, and the boxes too", self.turned),
            ("annotations that give another size than their picture: the picture's was used", self.resized),
        ):
            if where:
                more = ", …" if len(where) > 5 else ""
                warnings.warn(f"{source}: {len(where)} {what} ({', '.join(where[:5])}{more})", stacklevel=3)

"""A sheet to draw on, which becomes an SVG: boxes with words, arrows, and the book's colours."""

from dataclasses import dataclass, field
from html import escape

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

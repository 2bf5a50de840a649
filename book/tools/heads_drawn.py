"""Who answers for an object: priors that overlap it, cells near its centre, or one cell."""

from sheet import BLUE, FAINT, GREEN, INK, ORANGE, RED, Drawing

SIDE, CELLS = 208, 8
OBJECT = (2.2, 1.6, 6.3, 6.1)
"""x1, y1, x2, y2, in cells."""
ANSWERING: list[list[tuple[float, float, float, float]]] = [
    [(3.5, 3.5, 4, 4), (4.5, 3.5, 4, 4), (4.5, 4.5, 5, 3.6), (4.5, 4.5, 4, 4), (3.5, 4.5, 3.6, 5)],
    [(x + 0.5, y + 0.5, 1, 1) for x in (3, 4, 5) for y in (2, 3, 4)],
    [(4.5, 4.5, 1, 1)],
]
"""Priors, cells near the centre, and one cell: centres and sizes, in cells."""


def three_heads() -> Drawing:
    """The same grid and the same object three times, with those who answer for it in colour."""
    d = Drawing(760, 300)
    step = SIDE / CELLS
    for number, (name, words) in enumerate((
        ("priors, 2016", "those that overlap it enough"), ("cells, 2019", "those near its centre"),
        ("one to one, 2020", "the one that fits best already"),
    )):  # fmt: skip
        left, top = 24 + number * 252, 36

        def place(x: float, y: float, left: float = left, top: float = top) -> tuple[float, float]:
            return left + x * step, top + y * step

        d.text(left + SIDE / 2, 16, name, 19)
        d.rectangle(left, top, SIDE, SIDE, lit=False)
        for i in range(1, CELLS):
            lines = f"M{left + i * step:g} {top}v{SIDE}M{left} {top + i * step:g}h{SIDE}"
            d.shapes.append(f'<path d="{lines}" stroke="#dddddd"/>')
        answering = ANSWERING[number]
        x1, y1, x2, y2 = OBJECT
        (a, b), (w, h) = place(x1, y1), ((x2 - x1) * step, (y2 - y1) * step)
        middle = f'cx="{a + w / 2:g}" cy="{b + h / 2:g}" rx="{w / 2:g}" ry="{h / 2:g}"'
        d.shapes.append(f'<ellipse {middle} fill="{ORANGE}" opacity="0.35"/>')
        d.shapes.append(f'<path d="M{a:g} {b:g}h{w:g}v{h:g}h{-w:g}z" fill="none" stroke="{ORANGE}" stroke-width="3"/>')
        if number:
            for x, y, *_ in answering:
                d.rectangle(*place(x - 0.5, y - 0.5), step, step, (GREEN, RED)[number - 1])
        else:
            for x, y, width, height in answering:
                p, q = place(x - width / 2, y - height / 2)
                d.shapes.append(
                    f'<path d="M{p:g} {q:g}h{width * step:g}v{height * step:g}h{-width * step:g}z" fill="none" '
                    f'stroke="{BLUE}" stroke-width="1.8"/>'
                )
        d.text(left + SIDE / 2, 264, words, 17, INK)
        d.text(left + SIDE / 2, 286, f"{len(answering)} answer{'s' if len(answering) > 1 else ''}", 17, FAINT)
    return d

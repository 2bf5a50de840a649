"""A map of the field: what came of R-CNN, SSD and DSOD, year by year, and what each left out."""

from sheet import BLUE, FAINT, GREEN, GREY, INK, ORANGE, RED, Drawing

FIRST = 2014
ROWS = {
    "two stages": 66, "one stage,\nwith priors": 162, "from\nscratch": 250, "without\npriors": 338,
    "one answer\neach": 426,
}  # fmt: skip
"""The rows' names, and their heights."""
WORKS = {  # year, row, color
    "R-CNN": (2014, "two stages", GREY), "Fast,\nFaster": (2015, "two stages", GREY),
    "Mask\nR-CNN": (2017, "two stages", GREY), "SSD": (2016, "one stage,\nwith priors", BLUE),
    "focal\nloss": (2017, "one stage,\nwith priors", BLUE), "DSOD": (2017, "from\nscratch", ORANGE),
    "Scratch-\nDet": (2019, "from\nscratch", ORANGE), "FCOS": (2019, "without\npriors", GREEN),
    "YOLOX": (2021, "without\npriors", GREEN), "DETR": (2020, "one answer\neach", RED),
    "POTO": (2021, "one answer\neach", RED), "YOLOv10": (2024, "one answer\neach", RED),
}  # fmt: skip
LEADS = (
    ("R-CNN", "Fast,\nFaster"), ("Fast,\nFaster", "Mask\nR-CNN"), ("Fast,\nFaster", "SSD"), ("SSD", "focal\nloss"),
    ("SSD", "DSOD"), ("DSOD", "Scratch-\nDet"), ("focal\nloss", "FCOS"), ("FCOS", "YOLOX"),
    ("Scratch-\nDet", "YOLOX"), ("DETR", "POTO"), ("FCOS", "POTO"), ("YOLOX", "YOLOv10"), ("POTO", "YOLOv10"),
)  # fmt: skip
WIDTH, HEIGHT = 64, 44


def field_map() -> Drawing:
    """Works as boxes by their year, with arrows from what each took up."""
    d = Drawing(960, 480)

    def place(work: str) -> tuple[float, float]:
        year, row, _ = WORKS[work]
        return 150 + 74 * (year - FIRST), ROWS[row]

    for year in range(FIRST, 2025, 2):
        x = 150 + 74 * (year - FIRST)
        d.shapes.append(f'<path d="M{x:g} 30V460" stroke="#ececec" stroke-width="1"/>')
        d.text(x, 16, str(year), 19, FAINT)
    for name, y in ROWS.items():
        d.text(8, y, name, 18, INK, "start")
    for start, end in LEADS:
        (x1, y1), (x2, y2) = place(start), place(end)
        if y1 == y2:
            d.arrow(f"M{x1 + WIDTH / 2 + 1:g} {y1:g}H{x2 - WIDTH / 2 - 2:g}", FAINT)
        else:
            side = HEIGHT / 2 if y2 > y1 else -HEIGHT / 2
            d.arrow(f"M{x1:g} {y1 + side:g}L{x2 - 8:g} {y2 - side * 1.1:g}", FAINT)
    for name, (_, _, color) in WORKS.items():
        across, down = place(name)
        d.box(across, down, WIDTH, HEIGHT, "", color)
        d.text(across, down, name, 14)
    return d

"""Diagrams of DSOD's parts: dense layers and blocks, the six maps in both structures, two stages and one."""

from sheet import BLUE, FAINT, GREEN, GREY, INK, ORANGE, RED, Drawing

MAPS = {38: 66, 19: 54, 10: 44, 5: 36, 3: 30, 2: 26}
"""The six feature maps: cells along a side, and how large they are drawn."""


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
        d.text(20, y + (22 if row else 14), words, 14, FAINT, "start")
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
            d.text(left + width / 2, y + height / 2 + 13, f"{channels[i]} × {cells}²", 14)
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
                    d.text(end, y - 70, "from the backbone", 14, FAINT)
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

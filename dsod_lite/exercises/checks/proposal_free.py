"""Checks of the chapter on principle 1."""

from ..judging import Function, call, equal


def exercise_1(count_windows: Function) -> None:
    for width, height in ((1, 1), (2, 1), (3, 2), (4, 5), (128, 128)):
        tried = f"count_windows({width}, {height})"
        right = (width * (width + 1) // 2) * (height * (height + 1) // 2)
        slips = [
            (width * height, "That is how many windows of one pixel there are, or corners of one kind."),
            (
                (width * (width - 1) // 2) * (height * (height - 1) // 2),
                "128 pixels have 129 lines between and around them.",
            ),
            ((width * (width + 1)) * (height * (height + 1)), "Left and right were told apart: each pair counts once."),
        ]
        hint = "Two different vertical lines bound a window, of width + 1; and two horizontal ones."
        equal(call(count_windows, width, height, tried=tried), right, tried, hint, slips)

"""Checks of the chapter on pre-training."""

from ..judging import Function, call, equal


def exercise_1(break_even: Function) -> None:
    for before, fine, scratch in ((600, 10, 40), (100, 10, 40), (1, 10, 40), (90, 1, 4)):
        right = next(n for n in range(1, 10_000) if before + n * fine < n * scratch)
        slips = [
            (before // (scratch - fine), "At that number it has not saved any time yet."),
            (before / (scratch - fine), "There are whole detectors only."),
            (before // scratch + 1, "Fine-tuning takes time as well, for each of them."),
        ]
        tried = f"break_even({before}, {fine}, {scratch}), hours of pre-training, fine-tuning and training from scratch"
        hint = "The smallest whole n with before + n · fine < n · scratch."
        equal(call(break_even, before, fine, scratch, tried=tried), right, tried, hint, slips)

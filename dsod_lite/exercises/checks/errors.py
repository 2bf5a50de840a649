"""Checks of the chapter on reading errors."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..judging import NotYet, as_numbers, call
from ..values import Values, Word

KINDS = ("right", "duplicate", "class", "place", "both", "background")


ASKED = " How good is the box, and is the name right?"

exercise_1 = Values(
    ring_kind=Word("class", KINDS, "ring_kind", "It shares 6 of 12 with the star, and 0.5 is enough." + ASKED),
    star_kind=Word("class", KINDS, "star_kind", "It shares 10 of 13 with the ring." + ASKED),
)


def exercise_4(fit_platt: Callable[[Tensor, Tensor], Any]) -> None:
    for seed, (a, b) in enumerate(((1.0, -1.0), (0.6, 0.5))):
        rng = torch.Generator().manual_seed(seed)
        scores = torch.rand(20_000, generator=rng) * 0.98 + 0.01
        right = torch.rand(20_000, generator=rng) < (a * scores.logit() + b).sigmoid()
        tried = f"fit_platt(scores, right) on 20,000 made-up scores with a = {a:g} and b = {b:g}"
        answer = call(fit_platt, scores, right.float(), tried=tried)
        found = as_numbers(answer, 2, "two numbers, a and b", tried)
        if not (abs(found[0] - a) < 0.1 and abs(found[1] - b) < 0.15):
            raise NotYet(
                got=[round(value, 2) for value in found],
                expected=f"[{a:g}, {b:g}], give or take a tenth",
                tried=tried,
                hint="The formula takes the logit of the score. Did the descent end? Try more steps or a larger rate.",
            )

"""Checks of the chapter on three heads."""

import itertools

import torch
from torch import Tensor
from torchvision.ops import sigmoid_focal_loss

from ..judging import Function, NotYet, as_list, as_numbers, call, equal
from ..values import Number, Values

PRIORS, CELLS = 8744, 1943


exercise_1 = Values(
    with_priors=Number(
        PRIORS * 25,
        "Each prior has four offsets and 21 logits.",
        [(PRIORS * 24, "SSD's softmax has the background as a class of its own: 21 logits.")],
    ),
    with_cells=Number(
        CELLS * 24,
        "Add up the squares of the six sides; each cell has four distances and 20 scores.",
        [
            (CELLS * 25, "Without a softmax there is no class for the background: 20 scores."),
            (PRIORS * 24, "There is one answer for each cell now, not one for each prior."),
        ],
    ),
)


def exercise_2(focal: Function) -> None:
    hint = "p of the truth is p for the right class, else 1 - p; then -α (1 - p)² ln p."
    for numbers, classes in (([0.9, 0.1, 0.5, 0.99], [True, True, False, False]), ([0.3, 0.8], [False, True])):
        p, own = torch.tensor(numbers), torch.tensor(classes)
        right, alpha = sigmoid_focal_loss(p.logit(), own.float()), torch.where(own, 0.25, 0.75)
        truth = torch.where(own, p, 1 - p)
        plain = -truth.log()
        slips: list[tuple[Tensor, str]] = [
            (-alpha * (1 - p) ** 2 * p.log(), "For a class that is not there, 1 - p is the truth's."),
            (0.25 * (1 - truth) ** 2 * plain, "α is 0.75 for what is not there."),
            ((1 - truth) ** 2 * plain, "α is missing: 0.25 for the object's class, 0.75 for the others."),
            ((1 - alpha) * (1 - truth) ** 2 * plain, "The two α have changed places."),
            (alpha * truth**2 * plain, "What is easy is to weigh little: (1 - p)², not p²."),
        ]
        tried = f"focal({numbers}, {classes}), as tensors"
        equal(call(focal, p, own, tried=tried), right, tried, hint, slips, atol=1e-6)


def exercise_3(best_cells: Function) -> None:
    rng = torch.Generator().manual_seed(5)
    tables = [[[0.9, 0.85, 0.0], [0.8, 0.1, 0.3]], [[0.2, 0.7]]]
    tables += [torch.rand(3, 5, generator=rng).tolist() for _ in range(3)]
    for quality in tables:
        shown = "[" + ", ".join(str([round(v, 2) for v in row]) for row in quality) + "]"
        tried = f"best_cells({shown})"
        wanted = f"a list of {len(quality)} cells"
        got = as_numbers(as_list(call(best_cells, quality, tried=tried)), len(quality), wanted, tried)
        ways = list(itertools.permutations(range(len(quality[0])), len(quality)))
        if tuple(got) not in ways:
            raise NotYet(got=got, expected=wanted, tried=tried, hint="No cell twice, and each is counted from 0.")
        sums = {way: sum(row[cell] for row, cell in zip(quality, way, strict=True)) for way in ways}
        most = max(sums.values())
        if sums[tuple(int(cell) for cell in got)] < most - 1e-9:
            raise NotYet(
                got=f"{[int(cell) for cell in got]}, with a sum of {sums[tuple(int(cell) for cell in got)]:.2f}",
                expected=f"a sum of {most:.2f}",
                tried=tried,
                hint="The best pair first is not the best in all: try every choice of different cells.",
            )

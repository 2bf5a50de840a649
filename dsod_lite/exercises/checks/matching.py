"""Checks of the chapter on matching and encoding."""

import torch

from ...detector.matching import match
from ..judging import Function, NotYet, as_list, as_numbers, call
from ..values import Numbers, Values

exercise_1 = Values(
    objects_of_priors=Numbers(
        (1, 2, -1, -1),
        "a list of four numbers, one for each prior",
        "Serve the largest number of the table first, strike its row and its column, and go on.",
        [
            ((1, 2, 0, -1), "Object 0 touches P0 and P1 only, and both are taken. It stays without."),
            ((0, 2, 1, -1), "The largest IoU of the whole table is served first, not the first object."),
            ((1, 2, 1, -1), "P2 overlaps object 1 by 0.2 only, which is below the threshold."),
            ((1, 1, -1, -1), "P1 is object 2's own, by 0.6, before the threshold gives away what is left."),
        ],
    )
)


def exercise_2(two_by_two: Function) -> None:
    tried = "two_by_two()"
    table = as_list(call(two_by_two, tried=tried))
    wanted = "[[a, b], [c, d]] with numbers from 0 to 1"
    if not isinstance(table, list) or len(table) != 2:
        raise NotYet(got=table, expected=wanted, tried=tried)
    values = torch.tensor([as_numbers(row, 2, wanted, tried) for row in table])
    if not ((values >= 0) & (values <= 1)).all():
        raise NotYet(got=table, expected=wanted, tried=tried)
    straight, crossed = (values[0, 0] + values[1, 1]).item(), (values[0, 1] + values[1, 0]).item()
    is_straight = match(values[None], 1.1)[0].tolist() == [0, 1]
    ours, other = (straight, crossed) if is_straight else (crossed, straight)
    if other <= ours + 1e-6:
        raise NotYet(
            got=f"best fit first: a sum of {ours:.2f}; the other way: {other:.2f}",
            tried=tried,
            hint="Let the best pair leave very little for the other two.",
        )

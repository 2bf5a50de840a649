"""Checks of the chapter on your own data."""

import random

from ..judging import Function, NotYet, as_list, call
from ..values import Number, Values

PRIOR = 0.07 * 256

exercise_1 = Values(
    smallest_side=Number(
        PRIOR * 0.5**0.5,
        "Inside of the prior, the IoU is the ratio of the areas.",
        [
            (PRIOR / 2, "Half the side is a quarter of the area."),
            (PRIOR, "That is the prior itself, with an IoU of 1."),
            (PRIOR**2 / 2, "That is the object's area. Its side is the root of it."),
            (PRIOR * 2**0.5, "That is the largest object. The smallest lies inside of the prior."),
        ],
    )
)


def exercise_2(suspicious: Function) -> None:
    cases: list[tuple[dict[str, int], set[str], str]] = [
        ({"Dog": 1, "cat": 4, "dog": 1}, {"Dog", "dog"}, "Dog and dog are the same word: both are suspicious."),
        (
            {"RBC": 4155, "WBC": 372, "Platelet": 3, "Platelets": 358},
            {"Platelet"},
            "Three objects, where the largest class has thousands.",
        ),
        ({"cat ": 200, "cat": 300}, {"cat ", "cat"}, "A blank at the end makes another class: strip the names."),
        ({"cat": 3, "dog": 5}, set(), "A small data set: few objects are no slip if no class has many."),
        ({"cat": 500, "dog": 120}, set(), "Nothing is wrong with these."),
        ({"cat": 500, "dog": 10, "owl": 9}, {"owl"}, "Fewer than ten: ten are not."),
        ({"cat": 100, "dog": 3}, set(), "More than a hundred: a hundred are not."),
        ({"cat": 101, "dog": 3}, {"dog"}, "More than a hundred: 101 are."),
        ({"cat": 500, "CAT": 400, "owl": 12}, {"cat", "CAT"}, "The same word, however many there are of each."),
    ]
    for counts, right, hint in cases:
        tried = f"suspicious({counts})"
        got = as_list(call(suspicious, counts, tried=tried))
        if not isinstance(got, (list, tuple, set)) or set(got) != right:
            raise NotYet(got=got, expected=sorted(right), tried=tried, hint=hint)


def exercise_3(split_by_patient: Function) -> None:
    for patients in (30, 20):
        names = [f"patient{p:02}_{n}" for p in range(patients) for n in range(10)]
        random.Random(0).shuffle(names)  # as files come
        divided(
            split_by_patient, names, f"split_by_patient(names) for patient00_0 to patient{patients - 1}_9, shuffled"
        )


def divided(split_by_patient: Function, names: list[str], tried: str) -> None:
    """Whether all the names are divided, and no patient."""
    answer = call(split_by_patient, names, tried=tried)
    if not isinstance(answer, (list, tuple)) or len(answer) != 2:
        raise NotYet(got=answer, expected="two lists of names, train and test", tried=tried)
    train, test = answer
    if sorted([*train, *test]) != sorted(names):
        got = f"{len(train)} names and {len(test)}"
        raise NotYet(got=got, expected=f"each of the {len(names)} names in one of the two lists", tried=tried)
    both = {name.split("_")[0] for name in train} & {name.split("_")[0] for name in test}
    if both:
        hint = "Divide the patients, then the pictures follow."
        got = f"{len(both)} patients in both lists, {min(both)} for one"
        raise NotYet(got=got, expected="no patient in both lists", tried=tried, hint=hint)
    if not len(names) / 10 <= len(test) <= len(names) / 3:
        raise NotYet(got=f"{len(test)} test pictures", expected="a tenth to a third of the pictures", tried=tried)

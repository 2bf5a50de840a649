"""Checks of the chapter on speed and size."""

from ..judging import Function, as_numbers, call, equal


def exercise_1(fold: Function) -> None:
    cases = ((2, 1, 4, 4, 5), (3, 5, 4, 2, 1), (0.5, -1, 0.25, 3, 0))
    for weight, mean, variance, gamma, beta in cases:
        factor = gamma / variance**0.5
        right = [factor * weight, beta - factor * mean]
        tried = f"fold({weight}, {mean}, {variance}, {gamma}, {beta}): w, μ, σ² + ε, γ and β"
        answer = call(fold, weight, mean, variance, gamma, beta, tried=tried)
        got = as_numbers(answer, 2, "two numbers, w' and b'", tried)
        slips = [
            ([gamma / variance * weight, beta - gamma / variance * mean], "Divide by the root of σ² + ε."),
            ([right[0], beta + factor * mean], "The mean is taken away, so the shift is β *minus* something."),
            ([right[0], beta], "The mean moves the shift, too."),
        ]
        hint = "w' = γ / √(σ² + ε) · w, and b' = β - γ μ / √(σ² + ε)."
        equal(got, right, tried, hint, slips)

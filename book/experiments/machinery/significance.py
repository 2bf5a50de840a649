"""How sure a difference is: p-values, their correction, seeds and pictures together, the probability of improvement."""

import math
import statistics
from collections.abc import Sequence

import numpy as np
from scipy import stats

from .records import Interval, interval


def p_value(differences: Sequence[float]) -> float:
    """Student's t, two-sided: how often chance alone would make as much of seeds' differences whose true mean is 0.

    Raises:
        ValueError: for fewer than two.
    """
    if len(differences) < 2:
        raise ValueError(f"a test takes 2 seeds or more, not {len(differences)}")
    if len(set(differences)) == 1:  # no spread: nothing to compare the mean with
        return 1.0 if differences[0] == 0 else 0.0
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number: the smallest times n, the next times n - 1, and so on; never falling.

    With those below 0.05 called findings, the chance that there is even one among them that does not exist is 0.05.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics, 1979.
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    corrected, least = [0.0] * len(p_values), 0.0
    for place, i in enumerate(order):
        least = max(least, min(1.0, (len(p_values) - place) * p_values[i]))
        corrected[i] = least
    return corrected


def improvement(a: Sequence[float], b: Sequence[float]) -> float:
    """The probability of improvement: how many pairs of a run of `a` and one of `b` have `a` ahead; ties count half.

    Source: Agarwal and others, "Deep reinforcement learning at the edge of the statistical precipice", 2021.
    """
    return float(stats.mannwhitneyu(a, b).statistic) / (len(a) * len(b))


def over_seeds_and_pictures(differences: Sequence[float], resampled: Sequence[Sequence[float]]) -> Interval:
    """The mean difference and its 95 % interval over seeds and test pictures together.

    The two are independent, so the squares of their margins add up. The seeds' margin is Student's: three seeds are too
    few to be resampled. That of the pictures is a bootstrap's: 1.96 standard deviations of the mean over the seeds, on
    samples of the pictures which are the same for all of them.

    Args:
        differences: one for each seed.
        resampled: for each seed the differences on the same samples of the pictures [seeds, samples].
    """
    mean, _, high = interval(differences)
    by_sample = np.mean(np.asarray(resampled), axis=0)
    margin = math.hypot(high - mean, float(stats.norm.ppf(0.975)) * statistics.stdev(by_sample.tolist()))
    return mean, mean - margin, mean + margin

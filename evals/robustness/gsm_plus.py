"""GSM-Plus's two numbers (arXiv 2402.19255, section 3.3), with the intervals that it does not give.

PDR  1 - Acc(variants) / Acc(originals), the share of the accuracy that is lost.
ASP  the mean over pairs of seed and variant of 1[seed right] · 1[variant right]; with several samples, over all
     pairs of them.

Checked against its published table: GPT-4 with 93.25 and 85.58 has a PDR of 8.23 %.
"""

from functools import reduce

import numpy as np
from scipy.special import stdtrit

from evals.robustness.by_problem import ByProblem, Floats, combined
from evals.robustness.means import SHARE, UNLIMITED, Estimate, mean_of


def performance_drop_rate(original: ByProblem, variant: ByProblem, level: float = 0.95) -> Estimate:
    """PDR over the problems of both, with Fieller's interval: it excludes 0 exactly where the paired t-test of the
    difference rejects. Without limits where the originals' accuracy itself may be 0; p is that of the difference."""
    o = combined(lambda a, b: a, original, variant).values
    v = combined(lambda a, b: b, original, variant).values
    n = len(o)
    if not n or o.mean() == 0:
        return Estimate(None, n=n)
    value, p = 1 - float(v.mean() / o.mean()), mean_of(v - o).p
    if n < 2:
        return Estimate(value, p=p, n=n)
    limits = _fieller(float(o.mean()), float(v.mean()), np.cov(o, v) / n, float(stdtrit(n - 1, 0.5 + level / 2)))
    low, high = (1 - limits[1], min(1 - limits[0], 1.0)) if limits else (None, None)
    return Estimate(value, low, high, p, n)


def difference_in_pdr(
    ours: tuple[ByProblem, ByProblem], theirs: tuple[ByProblem, ByProblem], level: float = 0.95
) -> Estimate:
    """Our PDR less theirs over the problems of all four, each pair being originals and variants: the delta method.

    A ratio v / o of means has, in problem i, the influence (v_i - v/o · o_i) / o; the difference of both models'
    influences has one mean over problems, whose clustered t is taken. Nothing where a model solves no original.
    """
    problems = reduce(np.intersect1d, (each.problems for each in (*ours, *theirs)))
    influences, rates = [], []
    for original, variant in (ours, theirs):
        o, v = (each.values[np.isin(each.problems, problems)] for each in (original, variant))
        if not len(problems) or o.mean() == 0:
            return Estimate(None, n=len(problems))
        rates.append(1 - float(v.mean() / o.mean()))
        influences.append((v.mean() / o.mean() * o - v) / o.mean())
    value = rates[0] - rates[1]
    found = mean_of(influences[0] - influences[1] + value, UNLIMITED, level=level)
    return Estimate(value, found.low, found.high, found.p, found.n)


def _fieller(o: float, v: float, covariance: Floats, t: float) -> tuple[float, float] | None:
    """The ratios r for which v - r·o is less than t standard errors from 0 (Fieller 1954)."""
    a = o**2 - t**2 * covariance[0, 0]
    b = o * v - t**2 * covariance[0, 1]
    c = v**2 - t**2 * covariance[1, 1]
    if a <= 0:
        return None
    root = float(np.sqrt(max(b**2 - a * c, 0.0)))
    return (b - root) / a, (b + root) / a


def accurately_solved_pairs(original: ByProblem, variant: ByProblem, level: float = 0.95) -> Estimate:
    """ASP with its clustered interval."""
    found = mean_of((original * variant).values, SHARE, level=level)
    return Estimate(found.value, found.low, found.high, None, found.n)

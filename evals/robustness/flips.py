"""Which problems a kind makes fail, and which it repairs: the table of flips, and the problems behind it.

With one trial in each arm the table counts problems. With several, a problem has the share a of right originals and b
of right variants, and counts a·b, a·(1 - b), (1 - a)·b, (1 - a)·(1 - b): the mean over all pairs of its trials.
Sampling alone flips answers too: the kind `identity` has the table of that.
"""

from __future__ import annotations

from dataclasses import dataclass

from evals.robustness.by_problem import ByProblem
from evals.robustness.means import SHARE, Estimate, mean_of


@dataclass(frozen=True, slots=True)
class FlipTable:
    """Shares of the problems, which sum to 1, with their clustered intervals."""

    stayed_right: Estimate
    fell: Estimate
    rose: Estimate
    stayed_wrong: Estimate


def flip_table(original: ByProblem, variant: ByProblem, level: float = 0.95) -> FlipTable:
    """Over the problems of both."""

    def share(a: ByProblem, b: ByProblem) -> Estimate:
        return mean_of((a * b).values, SHARE, level=level)

    not_original, not_variant = _failed(original), _failed(variant)
    return FlipTable(
        share(original, variant),
        share(original, not_variant),
        share(not_original, variant),
        share(not_original, not_variant),
    )


def _failed(right: ByProblem) -> ByProblem:
    return ByProblem(right.problems, 1 - right.values)

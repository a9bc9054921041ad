"""The loss as a function of x = (theta of some models, gamma, log nu), and the linear algebra of its information.

theta in natural units, gamma for features of unit mean square, so that x has one scale. The gauge u (all strengths
moved together) is an exact null vector of the information H without a ridge: H + t u u' has the same solution among
vectors orthogonal to u, and is regular.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from evals.ratings.battles import Battles, Floats, Ints, Mask
from evals.ratings.identifiability import Unidentified
from evals.ratings.likelihood import Point, Sums, TieRule, sums


@dataclass(frozen=True, eq=False)
class Objective:
    """P = places + features, and one more with Davidson's ties."""

    battles: Battles
    places: Ints
    """Indices of the models whose strengths x holds; the others stand at zero and do not count."""
    rms: Floats
    """(S,)"""
    ties: TieRule
    l2: float = 0.0
    counted: Mask | None = None
    """(K * K,) pairs that count, None for all: then no battle may name a model outside `places`."""

    @property
    def davidson(self) -> bool:
        return self.ties == "davidson"

    def point(self, x: Floats) -> Point:
        k, s = len(self.places), len(self.rms)
        theta = np.zeros(len(self.battles.models))
        theta[self.places] = x[:k]
        return Point(theta, x[k : k + s] / self.rms, float(x[-1]) if self.davidson else None)

    def sums(self, x: Floats, moment: bool = False) -> Sums:
        """In the coordinates of x, the ridge included except in `moment`."""
        raw = sums(self.battles, self.point(x), self.ties, moment=moment, counted=self.counted)
        extra = np.ones(int(self.davidson))
        keep = np.concatenate([self.places, np.arange(len(self.battles.models), len(raw.gradient))])
        unit = np.concatenate([np.ones(len(self.places)), 1 / self.rms, extra])
        both, square = np.ix_(keep, keep), np.outer(unit, unit)
        ridge = self.l2 * np.concatenate([np.ones(len(x) - len(extra)), 0 * extra])
        return Sums(
            weight=raw.weight,
            loss=raw.loss + float(ridge @ x**2) / 2,
            gradient=raw.gradient[keep] * unit + ridge * x,
            information=raw.information[both] * square + np.diag(ridge),
            moment=None if raw.moment is None else raw.moment[both] * square,
        )


def pairs_among(places: Sequence[int] | Ints, models: int) -> Mask:
    """(K * K,) the pairs of these models."""
    inside = np.isin(np.arange(models), places)
    return np.outer(inside, inside).ravel()


def solve_information(information: Floats, right: Floats, models: int, l2: float = 0.0) -> Floats:
    """information^-1 @ right for (P,) or (P, m) that have no part along the gauge of the first `models` entries.

    Raises Unidentified where the information is singular in another direction.
    """
    matrix = information.copy()
    if not l2:
        matrix[:models, :models] += np.trace(information[:models, :models]) / models**2
    try:
        return np.asarray(cho_solve(cho_factor(matrix, lower=True), right))
    except LinAlgError:
        raise Unidentified("the information matrix is singular") from None


def centred(columns: Floats, models: int) -> Floats:
    """(P,) or (P, m) with the mean of the first `models` rows taken out of them."""
    out = columns.copy()
    out[:models] -= out[:models].mean(axis=0)
    return out

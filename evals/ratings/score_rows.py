"""The scores of single battles, and their correction for leverage within clusters (CR2).

At the optimum residuals are smaller than errors are, most where a cluster has much of the say: the two clusters of a
model met by no others have half of their variance left. Bell and McCaffrey (2002) multiply a cluster's residuals by
(I - K)^-1/2, K = W^1/2 X H^-1 X' W^1/2 its leverage, so that in the model's own variance the clustered moment has no
bias (Cameron and Miller 2015, section VI.B, where it is CR2); X and W are the working design and weights of the
likelihood. The root is the series sum over k of c_k K^k, c_k = (2k)! / (4^k k!²), in the rows' own weights.

A direction that one cluster alone determines has a leverage of 1 and no residual: no correction can help there, see
`covariance.clustered`. The series is cut after TERMS: of a leverage up to 0.9 less than 0.1 % is missing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from evals.bradley_terry import Fit
from evals.ratings.battles import Battles, Floats, Ints, tiles
from evals.ratings.likelihood import derivatives, predictor, row_weights
from evals.ratings.objective import centred, solve_information

LIGHT = 0.01
"""Leverage of a cluster up to which it is left as it is: its scores would grow by half as much."""
TERMS = 64
_SMALL = 1e-7
"""Of the largest residual: the term that is the last one."""


class ScoreRows(NamedTuple):
    """m battles' derivatives of the loss, in the coordinates of a fit with k rated models and P parameters."""

    owner: Ints
    """(m,) whose cluster each is."""
    first: Ints
    """(m,) place of the first model among the rated, -1 for one that is not: such rows have no slope."""
    second: Ints
    features: Floats
    """(S, m) in root mean squares."""
    slope: Floats
    """(m,) in eta."""
    curvature: Floats
    slope_t: Floats | None
    """(m,) in log nu, with Davidson's ties."""
    curvature_t: Floats | None
    mixed: Floats | None

    def take(self, rows: Ints) -> ScoreRows:
        parts: list[Any] = [None if part is None else part[..., rows] for part in self]
        return ScoreRows(*parts)

    def along(self, by_owner: Floats, k: int) -> Floats:
        """(m,) x · u, for one u (P,) of each owner."""
        values = by_owner[self.owner, self.first] - by_owner[self.owner, self.second]
        for place, column in enumerate(self.features, k):
            values += column * by_owner[self.owner, place]
        return np.asarray(values)

    def summed(self, owners: int, k: int) -> csr_array:
        """(owners, P) the sums of the rows' scores."""
        inside = self.first >= 0
        columns = [(self.first, self.slope, inside), (self.second, -self.slope, inside)]
        everywhere = np.ones(len(self.owner), dtype=bool)
        last = [f * self.slope for f in self.features] + ([] if self.slope_t is None else [self.slope_t])
        columns += [(np.full(len(self.owner), p), values, everywhere) for p, values in enumerate(last, k)]
        entries = [
            np.concatenate(each) for each in zip(*((v[w], self.owner[w], p[w]) for p, v, w in columns), strict=True)
        ]
        return csr_array((entries[0], (entries[1], entries[2])), shape=(owners, k + len(last)))


def score_rows(block: Battles, fit: Fit, owner: Ints) -> ScoreRows:
    """Of battles with the fit's features, at its optimum."""
    models = len(fit.models)
    place = np.full(models, -1)
    place[fit.active] = np.arange(len(fit.active))
    point, counted = fit.point(), fit.counted
    parts: list[ScoreRows] = []
    for tile in tiles(block):
        weight = row_weights(tile, fit.ties, counted)
        rows = derivatives(tile, predictor(tile, point, models), weight, fit.ties, point.log_nu)
        first, second = (np.repeat(place[end], tile.lengths) for end in np.divmod(tile.pairs, models))
        outside = (first < 0) | (second < 0)
        first[outside] = second[outside] = -1
        scaled = tile.features / fit.rms[:, None]
        parts.append(ScoreRows(owner[tile.rows], first, second, scaled, *rows[1:]))
    whole: list[Any] = [None if p[0] is None else np.concatenate(p, axis=-1) for p in zip(*parts, strict=True)]
    return ScoreRows(*whole)


def inverse_information(fit: Fit) -> Floats:
    """(P, P) H^-1 among directions without a part along the gauge."""
    k = len(fit.active)
    return centred(solve_information(fit.information, centred(np.eye(len(fit.information)), k), k, fit.l2), k)


def corrected(rows: ScoreRows, owners: int, inverse: Floats, k: int) -> ScoreRows:
    """The rows with the residuals of clusters of more than LIGHT leverage as CR2 has them."""
    leverage = np.bincount(rows.owner, _leverage(rows, inverse, k), owners)
    heavy = np.flatnonzero(leverage > LIGHT)
    chosen = np.flatnonzero(leverage[rows.owner] > LIGHT)
    if not len(heavy):
        return rows
    own = rows.take(chosen)
    own = own._replace(owner=np.searchsorted(heavy, own.owner))
    slope, slope_t = rows.slope.copy(), None if rows.slope_t is None else rows.slope_t.copy()
    share, term = 1.0, own
    for power in range(1, TERMS):
        share *= (2 * power - 1) / (2 * power)
        term = _once_more(term, term.summed(len(heavy), k) @ inverse, k)
        slope[chosen] += share * term.slope
        if slope_t is not None and term.slope_t is not None:
            slope_t[chosen] += share * term.slope_t
        if np.abs(term.slope).max() * share <= _SMALL * np.abs(own.slope).max():
            break
    return rows._replace(slope=slope, slope_t=slope_t)


def _once_more(rows: ScoreRows, moves: Floats, k: int) -> ScoreRows:
    """W X u in the place of the slopes, u the move that each cluster's scores ask for."""
    along = rows.along(moves, k)
    if rows.mixed is None or rows.curvature_t is None:
        return rows._replace(slope=rows.curvature * along)
    tied = moves[rows.owner, -1]
    return rows._replace(
        slope=rows.curvature * along + rows.mixed * tied, slope_t=rows.mixed * along + rows.curvature_t * tied
    )


def _leverage(rows: ScoreRows, inverse: Floats, k: int) -> Floats:
    """(m,) the trace of W^1/2 X H^-1 X' W^1/2 of each row."""
    found = rows.curvature * squares(rows.first, rows.second, rows.features, inverse, k)
    if rows.mixed is not None and rows.curvature_t is not None:
        across = inverse[-1, rows.first] - inverse[-1, rows.second] + inverse[-1, k:-1] @ rows.features
        found += 2 * rows.mixed * across + rows.curvature_t * inverse[-1, -1]
    return np.asarray(found)


def squares(first: Ints, second: Ints, features: Floats, matrix: Floats, k: int) -> Floats:
    """(m,) x' V x for rows x = (e_i - e_j, z) and a symmetric V (P, P) whose first k places are models'."""
    found = matrix[first, first] + matrix[second, second] - 2 * matrix[first, second]
    if len(features):
        style = slice(k, k + len(features))
        found += 2 * (features * (matrix[style, first] - matrix[style, second])).sum(axis=0)
        found += (features * (matrix[style, style] @ features)).sum(axis=0)
    return np.asarray(found)

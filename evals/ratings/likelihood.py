"""One pass over the battles: loss, gradient, information and the scores' second moment, summed tile by tile.

A row is x = (e_i - e_j, z) with linear predictor eta = theta_i - theta_j + z·gamma in natural units. Every sum here
has the form sum(v x x') or sum(r x). Its K×K part needs one number for each pair, its K×S part S numbers for each run
of a pair, and only the S×S part touches all rows, as a matrix product; so a row costs some 20 ns whatever K is.

Tie rules. half: a tie is half a win, loss = softplus(eta) - y·eta with y in {0, 1/2, 1}. drop: ties count nothing.
davidson (Davidson 1970): P(win), P(loss), P(tie) in the ratio exp(eta/2) : exp(-eta/2) : nu, with log nu as one more
parameter, the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from evals.ratings.battles import TIE, Array, Battles, Floats, Mask, Tile, tiles

TieRule = Literal["half", "drop", "davidson"]
_LOG_EVERY = 512
"""Factors in (1, 2] that are multiplied before one logarithm is taken; 2^512 is within float64."""


class Point(NamedTuple):
    """Where sums are taken, in natural units."""

    theta: Floats
    """(K,)"""
    gamma: Floats
    """(S,) for the features as they are stored."""
    log_nu: float | None = None


@dataclass(frozen=True, eq=False)
class Sums:
    """P = K + S, and one more with Davidson's ties."""

    weight: float
    """Sum of the weights of the rows that counted."""
    loss: float
    """Negative log-likelihood."""
    gradient: Floats
    """(P,) of the loss."""
    information: Floats
    """(P, P) second derivative of the loss."""
    moment: Floats | None
    """(P, P) sum of the outer products of the rows' gradients."""


class Rows(NamedTuple):
    """Derivatives of the loss of m rows: in eta, and with Davidson's ties in t = log nu."""

    loss: float
    slope: Floats
    curvature: Floats
    slope_t: Floats | None = None
    curvature_t: Floats | None = None
    mixed: Floats | None = None


class Gram:
    """Adds up sum(v x x') for rows x = (e_i - e_j, z)."""

    def __init__(self, models: int, features: int):
        self.models = models
        self.pairs = np.zeros(models * models)
        self.cross = np.zeros((features, models))
        self.square = np.zeros((features, features))

    def add(self, tile: Tile, values: Floats) -> None:
        np.add.at(self.pairs, tile.pairs, tile.by_run(values))
        if len(self.cross):
            weighted = tile.features * values
            self.square += weighted @ tile.features.T
            first, second = np.divmod(tile.pairs, self.models)
            for row, sums in zip(self.cross, tile.by_run(weighted), strict=True):
                row += np.bincount(first, sums, self.models) - np.bincount(second, sums, self.models)

    def dense(self, extra: int = 0) -> Floats:
        """(P + extra, P + extra), the last rows and columns zero."""
        k, s = self.models, len(self.cross)
        matrix = np.zeros((k + s + extra, k + s + extra))
        met = self.pairs.reshape(k, k) + self.pairs.reshape(k, k).T
        matrix[:k, :k] = np.diag(met.sum(axis=1)) - met
        matrix[k : k + s, :k] = self.cross
        matrix[:k, k : k + s] = self.cross.T
        matrix[k : k + s, k : k + s] = self.square
        return matrix


class Line:
    """Adds up sum(r x)."""

    def __init__(self, models: int, features: int):
        self.models = models
        self.pairs = np.zeros(models * models)
        self.features = np.zeros(features)

    def add(self, tile: Tile, values: Floats) -> None:
        np.add.at(self.pairs, tile.pairs, tile.by_run(values))
        self.features += tile.features @ values

    def dense(self) -> Floats:
        """(K + S,)"""
        square = self.pairs.reshape(self.models, self.models)
        return np.concatenate([square.sum(axis=1) - square.sum(axis=0), self.features])


def sums(
    battles: Battles, point: Point, ties: TieRule = "half", *, moment: bool = False, counted: Mask | None = None
) -> Sums:
    """The sums at a point. `counted` (K*K,) says which pairs count; None: all of them.

    Weights multiply a row's loss, so they enter `moment` squared.
    """
    k, s = len(battles.models), len(battles.columns)
    line, gram, outer = Line(k, s), Gram(k, s), Gram(k, s)
    tie_terms = _TieTerms(k, s)
    loss = total = 0.0
    for tile in tiles(battles):
        weight = row_weights(tile, ties, counted)
        rows = derivatives(tile, predictor(tile, point, k), weight, ties, point.log_nu)
        loss += rows.loss
        total += len(tile.score) if weight is None else float(weight.sum())
        line.add(tile, rows.slope)
        gram.add(tile, rows.curvature)
        if moment:
            outer.add(tile, rows.slope * rows.slope)
        if rows.slope_t is not None:
            tie_terms.add(tile, rows, moment)
    extra = int(point.log_nu is not None)
    gradient, information = line.dense(), gram.dense(extra)
    second = outer.dense(extra) if moment else None
    if extra:
        gradient = tie_terms.complete(gradient, information, second)
    return Sums(total, loss, gradient, information, second)


def predictor(tile: Tile, point: Point, models: int) -> Floats:
    """(m,) eta."""
    first, second = np.divmod(tile.pairs, models)
    eta = tile.spread(point.theta[first] - point.theta[second])
    if len(point.gamma):
        eta += point.gamma @ tile.features
    return eta


def row_weights(tile: Tile, ties: TieRule, counted: Mask | None) -> Floats | None:
    """(m,) what each row counts; None where all count once."""
    weight = tile.weight
    if counted is not None and not (here := counted[tile.pairs]).all():
        mask = tile.spread(here.astype(np.float64))
        weight = mask if weight is None else weight * mask
    if ties == "drop":
        decided = (tile.score != TIE).astype(np.float64)
        weight = decided if weight is None else weight * decided
    return weight


def derivatives(tile: Tile, eta: Floats, weight: Floats | None, ties: TieRule, log_nu: float | None) -> Rows:
    """What each row adds, weights included."""
    if log_nu is not None:
        return _davidson(tile.score, eta, weight, log_nu)
    points = tile.score * 0.5
    small = np.exp(-np.abs(eta))
    one_and = 1.0 + small
    chance = np.where(eta >= 0, 1.0, small) / one_and
    slope = chance - points
    curvature = small / (one_and * one_and)
    # softplus(eta) - y·eta = log(1 + exp(-|eta|)) + max(eta, 0) - y·eta
    plain = np.maximum(eta, 0.0) - points * eta
    if weight is None:
        return Rows(_log_of_product(one_and) + float(plain.sum()), slope, curvature)
    return Rows(float(weight @ (np.log1p(small) + plain)), slope * weight, curvature * weight)


def _log_of_product(factors: Floats) -> float:
    """sum(log(f)) with one logarithm for each 512 factors."""
    return float(np.log(np.multiply.reduceat(factors, np.arange(0, len(factors), _LOG_EVERY))).sum())


def _davidson(score: Array, eta: Floats, weight: Floats | None, log_nu: float) -> Rows:
    # Divided by the larger of the two exponentials, so that nothing overflows.
    half = np.abs(eta) / 2
    large, small, tie = 1.0, np.exp(-2 * half), np.exp(log_nu - half)
    total = large + small + tie
    lead = np.where(eta >= 0, (1.0 - small) / total, (small - 1.0) / total)  # P(win) - P(loss)
    tied = tie / total
    is_tie = score == TIE
    points = score * 0.5 - 0.5
    loss = np.log(total) + half - np.where(is_tie, log_nu, points * eta)
    rows = Rows(
        loss=0.0,
        slope=lead / 2 - points,
        curvature=((1 - tied) - lead * lead) / 4,
        slope_t=tied - is_tie,
        curvature_t=tied * (1 - tied),
        mixed=-tied * lead / 2,
    )
    if weight is None:
        return rows._replace(loss=float(loss.sum()))
    weighted = (None if part is None else part * weight for part in rows[1:])
    return Rows(float(weight @ loss), *weighted)  # type: ignore[arg-type]


class _TieTerms:
    """Row and column of log nu."""

    def __init__(self, models: int, features: int):
        self.mixed, self.outer = Line(models, features), Line(models, features)
        self.slope = self.curvature = self.square = 0.0

    def add(self, tile: Tile, rows: Rows, moment: bool) -> None:
        assert rows.slope_t is not None
        assert rows.curvature_t is not None
        assert rows.mixed is not None
        self.slope += float(rows.slope_t.sum())
        self.curvature += float(rows.curvature_t.sum())
        self.mixed.add(tile, rows.mixed)
        if moment:
            self.square += float(rows.slope_t @ rows.slope_t)
            self.outer.add(tile, rows.slope * rows.slope_t)

    def complete(self, gradient: Floats, information: Floats, moment: Floats | None) -> Floats:
        """Fills the last row and column of the matrices; the gradient with its last entry."""
        information[-1, :-1] = information[:-1, -1] = self.mixed.dense()
        information[-1, -1] = self.curvature
        if moment is not None:
            moment[-1, :-1] = moment[:-1, -1] = self.outer.dense()
            moment[-1, -1] = self.square
        return np.append(gradient, self.slope)

"""How models' style moves over time: a metric that became a target shows.

A model's style in a period is the mean of its difference to the opponent, over the battles of the period, in standard
deviations of the difference; its error is that of a mean of independent battles. The trend is the slope by weighted
least squares over the periods in which the model played, per period, with 1/error² as weights and q-values of
Benjamini and Hochberg over all models and features. It needs three periods: through two a line always goes.

Who meets whom may change too, and moves the difference without any change of the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from evals.ratings.battles import Battles, Floats, Ints, tiles
from evals.ratings.effects import false_discovery


@dataclass(frozen=True, eq=False)
class Manner:
    """Of K models with S features in one period."""

    battles: Ints
    """(K,)"""
    mean: Floats
    """(S, K) in standard deviations; NaN without battles."""
    error: Floats
    """(S, K); NaN for fewer than two battles."""


@dataclass(frozen=True, eq=False)
class Trend:
    """(S, K) each; NaN where fewer than three periods have an error."""

    slope: Floats
    """Standard deviations a period."""
    error: Floats
    q: Floats


def manner(battles: Battles, rms: Sequence[float]) -> Manner:
    """One pass. `rms`: the standard deviation of each feature's difference, the same for all periods."""
    k, s = len(battles.models), len(battles.features)
    count, total, square = np.zeros(k, dtype=np.int64), np.zeros((s, k)), np.zeros((s, k))
    scale = np.asarray(rms, dtype=np.float64)[:, None]
    for tile in tiles(battles):
        values = tile.features / scale
        sums, squares = tile.by_run(values), tile.by_run(values**2)
        for end, sign in zip(np.divmod(tile.pairs, k), (1.0, -1.0), strict=True):
            np.add.at(count, end, tile.lengths)
            for feature in range(s):
                np.add.at(total[feature], end, sign * sums[feature])
                np.add.at(square[feature], end, squares[feature])
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / count
        variance = np.maximum(square / count - mean**2, 0.0) * count / (count - 1)
        return Manner(count, mean, np.where(count > 1, np.sqrt(variance / count), np.nan))


def trend(periods: Sequence[Manner], times: Sequence[float]) -> Trend:
    """`times`: of each period, in periods; one without battles is a gap. Raises ValueError for none."""
    if not periods or len(periods) != len(times):
        raise ValueError(f"{len(periods)} periods, {len(times)} times: a trend is over some, each with its time")
    mean, error = (np.stack([getattr(each, name) for each in periods]) for name in ("mean", "error"))
    known = np.isfinite(error) & (error > 0)
    weight = np.where(known, 1 / np.where(known, error, 1.0) ** 2, 0.0)
    mean = np.where(known, mean, 0.0)
    time = np.asarray(times, dtype=np.float64)[:, None, None]
    enough = known.sum(axis=0) >= 3
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = (weight * time).sum(axis=0) / weight.sum(axis=0)
        away = weight * (time - centre)
        slope = np.where(enough, (away * mean).sum(axis=0) / (away * time).sum(axis=0), np.nan)
        spread = np.where(enough, 1 / np.sqrt((away * time).sum(axis=0)), np.nan)
    q = np.full(slope.shape, np.nan)
    q[enough] = false_discovery(2 * norm.sf(np.abs(slope[enough] / spread[enough])))
    return Trend(slope, spread, q)

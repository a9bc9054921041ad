"""Ranks with simultaneous intervals, the chance of being best, and classes that the battles cannot tell apart.

Two models differ if their difference exceeds q standard errors of it, where q is the level's quantile of the largest
studentised difference of all pairs, by simulation from the joint covariance. So with probability `level` no pair at
all is called wrongly, and the true ranks all lie in their intervals at once (Mogstad, Romano, Shaikh and Wilhelm
2024). The rule of leaderboards, a rank below every model whose interval lies above, ignores that errors are shared.

Normal approximation: not for models with few battles, whose likelihood is skewed. Models that are not rated have no
rank; one whose battles all lie in one cluster may have any.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from evals.ratings.battles import Floats, Ints, Mask
from evals.ratings.covariance import Covariance

Number = TypeVar("Number", np.int64, np.float64)
DRAWS = 4000
_CHUNK = 1 << 22
"""Differences that are held at once."""


@dataclass(frozen=True, eq=False)
class Ranks:
    """Of K models; 0 and NaN stand for models that are not rated."""

    rank: Ints
    """1 is best; by the estimates."""
    lower: Ints
    """The best rank that is not ruled out, ..."""
    upper: Ints
    """... and the worst."""
    best: Floats
    """Chance of being the best: the share of draws from the joint normal distribution."""
    class_: Ints
    """1, 2, ...: a class is led by its best model, and holds whoever cannot be told from it and is in no better one."""
    critical: float
    """q: the studentised difference beyond which a pair differs."""


def ranks(covariance: Covariance, level: float = 0.95, draws: int = DRAWS, seed: int = 0) -> Ranks:
    """Ranks of the rated models. No anchor is needed: only differences count."""
    fit = covariance.fit
    k = len(fit.active)
    theta, matrix = fit.theta[fit.active], covariance.matrix[:k, :k]
    noise = _noise(matrix, draws, seed)
    variance = np.diag(matrix)
    errors = np.sqrt(np.maximum(variance[:, None] + variance[None, :] - 2 * matrix, 0.0))
    np.fill_diagonal(errors, np.inf)
    if covariance.clusters is not None:  # whom one user alone has met cannot be told from anybody
        alone = covariance.clusters.by_model[fit.active] == 1
        errors[alone[:, None] | alone[None, :]] = np.inf
    critical = float(np.quantile(_largest(noise, errors), level))
    better = (theta[:, None] - theta[None, :]) > critical * errors
    order = np.argsort(-theta, kind="stable")
    rank = np.empty(k, dtype=np.int64)
    rank[order] = np.arange(1, k + 1)
    winners = np.bincount(np.argmax(theta + noise, axis=1), minlength=k)
    return Ranks(
        rank=_spread(fit.active, len(fit.models), rank),
        lower=_spread(fit.active, len(fit.models), 1 + better.sum(axis=0)),
        upper=_spread(fit.active, len(fit.models), k - better.sum(axis=1)),
        best=_spread(fit.active, len(fit.models), winners / draws, np.nan),
        class_=_spread(fit.active, len(fit.models), _classes(order, better)),
        critical=critical,
    )


def rank_chances(covariance: Covariance, draws: int = DRAWS, seed: int = 0) -> Floats:
    """(K, k) chance of each model to have rank 1, ..., k among the k rated: the share of the same draws as `best`."""
    fit = covariance.fit
    k = len(fit.active)
    drawn = fit.theta[fit.active] + _noise(covariance.matrix[:k, :k], draws, seed)
    order = np.argsort(-drawn, axis=1)
    places = np.broadcast_to(np.arange(k), order.shape)
    counts = np.bincount((order * k + places).ravel(), minlength=k * k).reshape(k, k)
    chances = np.full((len(fit.models), k), np.nan)
    chances[fit.active] = counts / draws
    return chances


def _noise(matrix: Floats, draws: int, seed: int) -> Floats:
    """(draws, k) normal with that covariance, which is singular along the gauge."""
    values, vectors = np.linalg.eigh(matrix)
    standard = np.random.default_rng(seed).standard_normal((draws, len(values)))
    return np.asarray((standard * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def _largest(noise: Floats, errors: Floats) -> Floats:
    """(draws,) the largest studentised difference."""
    step = max(1, _CHUNK // errors.size)
    inverse = 1 / errors
    return np.concatenate(
        [
            np.max(np.abs(part[:, :, None] - part[:, None, :]) * inverse, axis=(1, 2))
            for part in (noise[low : low + step] for low in range(0, len(noise), step))
        ]
    )


def _classes(order: Ints, better: Mask) -> Ints:
    classes = np.zeros(len(order), dtype=np.int64)
    number = 0
    for leader in order:
        if not classes[leader]:
            number += 1
            classes[(classes == 0) & ~better[leader]] = number
    return classes


def _spread(active: Ints, models: int, values: npt.NDArray[Number], otherwise: float = 0) -> npt.NDArray[Number]:
    out = np.full(models, otherwise, dtype=values.dtype)
    out[active] = values
    return out

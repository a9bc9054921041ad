"""Before and after: how ratings move when style is held equal, with the move's own interval.

The plain and the controlled rating come from the same battles, so their errors are nearly the same error, and the
error of the move is far smaller than either. Both are asymptotically linear in the scores, theta - theta* = -H^-1 sum
g, so the covariance of the move is A M A' with A = (controlled H^-1, -plain H^-1) and M the second moment of both
fits' scores side by side: of battles, or of clusters.

What a move is: plain less controlled, the points that a model owes to its style as it stands among these models. The
share is of the model's plain distance from the mean, and is NaN where that distance is within its own error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from evals.bradley_terry import Fit, Scale
from evals.ratings.battles import Battles, Floats, tiles
from evals.ratings.effects import false_discovery
from evals.ratings.likelihood import Gram, derivatives, predictor, row_weights
from evals.ratings.score_rows import inverse_information
from evals.ratings.scores import clustered_moment, clusters_met


@dataclass(frozen=True, eq=False)
class Shift:
    """(K,) each, in rating points; NaN for models that are not rated."""

    plain: Floats
    controlled: Floats
    points: Floats
    """plain - controlled: what style is worth to the model."""
    error: Floats
    lower: Floats
    upper: Floats
    q: Floats
    """Benjamini-Hochberg over the models, of points = 0."""
    share: Floats
    """points / (plain - mean)."""
    variance_share: float
    """1 - var(controlled) / var(plain) over models: how much of the field's spread style makes. Negative where style
    hides differences."""


def shift(plain: Fit, controlled: Fit, battles: Battles, scale: Scale = Scale(), level: float = 0.95) -> Shift:
    """The move between two fits of these battles. Raises ValueError for fits that do not rate the same models."""
    if plain.models != controlled.models or not np.array_equal(plain.active, controlled.active):
        raise ValueError("the two fits do not rate the same models; fit both on the same battles")
    k = len(plain.active)
    moment = _moment(plain, controlled, battles)
    before, after = (inverse_information(fit)[:k] for fit in (plain, controlled))
    joint = np.concatenate([after, -before], axis=1)
    matrix = joint @ moment @ joint.T
    p = len(controlled.information)
    own = before @ moment[p:, p:] @ before.T
    points, error, q, share = (np.full(len(plain.models), np.nan) for _ in range(4))
    difference = (plain.theta[plain.active] - controlled.theta[plain.active]) * scale.unit
    points[plain.active] = difference
    error[plain.active] = np.sqrt(np.maximum(np.diag(matrix), 0.0)) * scale.unit
    degrees = np.inf
    if battles.cluster is not None:
        clusters = clusters_met(battles, plain)
        degrees = clusters.degrees()
        # Whose scores sum to zero in its only cluster: see `covariance.clustered`.
        error[plain.active] += np.where(clusters.by_model[plain.active] == 1, np.inf, 0.0)
    wide = float(t.ppf(0.5 + level / 2, degrees))
    away = plain.theta[plain.active] * scale.unit
    clear = np.abs(away) > wide * np.sqrt(np.diag(own)) * scale.unit
    share[plain.active] = np.where(clear, difference / np.where(clear, away, 1.0), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        q[plain.active] = false_discovery(2 * t.sf(np.abs(difference / error[plain.active]), degrees))
    spread = float(np.var(controlled.theta[plain.active]) / np.var(plain.theta[plain.active]))
    return Shift(
        plain.ratings(scale),
        controlled.ratings(scale),
        points,
        error,
        points - wide * error,
        points + wide * error,
        q,
        share,
        1 - spread,
    )


def _moment(plain: Fit, controlled: Fit, battles: Battles) -> Floats:
    """Second moment of (controlled, plain) scores."""
    if battles.cluster is not None:
        return clustered_moment(battles, [controlled, plain])
    mixed = _mixed(plain, controlled, battles)
    return np.block([[controlled.moment, mixed], [mixed.T, plain.moment]])


def _mixed(plain: Fit, controlled: Fit, battles: Battles) -> Floats:
    """Sum of (controlled score)(plain score)'."""
    models = len(plain.models)
    if plain.features or plain.log_nu is not None or controlled.log_nu is not None:
        both = clustered_moment(battles, [controlled, plain], correct=False)
        return both[: len(controlled.information), len(controlled.information) :]
    own = battles.with_features(controlled.features)
    gram = Gram(models, len(controlled.features))
    counted = plain.counted
    for tile in tiles(own):
        weight = row_weights(tile, plain.ties, counted)
        first, second = np.divmod(tile.pairs, models)
        theta = plain.point().theta
        before = derivatives(tile, tile.spread(theta[first] - theta[second]), weight, plain.ties, None)
        after = derivatives(tile, predictor(tile, controlled.point(), models), weight, controlled.ties, None)
        gram.add(tile, before.slope * after.slope)
    keep = np.concatenate([controlled.active, np.arange(models, models + len(controlled.features))])
    unit = np.concatenate([np.ones(len(controlled.active)), 1 / controlled.rms])
    return np.asarray(gram.dense()[np.ix_(keep, controlled.active)] * unit[:, None])

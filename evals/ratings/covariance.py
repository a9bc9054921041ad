"""How exact the estimates are: the sandwich H^-1 M H^-1, with M from single battles or from clusters of them.

H is the information, M the second moment of the scores (Huber 1967; White 1982). It needs no belief in the model's
variance, which half-win ties break (a tie varies less than a coin), and with clusters none in independent battles
(Liang and Zeger 1986), corrected for leverage (CR2, see `score_rows`). There is no ridge on H: a model with few battles
gets the wide interval that it has.

A model whose battles lie in few clusters tells little of their variance, and in one cluster nothing: its scores sum to
zero, so one user's thousand votes would have no error at all. No such model's variance is below that of single battles.

Not valid for models with few battles, whose likelihood is skewed: below `profile.FEW`, take profile intervals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import norm, t

from evals.bradley_terry import Fit, Scale
from evals.ratings.battles import Battles, Floats, Ints, Mask
from evals.ratings.objective import centred, solve_information
from evals.ratings.scores import MANY, Clusters, clustered_moment, clusters_met


@dataclass(frozen=True, eq=False)
class Covariance:
    """Of a fit's parameters, theta with mean zero over the rated models."""

    fit: Fit
    matrix: Floats
    """(P, P) natural units, for theta[active], gamma, log nu."""
    clusters: Clusters | None = None
    """None: battles are independent."""

    @property
    def clustered(self) -> bool:
        return self.clusters is not None

    def of_ratings(self, scale: Scale = Scale()) -> Floats:
        """(k, k) of the rated models' ratings, in squared points; an anchor has none of its own."""
        k = len(self.fit.active)
        block = self.matrix[:k, :k]
        if scale.anchor is not None:
            change = np.eye(k)
            change[:, np.searchsorted(self.fit.active, self.fit.anchor_index(scale.anchor[0]))] -= 1
            block = change @ block @ change.T
        return np.asarray(block * scale.unit**2)

    def errors(self, scale: Scale = Scale()) -> Floats:
        """(K,) standard errors of the ratings in points, NaN for models that are not rated."""
        errors = np.full(len(self.fit.models), np.nan)
        errors[self.fit.active] = np.sqrt(np.maximum(np.diag(self.of_ratings(scale)), 0))
        return errors

    def clusters_behind(self, scale: Scale = Scale()) -> Ints | None:
        """(K,) of each model, or the anchor's where these are fewer: a difference is known by both."""
        if self.clusters is None or scale.anchor is None:
            return self.clusters and self.clusters.by_model
        of_each = self.clusters.by_model
        return np.asarray(np.minimum(of_each, of_each[self.fit.anchor_index(scale.anchor[0])]))

    @property
    def degrees(self) -> float:
        """Of freedom of an effect's error: G - 1 with few clusters (Cameron and Miller 2015, section VI.D)."""
        return np.inf if self.clusters is None else self.clusters.degrees()

    def of_effects(self) -> Floats:
        """(S, S) of gamma, natural units."""
        k, s = len(self.fit.active), len(self.fit.features)
        return self.matrix[k : k + s, k : k + s]


@dataclass(frozen=True, eq=False)
class Bounds:
    """Confidence limits in rating points, (K,) each."""

    lower: Floats
    upper: Floats
    method: tuple[str, ...]
    """sandwich, clustered, profile or none, for each model."""


def sandwich(fit: Fit) -> Covariance:
    """From single battles, taken as independent. Reads no battle: the fit kept the moment."""
    return _covariance(fit, fit.moment)


def clustered(fit: Fit, battles: Battles) -> Covariance:
    """Robust against whatever goes on within `battles.cluster`. Raises ValueError without clusters."""
    if battles.cluster is None:
        raise ValueError("the battles have no clusters: name a column of users, prompts or sessions")
    clusters = clusters_met(battles, fit)
    found = _covariance(fit, clustered_moment(battles, [fit]))
    return replace(
        found, matrix=_with_floor(found.matrix, fit, clusters.by_model[fit.active] < MANY), clusters=clusters
    )


def single(fit: Fit, battles: Battles) -> Covariance:
    """From single battles too, corrected for leverage as `clustered` is: what clusters are to be compared with."""
    return _covariance(fit, clustered_moment(replace(battles, cluster=None), [fit]))


def _with_floor(matrix: Floats, fit: Fit, few: Mask) -> Floats:
    """The strengths of `few` models with an error of their own added, where theirs is below that of single battles."""
    k = len(few)
    lacking = np.where(few, np.maximum(np.diag(sandwich(fit).matrix) - np.diag(matrix), 0.0)[:k], 0.0)
    around = np.eye(k) - 1 / k  # theta has mean zero: what one gets moves all
    raised = matrix.copy()
    raised[:k, :k] += around @ np.diag(lacking / (1 - 1 / k) ** 2) @ around
    return raised


def _covariance(fit: Fit, moment: Floats) -> Covariance:
    half = centred(solve_information(fit.information, moment, len(fit.active), fit.l2), len(fit.active))
    matrix = centred(solve_information(fit.information, half.T, len(fit.active), fit.l2), len(fit.active))
    return Covariance(fit, (matrix + matrix.T) / 2)


def dispersion(fit: Fit) -> float:
    """Variance of the scores over what the model says: near 1 for wins and losses, below with half-win ties; in
    proportion to the weights, for a battle of weight 3 is one battle still."""
    k = len(fit.active)
    ridge = fit.l2 * k
    return float(np.trace(fit.moment[:k, :k]) / (np.trace(fit.information[:k, :k]) - ridge))


def normal_bounds(covariance: Covariance, scale: Scale = Scale(), level: float = 0.95) -> Bounds:
    """estimate ± z · error; infinite on both sides for models that are not rated.

    In place of z stands t(G - 1) for a model, or with an anchor that is, whose battles lie in only G clusters (Cameron
    and Miller 2015, section VI.D), which is infinite for one.
    """
    ratings, errors = covariance.fit.ratings(scale), covariance.errors(scale)
    rated = np.isfinite(ratings)
    # An anchor's error is 0, whatever the quantile.
    width = np.multiply(_quantiles(covariance, scale, level), errors, where=errors != 0, out=np.zeros(len(errors)))
    return Bounds(
        lower=np.where(rated, ratings - width, -np.inf),
        upper=np.where(rated, ratings + width, np.inf),
        method=tuple(("clustered" if covariance.clustered else "sandwich") if r else "none" for r in rated),
    )


def _quantiles(covariance: Covariance, scale: Scale, level: float) -> Floats:
    """(K,) errors on either side."""
    normal = norm.ppf(0.5 + level / 2)
    clusters = covariance.clusters_behind(scale)
    if clusters is None:
        return np.full(len(covariance.fit.models), normal)
    student = t.ppf(0.5 + level / 2, np.maximum(clusters - 1, 1))
    return np.where(clusters >= MANY, normal, np.where(clusters > 1, student, np.inf))

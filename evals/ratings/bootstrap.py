"""The Poisson cluster bootstrap: every cluster counts a Poisson(1) number of times, in each replicate anew.

One step: theta_b = theta - H^-1 sum((n_c - 1) g_c), with H fixed; one pass for all replicates. For models with few
battles that is too narrow (their curvature changes with the draw), so their battles are refitted in full: within a
replicate they enter with the exact likelihood, all others by their quadratic expansion. A model that wins all battles
of a replicate, or loses all, is infinite in it; one that has none is NaN.

Not for models whose battles lie in few clusters, for which its limits are too narrow; in one cluster, which changes its
weight and nothing else, there are none.

Counts come from one generator in the order of the clusters, so that a seed gives the same replicates every time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evals.bradley_terry import Fit, Scale
from evals.ratings.battles import LOSS, WIN, Battles, Floats, Ints, Mask
from evals.ratings.covariance import Bounds
from evals.ratings.identifiability import Unidentified
from evals.ratings.objective import Objective, centred, pairs_among, solve_information
from evals.ratings.profile import FEW
from evals.ratings.scores import clusters_met, score_blocks


@dataclass(frozen=True, eq=False)
class Replicates:
    """B draws of the fit's parameters."""

    fit: Fit
    theta: Floats
    """(B, K) natural units, mean zero over the models that are finite in the draw."""
    gamma: Floats
    """(B, S)"""
    alone: Mask
    """(K,) models whose battles all lie in one cluster."""

    def bounds(self, scale: Scale = Scale(), level: float = 0.95) -> Bounds:
        """Percentile limits; infinite where the tail's share of replicates is, and for models in one cluster, or
        anchored to one. NaN draws are left out."""
        draws, alone = self.theta, self.alone
        if scale.anchor is not None:
            anchor = self.fit.anchor_index(scale.anchor[0])
            draws = draws - draws[:, [anchor]]
            alone = (alone | alone[anchor]) & (np.arange(len(alone)) != anchor)
        centre = scale.centre if scale.anchor is None else scale.anchor[1]
        tails = [(1 - level) / 2, (1 + level) / 2]
        limits = np.full((2, len(self.fit.models)), np.nan)
        for model in self.fit.active[~alone[self.fit.active]]:
            mine = np.sort(draws[~np.isnan(draws[:, model]), model])
            if len(mine):  # the order statistics themselves: between a number and infinity nothing can be interpolated
                limits[:, model] = mine[[_place(tail, len(mine)) for tail in tails]]
        low = np.where(np.isnan(limits[0]), -np.inf, limits[0] * scale.unit + centre)
        high = np.where(np.isnan(limits[1]), np.inf, limits[1] * scale.unit + centre)
        rated = np.isin(np.arange(len(low)), self.fit.active)
        return Bounds(low, high, tuple("bootstrap" if r else "none" for r in rated))


def _place(tail: float, draws: int) -> int:
    """Of the order statistic with so much below it: the draws part the line into draws + 1 pieces, equal in chance."""
    return min(max(round(tail * (draws + 1)) - 1, 0), draws - 1)


def bootstrap(fit: Fit, battles: Battles, replicates: int = 200, seed: int = 0, few: int = FEW) -> Replicates:
    """Replicates by clusters, or by battles where there are no clusters. Raises ValueError for fewer than 2."""
    if replicates < 2:
        raise ValueError(f"{replicates} replicates; some hundred give limits")
    k, s = len(fit.active), len(fit.features)
    scarce = fit.active[fit.battles[fit.active] < few]
    rows = _battles_of(battles, fit, scarce)
    place = np.full(len(battles), -1) if len(rows) else np.empty(0)
    place[rows] = np.arange(len(rows))
    generator = np.random.default_rng(seed)
    drift, counts = np.zeros((len(fit.information), replicates)), np.ones((len(rows), replicates))
    for block in score_blocks(battles, [fit]):
        times = generator.poisson(1.0, (block.scores.shape[0], replicates))
        drift += block.scores.T @ (times - 1.0)
        if len(rows):
            mine = place[block.rows] >= 0
            counts[place[block.rows][mine]] = times[block.cluster[mine]]
    moves = -centred(solve_information(fit.information, drift, k, fit.l2), k)
    draws = fit.x[:, None] + moves
    if len(rows):
        draws = _refitted(fit, battles.with_features(fit.features).take(rows), counts, drift, draws, scarce)
    theta = np.full((replicates, len(fit.models)), np.nan)
    theta[:, fit.active] = draws[:k].T
    clusters = None if battles.cluster is None else clusters_met(battles, fit).by_model
    alone = np.zeros(len(fit.models), dtype=bool) if clusters is None else clusters == 1
    return Replicates(fit, theta, draws[k : k + s].T, alone)


def _battles_of(battles: Battles, fit: Fit, models: Ints) -> Ints:
    """Rows of these models that count."""
    if not len(models):
        return np.empty(0, dtype=np.int64)
    chosen = np.isin(np.arange(len(fit.models)), models)
    wanted = (chosen[:, None] | chosen[None, :]).ravel() & fit.counted
    return np.flatnonzero(wanted[np.asarray(battles.pair)])


def _refitted(fit: Fit, exact: Battles, counts: Floats, drift: Floats, draws: Floats, scarce: Ints) -> Floats:
    """The draws, with the battles of scarce models in full."""
    refit = _Refit(fit, exact, scarce)
    for column in range(draws.shape[1]):
        draws[:, column] = refit.draw(counts[:, column], drift[:, column], draws[:, column])
    return draws


class _Refit:
    """Minimises: exact battles, n times each, plus the expansion of all others around the optimum."""

    def __init__(self, fit: Fit, exact: Battles, scarce: Ints):
        self.fit, self.scarce = fit, scarce
        self.models = len(fit.active)
        self.best = fit.x
        self.exact = Objective(exact, fit.active, fit.rms, fit.ties)
        self.others = fit.information - self.exact.sums(self.best).information

    def draw(self, counts: Floats, drift: Floats, first: Floats) -> Floats:
        """One replicate; `drift` is the sum of (n - 1) g over all battles."""
        limits = self._limits(counts)
        keep = np.ones(len(first), dtype=bool)
        keep[: self.models] = ~np.isin(self.fit.active, list(limits))
        # At the optimum all gradients sum to zero: the others', drawn, are the drift less the exact ones', drawn.
        linear = drift - self._times(counts).sums(self.best).gradient
        problem = self._times(counts * self._among(keep))
        try:
            x = self._minimum(problem, linear, np.where(keep, first, 0.0), keep)
        except Unidentified:
            return np.full(len(first), np.nan)
        x[: self.models] -= x[: self.models][keep[: self.models]].mean()
        for model, limit in limits.items():
            x[np.searchsorted(self.fit.active, model)] = limit
        return x

    def _limits(self, counts: Floats) -> dict[int, float]:
        """Scarce models that are not finite in this draw; whoever met only them is not, either."""
        limits: dict[int, float] = {}
        exact = self.exact.battles
        first, second = exact.ends()
        while True:
            gone = np.isin(first, list(limits)) | np.isin(second, list(limits))
            alive = (counts > 0) & ~gone & (True if exact.weight is None else np.asarray(exact.weight) > 0)
            before = len(limits)
            for model in self.scarce.tolist():
                ours = alive & ((first == model) | (second == model))
                points = {*np.where(first == model, exact.score, WIN - exact.score)[ours].tolist()}
                if model not in limits and points in ({WIN}, {LOSS}, set()):
                    limits[model] = {WIN: np.inf, LOSS: -np.inf}[points.pop()] if points else np.nan
            if len(limits) == before:
                return limits

    def _among(self, keep: Mask) -> Mask:
        """Battles between models that are finite."""
        finite = pairs_among(self.fit.active[keep[: self.models]], len(self.fit.models))
        return np.asarray(finite[np.asarray(self.exact.battles.pair)])

    def _times(self, counts: Floats) -> Objective:
        old = self.exact.battles.weight
        return replace(self.exact, battles=replace(self.exact.battles, weight=counts if old is None else counts * old))

    def _minimum(self, problem: Objective, linear: Floats, x: Floats, keep: Mask) -> Floats:
        finite, inside = int(keep[: self.models].sum()), np.ix_(keep, keep)

        def at(x: Floats) -> tuple[float, Floats, Floats]:
            own, moved = problem.sums(x), x - self.best
            rest = self.others @ moved
            loss = own.loss + float(linear @ moved + moved @ rest / 2)
            return loss, own.gradient + linear + rest, own.information + self.others

        value, gradient, information = at(x)
        for _ in range(50):
            step = np.zeros(len(x))
            step[keep] = solve_information(information[inside], centred(gradient[keep], finite), finite, self.fit.l2)
            if float(gradient @ step) < 1e-10:
                break
            size = 1.0
            while (there := at(x - size * step))[0] > value and size > 1e-4:
                size /= 2
            x, (value, gradient, information) = x - size * step, there
        return x

"""Profile-likelihood limits, for models whose battles are too few for a symmetric interval, and for unbounded ones.

A limit is where the best likelihood with the rating held there has lost chi2(1, level)/2, all other parameters fitted
anew (Cox 1970; Venzon and Moolgavkar 1988). The loss is scaled by the dispersion, because half-win ties vary less
than coins. A model that won all its battles has a finite lower limit and no upper one.

With a clustered covariance the loss is also scaled by how much larger the model's clustered variance is than that of
single battles (Rao and Scott 1984), never less than 1, and chi2 gives way to F(1, G - 1) where the model's battles
lie in only G clusters: so few tell little of their own variance. In one cluster they tell nothing: no limits.

The battles of the model in question enter exactly. All others enter exactly too if there are at most `EXACT`; beyond,
they enter by their quadratic expansion at the optimum, where they are many and nearly quadratic. Weights multiply the
loss; a weight that all battles have, the dispersion takes out again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2, f

from evals.bradley_terry import Fit, Scale
from evals.ratings.battles import Battles, Floats, Ints
from evals.ratings.covariance import Bounds, Covariance, dispersion, normal_bounds, single
from evals.ratings.objective import Objective, solve_information
from evals.ratings.scores import MANY

FEW = 50
"""Battles below which the profile takes the sandwich's place: there full bootstraps are 1.2 times as wide."""
EXACT = 20_000
_FARTHEST = 60.0
"""Natural units from the rest of the field at which a limit counts as infinite."""


def bounds(
    covariance: Covariance,
    battles: Battles,
    scale: Scale = Scale(),
    level: float = 0.95,
    few: int = FEW,
) -> Bounds:
    """Limits for every model: the covariance's from `few` battles on, by profile below and for unbounded models.

    With an anchor, limits are of the difference to it.
    """
    fit = covariance.fit
    found = normal_bounds(covariance, scale, level)
    lower, upper, method = found.lower.copy(), found.upper.copy(), list(found.method)
    excess, clusters = _excess(covariance, battles, scale, few), covariance.clusters_behind(scale)
    anchor = None if scale.anchor is None else fit.anchor_index(scale.anchor[0])
    for model, standing in enumerate(fit.standing):
        scarce = standing == "rated" and fit.battles[model] < few and model != anchor
        if scarce or standing in ("above all", "below all"):
            known = None if clusters is None or clusters[model] >= MANY else int(clusters[model])
            low, high = profile(fit, battles, model, anchor, level, float(excess[model]), known)
            centre = scale.centre if scale.anchor is None else scale.anchor[1]
            lower[model], upper[model] = low * scale.unit + centre, high * scale.unit + centre
            method[model] = "profile"
    return Bounds(lower, upper, tuple(method))


def _excess(covariance: Covariance, battles: Battles, scale: Scale, few: int) -> Floats:
    """(K,) variance over that of single battles, at least 1; all 1 where no model has few battles: nobody asks."""
    fit = covariance.fit
    if not covariance.clustered or not (fit.battles[fit.active] < few).any():
        return np.ones(len(fit.models))
    with np.errstate(invalid="ignore"):
        ratio = (covariance.errors(scale) / single(fit, battles).errors(scale)) ** 2
    return np.asarray(np.fmax(ratio, 1.0))  # fmax: 1 for who is not rated, or is the anchor


def profile(
    fit: Fit,
    battles: Battles,
    model: int,
    anchor: int | None = None,
    level: float = 0.95,
    excess: float = 1.0,
    clusters: int | None = None,
) -> tuple[float, float]:
    """Limits of theta[model] less the mean of the rated models (or less the anchor's), in natural units.

    `excess` scales the loss, beside the dispersion; `clusters` is G, None for independent battles.
    """
    if clusters == 1:
        return -math.inf, math.inf
    quantile = chi2.ppf(level, 1) if clusters is None else f.ppf(level, 1, clusters - 1)
    target = dispersion(fit) * excess * float(quantile)
    curve = _curve(fit, battles, model, anchor)
    if curve is None:
        return -math.inf, math.inf
    match fit.standing[model]:
        case "above all":
            return curve.limit(-1, target), math.inf
        case "below all":
            return -math.inf, curve.limit(+1, target)
        case _:
            return curve.limit(-1, target), curve.limit(+1, target)


@dataclass(frozen=True, eq=False)
class _Curve:
    """Twice the loss of log-likelihood as a function of contrast · x = t."""

    exact: Objective
    """Of the battles that enter exactly."""
    start: Floats
    gradient: Floats
    """Of the other battles, at `start`, ..."""
    information: Floats
    """... and their second derivative."""
    contrast: Floats
    best: float
    """Loss of the exact battles at the optimum."""
    width: float
    """Standard error of the contrast, as a first guess."""
    unbounded: bool

    @property
    def middle(self) -> float:
        return float(self.contrast @ self.start)

    def limit(self, side: int, target: float) -> float:
        """Where the deviance crosses the target, going to that side; infinite if it does not."""

        def excess(distance: float) -> float:
            # The root of the deviance is nearly straight, so that few evaluations find where it crosses.
            return math.sqrt(max(self.deviance(self.middle + side * distance), 0.0)) - math.sqrt(target)

        near, far = 0.0, 2 * self.width
        if self.unbounded:  # the optimum lies infinitely far on the other side
            near, far = -_FARTHEST, _FARTHEST
        while excess(far) < 0:
            near, far = far, 2 * far
            if far > _FARTHEST:
                return side * math.inf
        return self.middle + side * float(brentq(excess, near, far, xtol=1e-6, rtol=1e-9))

    def deviance(self, t: float) -> float:
        """2 (least loss with contrast · x = t, less the least loss)."""
        x = self.start + self._towards() * (t - self.middle)
        value, gradient, information = self.at(x)
        for _ in range(60):
            step = self._step(gradient, information)
            decrement = float(gradient @ step)
            if decrement < 1e-9:
                break
            size = 1.0
            while size > 1e-6:
                there = self.at(x - size * step)
                if there[0] <= value + 1e-12 * abs(value):
                    break
                size /= 2
            x, (value, gradient, information) = x - size * step, there
        return 2 * (value - self.best)

    def at(self, x: Floats) -> tuple[float, Floats, Floats]:
        """Loss, gradient and second derivative."""
        own, moved = self.exact.sums(x), x - self.start
        rest = self.information @ moved
        loss = own.loss + float(self.gradient @ moved + moved @ rest / 2)
        return loss, own.gradient + self.gradient + rest, own.information + self.information

    def _towards(self) -> Floats:
        """A first direction that moves the contrast by one: the model alone."""
        direction = np.zeros(len(self.start))
        place = int(np.argmax(self.contrast))
        direction[place] = 1 / self.contrast[place]
        return direction

    def _step(self, gradient: Floats, information: Floats) -> Floats:
        """Newton's step among those that leave the contrast alone, gauge removed."""
        k, p = len(self.exact.places), len(gradient)
        system = np.zeros((p + 2, p + 2))
        system[:p, :p] = information
        system[p, :p] = system[:p, p] = self.contrast
        system[p + 1, :k] = system[:k, p + 1] = 1.0
        return np.linalg.solve(system, np.concatenate([gradient, [0.0, 0.0]]))[:p]


def _curve(fit: Fit, battles: Battles, model: int, anchor: int | None) -> _Curve | None:
    """None where no battle of the model counts."""
    rated = fit.standing[model] == "rated"
    places = fit.active if rated else np.append(fit.active, model)
    k = len(places)
    own = battles.with_features(fit.features)
    exact = _rows_of(own, places, None if fit.weight <= EXACT and rated else [model])
    if not len(exact):
        return None
    start = fit.x if rated else np.insert(fit.x, len(fit.active), 0.0)
    contrast = np.zeros(len(start))
    if anchor is None:
        contrast[: len(fit.active)] = -1 / len(fit.active)
    else:
        contrast[int(np.flatnonzero(places == anchor)[0])] = -1.0
    contrast[int(np.flatnonzero(places == model)[0])] += 1.0
    old = np.concatenate([np.arange(len(fit.active)), np.arange(k, len(start))])
    information = np.zeros((len(start), len(start)))
    information[np.ix_(old, old)] = fit.information
    nothing = np.zeros(len(start))
    curve = _Curve(
        Objective(exact, places, fit.rms, fit.ties), start, nothing, 0 * information, contrast, 0.0, 0.0, not rated
    )
    if not rated:
        return replace(curve, information=information)
    loss, gradient, own_part = curve.at(start)
    error = math.sqrt(contrast @ solve_information(information, contrast, k, fit.l2))
    return replace(curve, gradient=-gradient, information=information - own_part, best=loss, width=error)


def _rows_of(battles: Battles, places: Ints, models: Sequence[int] | None) -> Battles:
    """Battles between `places`, of these models only if given, in memory."""
    k = len(battles.models)
    inside, chosen = np.zeros(k, dtype=bool), np.ones(k, dtype=bool)
    inside[places] = True
    if models is not None:
        chosen[:] = False
        chosen[list(models)] = True
    wanted = np.outer(inside, inside) & (chosen[:, None] | chosen[None, :])
    return battles.take(np.flatnonzero(wanted.ravel()[np.asarray(battles.pair)]))

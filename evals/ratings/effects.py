"""What style is worth: each feature's effect with error, verdict and controls.

Effects are in rating points for one standard deviation of the feature's difference (its root mean square, see
`identifiability.Covariate`). Errors come from the covariance that is given: robust, or robust and clustered. p-values
are two-sided normal, or Student's with G - 1 degrees of freedom where there are only G clusters; q-values are Benjamini
and Hochberg's (1995) over all features of the fit.

Verdicts. equivalent: the 1 - 2·alpha interval lies within ±margin (two one-sided tests, Schuirmann 1987), whether or
not it excludes zero: a sure effect too small to matter is one too small to matter. positive, negative: q <= alpha.
undecided: neither; it is no evidence of no effect.

Controls: a fit without a feature says what the feature changes (`ablation`), and a feature that cannot have an effect
shows what the method finds of nothing (`with_placebo`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.stats import chi2, t

from evals.bradley_terry import Fit, Scale, fit
from evals.ratings.battles import Battles, Floats
from evals.ratings.covariance import Covariance, dispersion

Verdict = Literal["positive", "negative", "equivalent", "undecided"]
PLACEBO = "placebo"


@dataclass(frozen=True, slots=True)
class Effect:
    """Of one feature."""

    feature: str
    estimate: float
    """Rating points for one standard deviation."""
    error: float
    lower: float
    upper: float
    z: float
    p: float
    q: float
    """Share of false discoveries among features with a q as small."""
    verdict: Verdict
    inflation: float
    """VIF given models and other features: from some 10 on, style can hardly be told from who writes so."""


def effects(
    covariance: Covariance,
    scale: Scale = Scale(),
    *,
    margin: float = 3.0,
    alpha: float = 0.05,
) -> tuple[Effect, ...]:
    """One for each feature. `margin`, in points: effects within it are called equivalent to zero."""
    if not margin >= 0 or not 0 < alpha < 0.5:
        raise ValueError(f"margin={margin}, alpha={alpha}: a margin is at least 0, alpha between 0 and 0.5")
    found = covariance.fit
    estimate = found.gamma * scale.unit
    error = np.sqrt(np.diag(covariance.of_effects())) * scale.unit
    z = estimate / error
    p = 2 * t.sf(np.abs(z), covariance.degrees)
    q = false_discovery(p)
    width, inner = (t.ppf(1 - tail, covariance.degrees) * error for tail in (alpha / 2, alpha))
    return tuple(
        Effect(
            feature=feature,
            estimate=float(estimate[f]),
            error=float(error[f]),
            lower=float(estimate[f] - width[f]),
            upper=float(estimate[f] + width[f]),
            z=float(z[f]),
            p=float(p[f]),
            q=float(q[f]),
            verdict=_verdict(float(estimate[f]), float(inner[f]), float(q[f]), margin, alpha),
            inflation=found.covariates[f].inflation,
        )
        for f, feature in enumerate(found.features)
    )


def _verdict(estimate: float, inner: float, q: float, margin: float, alpha: float) -> Verdict:
    if abs(estimate) + inner <= margin:
        return "equivalent"
    if q <= alpha:
        return "positive" if estimate > 0 else "negative"
    return "undecided"


def false_discovery(p: Floats) -> Floats:
    """Benjamini-Hochberg q-values, (m,)."""
    order = np.argsort(-p)
    scaled = p[order] * len(p) / np.arange(len(p), 0, -1)
    q = np.empty(len(p))
    q[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return q


# -- controls ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ablation:
    """What leaving one feature out changes."""

    feature: str
    loglik: float
    """Log-likelihood that is lost."""
    p: float
    """Of the likelihood ratio, scaled by the dispersion; it takes battles as independent."""
    largest: float
    """Largest move of a rating, in points."""
    model: str
    """Whose."""
    spread: float
    """Root mean square of all moves."""


def ablation(whole: Fit, battles: Battles, scale: Scale = Scale()) -> tuple[Ablation, ...]:
    """Refits without each feature in turn, from the whole fit on."""
    return tuple(_without(whole, battles, feature, scale) for feature in whole.features)


def _without(whole: Fit, battles: Battles, feature: str, scale: Scale) -> Ablation:
    rest = [name for name in whole.features if name != feature]
    less = fit(battles.with_features(rest), ties=whole.ties, l2=whole.l2, start=whole.start)
    moves = (less.theta[whole.active] - whole.theta[whole.active]) * scale.unit
    most = int(np.argmax(np.abs(moves)))
    return Ablation(
        feature=feature,
        loglik=less.loss - whole.loss,
        p=float(chi2.sf(2 * (less.loss - whole.loss) / dispersion(whole), 1)),
        largest=float(moves[most]),
        model=whole.models[whole.active[most]],
        spread=float(np.sqrt(np.mean(moves**2))),
    )


def with_placebo(battles: Battles, feature: str, seed: int = 0) -> Battles:
    """The battles with a further feature, `placebo`: the values of `feature`, dealt out anew among the battles.

    It has the feature's distribution and no bearing on any battle, so its effect is zero; intervals that exclude zero
    more often than they may speak against the errors, not for the placebo. Holds one column in memory.
    """
    if PLACEBO in battles.features:
        raise ValueError(f"there is a feature {PLACEBO!r} already")
    generator = np.random.default_rng(seed)
    column = np.array(battles.columns[battles.features.index(feature)])
    generator.shuffle(column)
    column *= generator.choice(np.array([-1, 1], dtype=column.dtype), len(column))
    return replace(battles, features=(*battles.features, PLACEBO), columns=(*battles.columns, column))

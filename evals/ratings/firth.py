"""Firth's correction: ratings without the first-order bias of maximum likelihood, and finite for who won all.

The likelihood is multiplied by Jeffreys' prior, the square root of the information's determinant (Firth 1993, section
3; for logistic models Heinze and Schemper 2002). It acts as half of each battle's leverage h added to both results,
so the score is sum x (p - y - h (1/2 - p)), h the diagonal of W^1/2 X H^-1 X' W^1/2; the gauge has no part in it. Two
models with m wins of n come to the log odds (m + 1/2) / (n - m + 1/2).

Guaranteed: a finite maximum for every model that met the others, won or lost all alike; so what they are called is
`rated`, and a finite rating of an unbeaten model is the prior's word, not the battles'. Not for Davidson's ties or
with a ridge. The fit's moment is that of the likelihood's own scores at the corrected optimum.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from evals.bradley_terry import GRADIENT, STEP, Certificate, Fit
from evals.ratings.battles import Battles, Floats, tiles
from evals.ratings.identifiability import Unidentified, covariates, standings, survey
from evals.ratings.likelihood import Line, Sums, TieRule, derivatives, predictor, row_weights
from evals.ratings.objective import Objective, centred, solve_information
from evals.ratings.score_rows import squares

ITERATIONS = 200
_LONGEST = 2.0
"""Natural units that a step may move anything, so that no start runs away."""


def firth(battles: Battles, *, ties: TieRule = "half") -> Fit:
    """The penalised maximum. Raises Unidentified for groups that never met and unusable features; ValueError for
    Davidson's ties."""
    if ties == "davidson":
        raise ValueError("Firth's correction is for ties='half' or 'drop', not for Davidson's")
    seen = survey(battles, ties)
    standing = standings(seen, battles.models)
    met = np.flatnonzero([s != "no battles" for s in standing])
    if len(met) < 2:
        raise Unidentified("fewer than two models have battles")
    found = covariates(seen, battles.features)
    problem = Objective(battles, met, np.array([c.rms for c in found]), ties)
    x, sums, certificate = _solve(problem)
    k = len(met)
    theta = np.full(len(battles.models), np.nan)
    theta[met] = x[:k] - x[:k].mean()
    assert sums.moment is not None
    return Fit(
        models=battles.models,
        standing=tuple("no battles" if s == "no battles" else "rated" for s in standing),
        battles=seen.battles.sum(axis=1),
        theta=theta,
        features=battles.features,
        covariates=found,
        gamma=x[k:],
        log_nu=None,
        ties=ties,
        l2=0.0,
        active=met,
        weight=sums.weight,
        loss=sums.loss,
        information=sums.information,
        moment=sums.moment,
        certificate=certificate,
    )


def _solve(problem: Objective) -> tuple[Floats, Sums, Certificate]:
    """Newton's steps on the corrected score, with the likelihood's own information as its slope."""
    k = len(problem.places)
    x = np.zeros(k + len(problem.rms))
    for iteration in range(ITERATIONS):
        at = problem.sums(x)
        pull = _pull(problem, x, at.information)
        gradient = at.gradient + pull
        step = centred(solve_information(at.information, gradient, k), k)
        largest = float(np.abs(step).max())
        if largest <= STEP and np.abs(gradient).max() <= GRADIENT * at.weight:
            return x, problem.sums(x, moment=True), _certificate(at, gradient, step, iteration)
        x = x - step * min(1.0, _LONGEST / largest)
    raise Unidentified(
        f"Firth's correction has not come to rest after {ITERATIONS} steps; the last moved {largest:.1e}"
    )


def _pull(problem: Objective, x: Floats, information: Floats) -> Floats:
    """(P,) gradient of minus half the log-determinant: -sum h (1/2 - p) x, one pass."""
    point, models = problem.point(x), len(problem.battles.models)
    k, keep = len(problem.places), np.concatenate([problem.places, np.arange(models, models + len(problem.rms))])
    inverse = np.zeros((models + len(problem.rms),) * 2)
    inverse[np.ix_(keep, keep)] = solve_information(information, centred(np.eye(len(x)), k), k)
    line = Line(models, len(problem.rms))
    for tile in tiles(problem.battles):
        eta = predictor(tile, point, models)
        weight = row_weights(tile, problem.ties, None)
        rows = derivatives(tile, eta, weight, problem.ties, None)
        first, second = (np.repeat(end, tile.lengths) for end in np.divmod(tile.pairs, models))
        scaled = tile.features / problem.rms[:, None]
        leverage = rows.curvature * squares(first, second, scaled, inverse, models)
        line.add(tile, leverage * (expit(eta) - 0.5))
    return np.asarray(line.dense()[keep] / np.concatenate([np.ones(k), problem.rms]))


def _certificate(at: Sums, gradient: Floats, step: Floats, iterations: int) -> Certificate:
    decrement = max(float(gradient @ step), 0.0)
    missing = max(decrement / 2, np.finfo(float).eps * abs(at.loss))
    return Certificate(
        gradient=float(np.abs(gradient).max() / at.weight),
        decrement=decrement,
        step=float(np.abs(step).max()),
        iterations=iterations,
        passes=2 * (iterations + 1) + 2,
        digits=float(-np.log10(missing / abs(at.loss))),
    )

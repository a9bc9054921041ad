"""One leaderboard from battles: the ratings with and without style, their limits, what style is worth, the ranks.

It composes what the modules beside it do, in the order in which they need each other, and adds nothing to it. Whatever
is not determined raises Unidentified: there is no leaderboard with a quiet number in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from evals.bradley_terry import Fit, Scale, Start, fit
from evals.ratings.battles import POSITION, TIE, Battles, Floats
from evals.ratings.bootstrap import bootstrap
from evals.ratings.covariance import Bounds, Covariance, clustered, sandwich
from evals.ratings.effects import PLACEBO, Ablation, Effect, ablation, effects, with_placebo
from evals.ratings.identifiability import Covariate
from evals.ratings.likelihood import TieRule
from evals.ratings.profile import FEW, bounds
from evals.ratings.ranks import Ranks, rank_chances, ranks
from evals.ratings.shift import Shift, shift

Errors = Literal["robust", "bootstrap"]


@dataclass(frozen=True, slots=True)
class Rules:
    """How battles are rated."""

    scale: Scale = Scale()
    ties: TieRule = "half"
    l2: float = 0.0
    level: float = 0.95
    margin: float = 3.0
    """Points within which an effect counts as none."""
    few: int = FEW
    errors: Errors = "robust"
    replicates: int = 200
    ablation: bool = True
    placebo: bool = False
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Leaderboard:
    """Of K models, k of them rated."""

    plain: Fit
    controlled: Fit
    """The plain one where there is no style."""
    covariance: Covariance
    limits: Bounds
    plain_limits: Bounds
    ranks: Ranks
    chances: Floats
    """(K, k)"""
    effects: tuple[Effect, ...] = ()
    """The placebo's is the last, where there is one; it is of a fit of its own."""
    covariates: tuple[Covariate, ...] = ()
    """One for each effect."""
    ablation: tuple[Ablation, ...] = ()
    shift: Shift | None = None


def leaderboard(battles: Battles, rules: Rules = Rules(), start: Start | None = None) -> Leaderboard:
    """Raises Unidentified, and ValueError for an anchor that is not rated or fewer than two clusters."""
    plain = fit(battles.with_features(plain_features(battles)), ties=rules.ties, l2=rules.l2, start=start)
    styled = len(battles.features) > len(plain.features)
    found = fit(battles, ties=rules.ties, l2=rules.l2, start=start or plain.start) if styled else plain
    covariance = _covariance(found, battles)
    limits = _limits(covariance, battles, rules)
    return Leaderboard(
        plain=plain,
        controlled=found,
        covariance=covariance,
        limits=limits,
        plain_limits=_limits(_covariance(plain, battles), battles, rules) if styled else limits,
        ranks=ranks(covariance, rules.level, seed=rules.seed),
        chances=rank_chances(covariance, seed=rules.seed),
        **(_style(plain, covariance, battles, rules) if found.features else {}),
    )


def plain_features(battles: Battles) -> list[str]:
    """What stays in the plain ratings: the one feature that is no style."""
    return [POSITION] if POSITION in battles.features else []


def tie_share(battles: Battles) -> float:
    """Of the rows, whatever their weight."""
    step = 1 << 20
    tied = sum(int((np.asarray(battles.score[low : low + step]) == TIE).sum()) for low in range(0, len(battles), step))
    return tied / len(battles) if len(battles) else 0.0


def _style(plain: Fit, covariance: Covariance, battles: Battles, rules: Rules) -> dict[str, Any]:
    found = covariance.fit
    tables = list(_effects(covariance, rules))
    known = list(found.covariates)
    if rules.placebo and found.features != plain.features:
        own = with_placebo(battles, next(name for name in found.features if name != POSITION), rules.seed)
        control = fit(own, ties=rules.ties, l2=rules.l2, start=found.start)
        tables += [each for each in _effects(_covariance(control, own), rules) if each.feature == PLACEBO]
        known += [each for each in control.covariates if each.name == PLACEBO]
    return {
        "effects": tuple(tables),
        "covariates": tuple(known),
        "ablation": ablation(found, battles, rules.scale) if rules.ablation else (),
        "shift": shift(plain, found, battles, rules.scale, rules.level) if found is not plain else None,
    }


def _effects(covariance: Covariance, rules: Rules) -> Sequence[Effect]:
    return effects(covariance, rules.scale, margin=rules.margin, alpha=1 - rules.level)


def _covariance(found: Fit, battles: Battles) -> Covariance:
    return sandwich(found) if battles.cluster is None else clustered(found, battles.with_features(found.features))


def _limits(covariance: Covariance, battles: Battles, rules: Rules) -> Bounds:
    own = battles.with_features(covariance.fit.features)
    if rules.errors == "robust":
        return bounds(covariance, own, rules.scale, rules.level, rules.few)
    drawn = bootstrap(covariance.fit, own, rules.replicates, rules.seed, rules.few).bounds(rules.scale, rules.level)
    rated = np.isin(np.arange(len(drawn.lower)), covariance.fit.active)
    if rated.all():
        return drawn
    profiled = bounds(covariance, own, rules.scale, rules.level, few=0)  # unbounded models have no draws
    return Bounds(
        np.where(rated, drawn.lower, profiled.lower),
        np.where(rated, drawn.upper, profiled.upper),
        tuple(d if r else p for d, p, r in zip(drawn.method, profiled.method, rated, strict=True)),
    )

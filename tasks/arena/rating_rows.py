"""Leaderboards as rows of the datasets that the ratings stage writes. What is not known is null, never a number."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from evals.identity import row_id
from evals.ratings.battles import LOSS, TIE, WIN, Battles, Floats, tiles
from evals.ratings.covariance import dispersion
from evals.ratings.effects import PLACEBO
from evals.ratings.leaderboard import Leaderboard, Rules, tie_share
from tasks.arena.contents import Board
from tasks.arena.params import RatingsParams

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Rated:
    """A board with its leaderboard, or with the reason why it has none."""

    board: Board
    battles: Battles
    result: Leaderboard | None
    message: str
    simulated: bool
    left_out: tuple[str, ...] = ()
    """Features that are zero in every battle of the board."""

    @property
    def columns(self) -> Row:
        board = self.board
        return {"board": board.name, "kind": board.kind, "value": board.value, "simulated": self.simulated}


def number(value: float | None) -> float | None:
    """None for NaN: null is what is not known."""
    return None if value is None or math.isnan(value) else float(value)


def board_row(rated: Rated, params: RatingsParams) -> Row:
    result, battles = rated.result, rated.battles
    styled = result is not None and result.controlled is not result.plain
    found = result.controlled if result else None
    told: Row = {
        "loglik": -found.loss if found else None,
        "loglik_plain": -result.plain.loss if result else None,
        "dispersion": dispersion(found) if found else None,
        "nu": math.exp(found.log_nu) if found and found.log_nu is not None else None,
        "variance_share": number(result.shift.variance_share) if result and result.shift and styled else None,
        "critical": result.ranks.critical if result else None,
    }
    certificate = found.certificate if found else None
    for name in ("gradient", "decrement", "step", "iterations", "passes", "digits"):
        told[name] = getattr(certificate, name) if certificate else None
    return rated.columns | {
        "status": "rated" if result else "refused",
        "message": rated.message,
        "left_out": list(rated.left_out),
        "battles": len(battles),
        "ties": tie_share(battles) if len(battles) else None,
        "models": len(battles.models),
        "rated": len(found.active) if found else 0,
        "tie_rule": params.ties,
        "errors": params.errors,
        "cluster": None if params.cluster == "none" else params.cluster,
        "base": params.base,
        "points": params.points,
        "centre": params.centre,
        "anchor": params.anchor,
        "l2": params.l2,
        "level": params.level,
        **told,
    }


def rating_rows(rated: Rated, rules: Rules, planted: Mapping[str, float]) -> Iterator[Row]:
    """One a model that has battles on the board, best first, the unrated last."""
    result = rated.result
    assert result is not None, "a refused board has no ratings"
    scores = outcomes(rated.battles)
    ratings, errors = result.controlled.ratings(rules.scale), result.covariance.errors(rules.scale)
    plain = result.plain.ratings(rules.scale)
    order = sorted(range(len(ratings)), key=lambda m: (math.isnan(ratings[m]), -np.nan_to_num(ratings[m])))
    plain_rank, planted = _plain_ranks(plain), _on_scale(planted, result, rules)
    for m in order:
        name = result.plain.models[m]
        if result.controlled.standing[m] == "no battles":
            continue
        ranked = result.ranks.rank[m] > 0
        yield {
            "rating_id": row_id("rating", rated.board.name, name),
            **rated.columns,
            "model": name,
            "standing": result.controlled.standing[m],
            "battles": int(result.controlled.battles[m]),
            **{key: float(scores[score][m].sum()) for key, score in _POINTS.items()},
            "rating": number(ratings[m]),
            "error": number(errors[m]),
            "lower": number(result.limits.lower[m]),
            "upper": number(result.limits.upper[m]),
            "method": result.limits.method[m],
            "rank": int(result.ranks.rank[m]) if ranked else None,
            "rank_lower": int(result.ranks.lower[m]) if ranked else None,
            "rank_upper": int(result.ranks.upper[m]) if ranked else None,
            "best": number(result.ranks.best[m]),
            "class": int(result.ranks.class_[m]) if ranked else None,
            "plain": number(plain[m]),
            "plain_lower": number(result.plain_limits.lower[m]),
            "plain_upper": number(result.plain_limits.upper[m]),
            "plain_rank": plain_rank.get(m),
            **shift_columns(result, m),
            "planted": planted.get(name),
            "anchor": rules.scale.anchor is not None and rules.scale.anchor[0] == name,
        }


_POINTS = {"wins": WIN, "ties": TIE, "losses": LOSS}


def _on_scale(planted: Mapping[str, float], result: Leaderboard, rules: Rules) -> Mapping[str, float]:
    """Planted strengths, moved as a whole to where the board's ratings are."""
    rated = [result.plain.models[m] for m in result.controlled.active]
    if not all(name in planted for name in rated):
        return {}
    anchor = rules.scale.anchor
    start = planted[anchor[0]] if anchor else float(np.mean([planted[name] for name in rated]))
    centre = anchor[1] if anchor else rules.scale.centre
    return {name: value - start + centre for name, value in planted.items()}


def _plain_ranks(plain: Floats) -> dict[int, int]:
    finite = [m for m in range(len(plain)) if math.isfinite(plain[m])]
    return {m: place for place, m in enumerate(sorted(finite, key=lambda m: -plain[m]), 1)}


def shift_columns(result: Leaderboard, m: int) -> Row:
    moved = result.shift
    names = ("points", "error", "lower", "upper", "q", "share")
    values = [number(getattr(moved, name)[m]) if moved else None for name in names]
    keys = ("shift", "shift_error", "shift_lower", "shift_upper", "shift_q", "style_share")
    return dict(zip(keys, values, strict=True))


def effect_rows(rated: Rated, margin: float) -> Iterator[Row]:
    result = rated.result
    assert result is not None, "a refused board has no effects"
    without = {each.feature: each for each in result.ablation}
    for effect, covariate in zip(result.effects, result.covariates, strict=True):
        lost = without.get(effect.feature)
        yield {
            "effect_id": row_id("effect", rated.board.name, effect.feature),
            **rated.columns,
            "feature": effect.feature,
            "placebo": effect.feature == PLACEBO,
            **{name: getattr(effect, name) for name in ("estimate", "error", "lower", "upper", "z", "p", "q")},
            "rms": covariate.rms,
            "verdict": effect.verdict,
            "margin": margin,
            "inflation": effect.inflation,
            "explained": covariate.by_models,
            "lost_loglik": lost.loglik if lost else None,
            "lost_p": lost.p if lost else None,
            "largest_move": lost.largest if lost else None,
            "moved_model": lost.model if lost else None,
            "spread_move": lost.spread if lost else None,
        }


# -- who met whom ------------------------------------------------------------------------------------


def outcomes(battles: Battles) -> Floats:
    """(3, K, K) battles of the row's model against the column's by LOSS, TIE and WIN of the row's."""
    k = len(battles.models)
    counts = np.zeros((3, k * k))
    for tile in tiles(battles):
        for score in (LOSS, TIE, WIN):
            np.add.at(counts[score], tile.pairs, tile.by_run((tile.score == score).astype(np.float64)))
    square = counts.reshape(3, k, k)
    return np.asarray(square + square[::-1].transpose(0, 2, 1))


def matchup_rows(rated: Rated, rules: Rules) -> Iterator[Row]:
    """Both ways of each pair that met."""
    result = rated.result
    assert result is not None, "a refused board has no expectations"
    scores = outcomes(rated.battles)
    met, ratings, models = scores.sum(axis=0), result.controlled.ratings(rules.scale).tolist(), rated.battles.models
    for i, j in zip(*np.nonzero(met), strict=True):
        difference = ratings[i] - ratings[j]
        yield {
            "matchup_id": row_id("matchup", rated.board.name, models[i], models[j]),
            **rated.columns,
            "model": models[i],
            "opponent": models[j],
            "battles": int(met[i, j]),
            **{key: float(scores[score][i, j]) for key, score in _POINTS.items()},
            "score": float((scores[WIN][i, j] + scores[TIE][i, j] / 2) / met[i, j]),
            "expected": None if math.isnan(difference) else rules.scale.chance(difference),
        }


def chance_rows(rated: Rated) -> Iterator[Row]:
    """Ranks that were drawn at least once."""
    result = rated.result
    assert result is not None, "a refused board has no ranks"
    for m, place in zip(*np.nonzero(np.nan_to_num(result.chances)), strict=True):
        model = rated.battles.models[m]
        yield {
            "chance_id": row_id("chance", rated.board.name, model, int(place)),
            **rated.columns,
            "model": model,
            "rank": int(place) + 1,
            "chance": float(result.chances[m, place]),
        }

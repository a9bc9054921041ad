"""Rows of `drift`: each model's style by period, what it was worth, and whether it moves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from evals.identity import row_id
from evals.ratings.battles import Battles
from evals.ratings.drift import manner, trend
from evals.ratings.leaderboard import Rules, plain_features
from tasks.arena.contents import ordinal_of
from tasks.arena.params import Period
from tasks.arena.rating_rows import Rated, Row, number, shift_columns


def drift_rows(periods: Sequence[tuple[Rated, Battles]], whole: Rated, rules: Rules, period: Period) -> Iterator[Row]:
    """One a period, model and feature of style. `periods`: each with all its battles, in the order of time; what a
    deviation is worth is told by the whole board."""
    assert whole.result is not None, "the overall board is rated"
    rms = dict(zip(whole.battles.features, whole.result.controlled.rms.tolist(), strict=True))
    worth = dict(zip(whole.battles.features, whole.result.controlled.gamma * rules.scale.unit, strict=True))
    features = [name for name in whole.battles.features if name not in plain_features(whole.battles)]
    played = [(rated, battles.with_features(features)) for rated, battles in periods if len(battles)]
    if not features or not played:
        return
    seen = [manner(battles, [rms[name] for name in features]) for _, battles in played]
    moves = trend(seen, [ordinal_of(rated.board.value, period) for rated, _ in played])
    for (rated, _), there in zip(played, seen, strict=True):
        for m in np.flatnonzero(there.battles).tolist():
            for f, feature in enumerate(features):
                yield {
                    "drift_id": row_id("drift", rated.board.value, rated.battles.models[m], feature),
                    "period": rated.board.value,
                    "model": rated.battles.models[m],
                    "simulated": rated.simulated,
                    "battles": int(there.battles[m]),
                    "feature": feature,
                    "mean": float(there.mean[f, m]),
                    "error": number(there.error[f, m]),
                    "points": float(there.mean[f, m] * worth[feature]),
                    "trend": number(moves.slope[f, m]),
                    "trend_error": number(moves.error[f, m]),
                    "trend_q": number(moves.q[f, m]),
                    **_ratings(rated, m, rules),
                }


def _ratings(rated: Rated, model: int, rules: Rules) -> Row:
    """Of the period alone; null where it does not determine them."""
    result = rated.result
    return {
        "rating": number(result.controlled.ratings(rules.scale)[model]) if result else None,
        "plain": number(result.plain.ratings(rules.scale)[model]) if result else None,
        "style_share": shift_columns(result, model)["style_share"] if result else None,
    }

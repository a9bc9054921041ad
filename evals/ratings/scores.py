"""Scores: the gradients of single battles, added up within clusters, as sparse rows.

A cluster (a user, a prompt, a session) gives one row: the sum of its battles' scores at the optimum. Rows of
different clusters are independent, those within one need not be. Memory: 12 bytes a battle to bring clusters
together, and one block of scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from evals.bradley_terry import Fit
from evals.ratings.battles import Array, Battles, Floats, Ints, tiles
from evals.ratings.likelihood import derivatives, predictor, row_weights

BLOCK = 1 << 17
"""Battles whose scores are held at once, unless one cluster has more."""
MANY = 50
"""Clusters of a model from which on their number no longer matters: t(49) is 2 % beyond the normal."""


class ScoreBlock(NamedTuple):
    """Whole clusters."""

    scores: csr_array
    """(clusters, P of all fits) in each fit's coordinates: theta[active], gamma, log nu."""
    rows: Ints
    """(m,) which battles these are."""
    cluster: Ints
    """(m,) each battle's row in `scores`."""


def score_blocks(battles: Battles, fits: Sequence[Fit]) -> Iterator[ScoreBlock]:
    """The scores of all clusters under each fit, side by side; without clusters every battle is its own."""
    for rows, cluster in _blocks(battles):
        block = battles.take(rows)
        parts = [_scores(block.with_features(fit.features), fit, cluster) for fit in fits]
        width = np.cumsum([0, *(len(fit.information) for fit in fits)])
        entries = [
            np.concatenate([p[i] + (w if i == 1 else 0) for p, w in zip(parts, width[:-1], strict=True)])
            for i in (0, 1)
        ]
        values = np.concatenate([p[2] for p in parts])
        shape = (int(cluster.max(initial=-1)) + 1, int(width[-1]))
        yield ScoreBlock(csr_array((values, (entries[0], entries[1])), shape=shape), rows, cluster)


def clustered_moment(battles: Battles, fits: Sequence[Fit]) -> Floats:
    """(P, P) sum over clusters of the outer products of their scores, P parameters of all fits side by side.

    With G clusters it carries the factor G / (G - 1). Raises ValueError for fewer than two.
    """
    total, clusters = np.zeros((0, 0)), 0
    for block in score_blocks(battles, fits):
        here = np.asarray((block.scores.T @ block.scores).todense())
        total = here if not total.size else total + here
        clusters += block.scores.shape[0]
    if clusters < 2:
        raise ValueError(f"{clusters} cluster: errors between clusters need two, and are to be trusted from some 40 on")
    return np.asarray(total * (clusters / (clusters - 1)))


def clusters_met(battles: Battles, fit: Fit) -> Ints:
    """(K,) in how many clusters each model's battles with rated models lie; MANY for that many or more, and where
    every battle is its own cluster."""
    assert battles.cluster is not None, "the caller has clusters"
    models = len(fit.models)
    rated = np.isin(np.arange(models), fit.active)
    found: list[set[int]] = [set() for _ in range(models)]
    rows = np.zeros(models, dtype=np.int64)
    for tile in tiles(battles.with_features([])):
        weight = row_weights(tile, fit.ties, None)
        counts = np.ones(len(tile.score), dtype=bool) if weight is None else weight > 0
        first, second = (np.repeat(end, tile.lengths) for end in np.divmod(tile.pairs, models))
        cluster = np.asarray(battles.cluster[tile.rows])
        for mine, other in ((first, second), (second, first)):
            valid = counts & rated[other]
            rows += np.bincount(mine[valid], minlength=models)
            wanted = valid & np.array([len(seen) < MANY for seen in found])[mine]
            for model, name in zip(mine[wanted].tolist(), cluster[wanted].tolist(), strict=True):
                found[model].add(name)
    number = np.array([len(seen) for seen in found])
    return np.where(number < np.minimum(rows, MANY), number, MANY)


def _blocks(battles: Battles) -> Iterator[tuple[Ints, Ints]]:
    """Battles in the order of their clusters, cut between two of them."""
    if battles.cluster is None:
        for low in range(0, len(battles), BLOCK):
            rows = np.arange(low, min(low + BLOCK, len(battles)))
            yield rows, rows - low
        return
    order = np.argsort(np.asarray(battles.cluster), kind="stable")
    starts = _starts(battles.cluster, order)
    low = 0
    while low < len(starts) - 1:
        high = max(low + 1, int(np.searchsorted(starts, starts[low] + BLOCK, side="right")) - 1)
        sizes = np.diff(starts[low : high + 1])
        yield order[starts[low] : starts[high]], np.repeat(np.arange(high - low), sizes)
        low = high


def _starts(cluster: Array, order: Ints) -> Ints:
    """Where each cluster starts in `order`, and the end."""
    ordered = np.asarray(cluster)[order]
    return np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1, [len(order)]]).astype(np.int64)


def _scores(block: Battles, fit: Fit, cluster: Ints) -> tuple[Ints, Ints, Floats]:
    """Entries (cluster, parameter, value), several for one place to be added."""
    point, models, k = fit.point(), len(fit.models), len(fit.active)
    place = np.full(models, -1)
    place[fit.active] = np.arange(k)
    entries: list[tuple[Ints, Ints, Floats]] = []
    counted = fit.counted
    for tile in tiles(block):
        weight = row_weights(tile, fit.ties, counted)
        rows = derivatives(tile, predictor(tile, point, models), weight, fit.ties, point.log_nu)
        owner = cluster[tile.rows]
        ends = [np.repeat(place[end], tile.lengths) for end in np.divmod(tile.pairs, models)]
        inside = (ends[0] >= 0) & (ends[1] >= 0)
        for end, sign in zip(ends, (1.0, -1.0), strict=True):
            entries.append((owner[inside], end[inside], sign * rows.slope[inside]))
        for feature, rms in enumerate(fit.rms):
            entries.append((owner, np.full(len(owner), k + feature), rows.slope * tile.features[feature] / rms))
        if rows.slope_t is not None:
            entries.append((owner, np.full(len(owner), k + len(fit.rms)), rows.slope_t))
    owner, parameter, value = (np.concatenate(column) for column in zip(*entries, strict=True))
    return owner, parameter, value

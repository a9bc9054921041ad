"""Scores: the gradients of single battles, added up within clusters, as sparse rows.

A cluster (a user, a prompt, a session) gives one row: the sum of its battles' scores at the optimum. Rows of
different clusters are independent, those within one need not be. Memory: 12 bytes a battle to bring clusters
together, and one block of scores.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, hstack

from evals.bradley_terry import Fit
from evals.ratings.battles import Array, Battles, Floats, Ints, tiles
from evals.ratings.likelihood import row_weights
from evals.ratings.score_rows import corrected, inverse_information, score_rows

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


class Clusters(NamedTuple):
    """How many; MANY for that many or more, and where every battle is its own."""

    by_model: Ints
    """(K,) in which each model's battles lie."""
    altogether: int

    def degrees(self) -> float:
        """Of freedom of what all clusters tell; infinitely many where they are many."""
        return math.inf if self.altogether >= MANY else self.altogether - 1.0


def score_blocks(battles: Battles, fits: Sequence[Fit], correct: bool = False) -> Iterator[ScoreBlock]:
    """The scores of all clusters under each fit, side by side; without clusters every battle is its own.

    `correct`: for leverage, see `score_rows.corrected`; such scores do not sum to zero.
    """
    inverses = [inverse_information(fit) if correct else None for fit in fits]
    for rows, cluster in _blocks(battles):
        block, owners = battles.take(rows), int(cluster.max(initial=-1)) + 1
        parts = []
        for fit, inverse in zip(fits, inverses, strict=True):
            k, own = len(fit.active), score_rows(block.with_features(fit.features), fit, cluster)
            parts.append((own if inverse is None else corrected(own, owners, inverse, k)).summed(owners, k))
        yield ScoreBlock(hstack(parts, format="csr"), rows, cluster)


def clustered_moment(battles: Battles, fits: Sequence[Fit], correct: bool = True) -> Floats:
    """(P, P) sum over clusters of the outer products of their scores, P parameters of all fits side by side.

    `correct`: for leverage. Raises ValueError for fewer than two clusters.
    """
    total, clusters = np.zeros((0, 0)), 0
    for block in score_blocks(battles, fits, correct):
        here = np.asarray((block.scores.T @ block.scores).todense())
        total = here if not total.size else total + here
        clusters += block.scores.shape[0]
    if clusters < 2:
        raise ValueError(f"{clusters} cluster: errors between clusters need two, and are to be trusted from some 40 on")
    return total


def clusters_met(battles: Battles, fit: Fit) -> Clusters:
    """Those of the battles with rated models."""
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
    number, everything = np.array([len(seen) for seen in found]), len(set[int]().union(*found))
    return Clusters(
        by_model=np.where(number < np.minimum(rows, MANY), number, MANY),
        altogether=everything if everything < min(int(rows.sum()) // 2, MANY) else MANY,
    )


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

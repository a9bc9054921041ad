"""What the battles can tell at all, before anything is fitted: who is comparable, and which covariates have an own
say.

Without covariates the maximum is finite for exactly those models that are strongly connected by "took a point from"
(Ford 1957); ties connect both ways. The largest such group is rated. Battles between groups are predicted perfectly
in the limit, add nothing to the likelihood's slope, and are left out, so the rest is the exact limit of the maximum:
models above the group are unbounded upwards, those below it downwards. Groups that never met have no common scale,
and are refused.

A covariate is refused when it is zero in every battle, or a combination of models and other covariates; how nearly it
is one is its variance inflation factor. A covariate that separates winners from losers makes the fit itself diverge,
and is refused there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse.csgraph import breadth_first_order, connected_components

from evals.ratings.battles import LOSS, TIE, WIN, Array, Battles, Floats, Ints, Mask, tiles
from evals.ratings.likelihood import Gram, TieRule, row_weights

Standing = Literal["rated", "above all", "below all", "undetermined", "no battles"]
"""above all, below all: unbounded. undetermined: met only models that are unbounded themselves."""

COLLINEAR = 1e-9
"""Share of a covariate's variance that must be its own; float32 features leave 1e-14 of rounding."""


class Unidentified(ValueError):
    """The battles do not determine what was asked for."""


@dataclass(frozen=True, eq=False)
class Survey:
    """What was played."""

    battles: Ints
    """(K, K) rows of each pair, both ways."""
    points: Floats
    """(K, K) weight of the points that the row's model took from the column's."""
    by_score: Floats
    """(3, K * K) weight of each pair's losses, ties and wins."""
    gram: Gram
    """Sum of w x x'."""

    @property
    def weight(self) -> float:
        return float(self.by_score.sum())


def survey(battles: Battles, ties: TieRule = "half", counted: Mask | None = None) -> Survey:
    """One pass. Rows that do not count (weight 0, dropped ties, pairs not `counted`) are not there."""
    k = len(battles.models)
    gram = Gram(k, len(battles.columns))
    rows, by_score = np.zeros(k * k, dtype=np.int64), np.zeros((3, k * k))
    for tile in tiles(battles):
        weight = row_weights(tile, ties, counted)
        weights = np.ones(len(tile.score)) if weight is None else weight
        gram.add(tile, weights)
        np.add.at(
            rows,
            tile.pairs,
            tile.lengths if weight is None else tile.by_run((weights > 0).astype(np.float64)).astype(np.int64),
        )
        for score in (LOSS, TIE):
            np.add.at(by_score[score], tile.pairs, tile.by_run(weights * (tile.score == score)))
    by_score[WIN] = gram.pairs - by_score[LOSS] - by_score[TIE]
    met, (losses, halves, wins) = rows.reshape(k, k), by_score.reshape(3, k, k)
    return Survey(met + met.T, wins + halves / 2 + (losses + halves / 2).T, by_score, gram)


def collapsed(seen: Survey, models: tuple[str, ...]) -> Battles:
    """The same battles without covariates, a weighted row for each pair and result: the same likelihood."""
    pair, score = np.nonzero(seen.by_score.T > 0)
    weight = seen.by_score[score, pair]
    return Battles(models, (), pair.astype(np.int32), score.astype(np.uint8), (), weight)


# -- models ------------------------------------------------------------------------------------------


def standings(seen: Survey, models: Sequence[str]) -> tuple[Standing, ...]:
    """Of each model. Raises Unidentified without battles, and for groups that never met, which it names."""
    met = seen.battles.sum(axis=1)
    if not met.any():
        raise Unidentified("there is no battle that counts; a rating needs some")
    _refuse_groups(seen, models, met > 0)
    edges = (seen.points > 0).astype(np.int8)
    _, label = connected_components(edges, directed=True, connection="strong")
    label = np.where(met > 0, label, -1)
    main = int(np.argmax(np.bincount(label[met > 0], weights=met[met > 0])))
    inside = label == main
    one = int(np.flatnonzero(inside)[0])
    beaten, beats = _reached(edges, one), _reached(edges.T, one)
    return tuple(_standing(*each) for each in zip(met > 0, inside, beats, beaten, strict=True))


def _reached(edges: Array, start: int) -> Mask:
    order = breadth_first_order(edges, start, return_predecessors=False)
    return np.isin(np.arange(len(edges)), order)


def _standing(played: bool, inside: bool, beats: bool, beaten: bool) -> Standing:
    if not played:
        return "no battles"
    if inside:
        return "rated"
    if beats:
        return "above all"
    return "below all" if beaten else "undetermined"


def _refuse_groups(seen: Survey, models: Sequence[str], played: Mask) -> None:
    count, label = connected_components((seen.battles > 0).astype(np.int8), directed=False)
    groups = [np.flatnonzero(label == g) for g in range(count)]
    groups = sorted((g for g in groups if played[g].any()), key=len, reverse=True)
    if len(groups) > 1:
        shown = "; ".join(f"{_few([models[m] for m in g])}" for g in groups[:4])
        raise Unidentified(
            f"the models fall into {len(groups)} groups that never met, so no scale is common to them: {shown}. "
            "Rate each group by itself, or add battles between them"
        )


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


# -- covariates --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Covariate:
    """How a feature lies in the battles."""

    name: str
    rms: float
    """Root mean square: the standard deviation about zero, which is the same whichever side is written first."""
    inflation: float
    """VIF given the models and the other features: 1 when it is independent of both."""
    by_models: float
    """Share of its square that the models alone explain: 1 - 1/VIF given the models only."""


def covariates(seen: Survey, features: Sequence[str]) -> tuple[Covariate, ...]:
    """Raises Unidentified for a feature that is always zero, explained by the models, or by other features."""
    square = np.diag(seen.gram.square)
    for name, value in zip(features, square, strict=True):
        if not value > 0:
            raise Unidentified(f"feature {name!r} is 0 in every battle that counts: nothing can be learnt of it")
    if not len(square):
        return ()
    rms = np.sqrt(square / seen.weight)
    own = _own(seen) / np.outer(np.sqrt(square), np.sqrt(square))
    alone = np.diag(own)
    for name, share in zip(features, alone, strict=True):
        if share < COLLINEAR:
            raise Unidentified(
                f"feature {name!r} is a fixed difference between the models ({1 - share:.9f} of it is explained by who "
                "met whom): its effect cannot be told from their strengths"
            )
    _refuse_collinear(own / np.sqrt(np.outer(alone, alone)), features)
    inflation = np.diag(np.linalg.inv(own))
    return tuple(
        Covariate(name, float(r), float(v), float(1 - share))
        for name, r, v, share in zip(features, rms, inflation, alone, strict=True)
    )


def _own(seen: Survey) -> Floats:
    """(S, S) what the models leave of the features: the Schur complement of the K×K block."""
    k = seen.gram.models
    whole = seen.gram.dense()
    # The K×K block is the Laplacian of a graph: singular along every connected group, which the pseudo-inverse skips.
    left = np.linalg.pinv(whole[:k, :k], hermitian=True)
    cross = whole[:k, k:]
    return np.asarray(whole[k:, k:] - cross.T @ left @ cross)


def _refuse_collinear(correlation: Floats, features: Sequence[str]) -> None:
    values, vectors = np.linalg.eigh(correlation)
    if values[0] < COLLINEAR:
        part = [name for name, share in zip(features, np.abs(vectors[:, 0]), strict=True) if share > 1e-3]
        raise Unidentified(f"features {part} are collinear: leave one out (smallest eigenvalue {values[0]:.1e})")

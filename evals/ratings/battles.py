"""Battles as columns: who met whom, who won, by how much their styles differ.

A battle is stored from the side of the model that comes first in `models`: with the sides swapped, score and features
change sign, and nothing else does. So a fit cannot depend on which side a row wrote first, except through the
`position` feature, which is +1 where the first-named model is the first of the pair and -1 where it is not.

Columns may be memory-mapped; nothing here needs them all in memory at once. Rows in the order of `sorted_by_pair`
make sums several times faster, and change no result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LOSS, TIE, WIN = 0, 1, 2
"""Half points of the model that comes first in the pair."""

POSITION = "position"
"""The feature that says which side was the first: no style."""

TILE = 16384
"""Rows that are worked on at once: the temporaries of a tile stay in the second-level cache."""


@dataclass(frozen=True, eq=False)
class Battles:
    """n battles between K models with S features."""

    models: tuple[str, ...]
    features: tuple[str, ...]
    pair: Array
    """(n,) int32: first * K + second, with first < second."""
    score: Array
    """(n,) uint8: LOSS, TIE or WIN of the first model."""
    columns: tuple[Array, ...]
    """S arrays (n,) of floats: the feature of the first model's answer minus, in some sense, that of the second's."""
    weight: Array | None = None
    """(n,) floats, None for ones."""
    cluster: Array | None = None
    """(n,) integers: rows of one user, prompt or session, which are not independent of each other."""

    def __post_init__(self) -> None:
        lengths = {"score": len(self.score), **{f: len(c) for f, c in zip(self.features, self.columns, strict=True)}}
        lengths |= {name: len(c) for name, c in (("weight", self.weight), ("cluster", self.cluster)) if c is not None}
        for name, length in lengths.items():
            if length != len(self.pair):
                raise ValueError(f"{len(self.pair)} battles, but {length} values of {name!r}")

    def __len__(self) -> int:
        return len(self.pair)

    def ends(self) -> tuple[Ints, Ints]:
        """Which models met: two arrays (n,) of indices into `models`."""
        first, second = np.divmod(np.asarray(self.pair, dtype=np.int64), len(self.models))
        return first, second

    def take(self, rows: Array | slice) -> Battles:
        """The battles of these rows, in memory."""
        return replace(
            self,
            pair=self.pair[rows],
            score=self.score[rows],
            columns=tuple(column[rows] for column in self.columns),
            weight=None if self.weight is None else self.weight[rows],
            cluster=None if self.cluster is None else self.cluster[rows],
        )

    def with_features(self, names: Sequence[str]) -> Battles:
        """The same battles with only these features. Raises KeyError for one that is not there."""
        known = dict(zip(self.features, self.columns, strict=True))
        return replace(self, features=tuple(names), columns=tuple(known[name] for name in names))


def battles_of(
    models: Sequence[str],
    first: Array,
    second: Array,
    score: Array,
    features: dict[str, Array] | None = None,
    *,
    weight: Array | None = None,
    cluster: Array | None = None,
    position: bool = False,
    kind: type[np.floating[Any]] = np.float64,
) -> Battles:
    """Battles from indices into `models`, half points of `first` and feature differences (first minus second).

    `position` adds the feature of that name. Raises ValueError where a model met itself, an index is out of range,
    a score is none of 0, 1, 2, a feature or a weight is not finite, or a weight is negative: it names the row.
    """
    first, second = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    score = np.asarray(score)
    given = {name: np.asarray(values, dtype=kind) for name, values in (features or {}).items()}
    _refuse(models, first, second, score, given, weight)
    flip = first > second
    sign = np.where(flip, -1, 1).astype(kind)
    if position:
        given[POSITION] = np.ones(len(first), dtype=kind)
    return Battles(
        models=tuple(models),
        features=tuple(given),
        pair=(np.minimum(first, second) * len(models) + np.maximum(first, second)).astype(np.int32),
        score=np.where(flip, WIN - score, score).astype(np.uint8),
        columns=tuple(sign * values for values in given.values()),
        weight=None if weight is None else np.asarray(weight, dtype=kind),
        cluster=cluster,
    )


def _refuse(
    models: Sequence[str], first: Ints, second: Ints, score: Array, features: dict[str, Array], weight: Array | None
) -> None:
    if len(set(models)) != len(models):
        raise ValueError(f"a model is named twice: {sorted({m for m in models if list(models).count(m) > 1})}")
    outside = (np.minimum(first, second) < 0) | (np.maximum(first, second) >= len(models))
    _no_row(outside, first, f"an index of a model; there are {len(models)}: 0 to {len(models) - 1}")
    _no_row(first == second, first, "one model on both sides; a battle has two")
    _no_row(~np.isin(score, (LOSS, TIE, WIN)), score, "a score that is none of 0 (loss), 1 (tie), 2 (win)")
    for name, values in features.items():
        if len(values) != len(first):
            raise ValueError(f"{len(first)} battles, but {len(values)} values of {name!r}")
        _no_row(~np.isfinite(values), values, f"feature {name!r} that is not finite")
    if weight is not None:
        values = np.asarray(weight)
        _no_row(~(np.isfinite(values) & (values >= 0)), values, "a weight that is not finite and at least 0")


def _no_row(bad: Mask, values: Array, what: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(f"row {row} has {what}; seen: {values[row]} ({int(bad.sum())} such rows)")


def sorted_by_pair(battles: Battles) -> Battles:
    """The same battles, those of a pair together; the order within a pair is kept."""
    first, second = battles.ends()
    kind = np.uint16 if len(battles.models) <= 1 << 16 else np.uint32  # 16 bits sort by radix, in linear time
    order = np.argsort(second.astype(kind), kind="stable")
    order = order[np.argsort(first[order].astype(kind), kind="stable")]
    return battles.take(order)


# -- rows in the pieces that sums are made of --------------------------------------------------------


class Tile(NamedTuple):
    """Up to TILE rows. A run is a stretch of rows of one pair."""

    pairs: Ints
    """(runs,) the pair of each run."""
    starts: Ints
    """(runs,) where it starts."""
    lengths: Ints
    score: Array
    """(m,) half points of the first model."""
    features: Floats
    """(S, m)"""
    weight: Floats | None
    rows: slice

    def spread(self, by_run: Floats) -> Floats:
        """(m,) from (runs,)."""
        return np.repeat(by_run, self.lengths)

    def by_run(self, values: Floats) -> Floats:
        """(..., runs) sums of (..., m)."""
        return np.add.reduceat(values, self.starts, axis=-1)


def tiles(battles: Battles, rows: range | None = None) -> Iterator[Tile]:
    """The rows, tile by tile."""
    wanted = range(len(battles)) if rows is None else rows
    for low in range(wanted.start, wanted.stop, TILE):
        here = slice(low, min(low + TILE, wanted.stop))
        pair = np.asarray(battles.pair[here])
        starts = np.concatenate([[0], np.flatnonzero(pair[1:] != pair[:-1]) + 1])
        features = np.empty((len(battles.columns), len(pair)))
        for place, column in enumerate(battles.columns):
            features[place] = column[here]
        weight = None if battles.weight is None else np.asarray(battles.weight[here], dtype=np.float64)
        lengths = np.diff(starts, append=len(pair))
        yield Tile(
            pair[starts].astype(np.int64), starts, lengths, np.asarray(battles.score[here]), features, weight, here
        )

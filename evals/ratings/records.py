"""From records of battles (Arrow) to `Battles`: a strict reading, which refuses by row and says why.

A record names two models and a winner. What cannot be read is refused: an unknown label is no tie, an unknown model
no new one, a missing feature no zero. Refused rows come back with kind and message, in the form that a dead letter
needs; those that can be read are rated.

Duplicates and caps are kept across batches by `Admission`, in the order of the rows: the first of a battle id, the
first so many of a user or a prompt. Ids are known by 64 bits of a hash (of 10^8 different ones, two are the same with
a chance of 3 in 10^4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from evals.ratings.battles import LOSS, TIE, WIN, Array, Battles, Ints, Mask, battles_of

LABELS: Mapping[str, int] = MappingProxyType(
    {"model_a": WIN, "model_b": LOSS, "tie": TIE, "tie (bothbad)": TIE, "both_bad": TIE}
)
"""Half points of model_a by winner label, as public preference data has them."""

Hashes = npt.NDArray[np.uint64]


class Refusal(NamedTuple):
    """A row that is not rated."""

    row: int
    kind: str
    message: str


@dataclass(frozen=True)
class Reading:
    """Which columns mean what."""

    models: tuple[str, ...]
    features: tuple[str, ...] = ()
    """Columns of differences, model_a minus model_b."""
    model_a: str = "model_a"
    model_b: str = "model_b"
    winner: str = "winner"
    labels: Mapping[str, int] = field(default_factory=lambda: LABELS)
    weight: str | None = None
    cluster: str | None = None
    """Whose rows are not independent: users, prompts or sessions. A row that names none is a cluster of its own."""
    position: bool = False
    """Adds the first mover's advantage as a feature."""


class Admission:
    """Which rows are let in, over all batches: each battle once, so many of one user and of one prompt. Rows that name
    none are let in."""

    def __init__(
        self,
        battle: str | None = None,
        user: str | None = None,
        per_user: int | None = None,
        prompt: str | None = None,
        per_prompt: int | None = None,
    ):
        self._limits = [("duplicate", battle, 1), ("user cap", user, per_user), ("prompt cap", prompt, per_prompt)]
        for kind, column, most in self._limits[1:]:
            if column is None and most is not None:
                raise ValueError(f"{kind} of {most}: of which column?")
        self._counts: dict[str, _Counts] = {kind: _Counts() for kind, _, _ in self._limits}

    def refuse(self, table: pa.Table, allowed: Mask) -> list[tuple[str, Mask, str]]:
        """(kind, rows, message); rows that are not `allowed`, or refused by an earlier limit, are not counted."""
        refused = []
        left = allowed.copy()
        for kind, column, most in self._limits:
            if column is None or most is None:
                continue
            over = np.zeros(len(left), dtype=bool)
            rows = np.flatnonzero(left & pc.is_valid(_column(table, column)).to_numpy(zero_copy_only=False))
            over[rows] = self._counts[kind].ordinal(hashes(_column(table, column))[rows]) >= most
            refused.append((kind, over, f"more than {most} of this {column!r}: {{{column}}}"))
            left &= ~over
        return refused


def read(
    table: pa.Table, reading: Reading, admission: Admission | None = None, before: int = 0
) -> tuple[Battles, list[Refusal]]:
    """The battles of a table, in the order of its rows, and what was refused. `before`: rows of earlier batches.

    Raises KeyError for a column that is not there, ValueError for features that are no numbers.
    """
    a = _index(_column(table, reading.model_a), reading.models)
    b = _index(_column(table, reading.model_b), reading.models)
    label = _index(_column(table, reading.winner), list(reading.labels))
    numbers = {name: _floats(table, name) for name in reading.features}
    weight = None if reading.weight is None else _floats(table, reading.weight)
    problems = [
        ("unknown model", a < 0, f"not among the models: {{{reading.model_a}}}"),
        ("unknown model", b < 0, f"not among the models: {{{reading.model_b}}}"),
        ("self-battle", (a == b) & (a >= 0), f"the same model on both sides: {{{reading.model_a}}}"),
        ("unknown label", label < 0, f"winner {{{reading.winner}}} is none of {', '.join(reading.labels)}"),
        *(("bad feature", ~np.isfinite(v), f"feature {name} is {{{name}}}") for name, v in numbers.items()),
    ]
    if weight is not None:
        bad = ~(np.isfinite(weight) & (weight >= 0))
        problems.append(("bad weight", bad, f"a weight is finite and at least 0, not {{{reading.weight}}}"))
    good = ~np.logical_or.reduce([mask for _, mask, _ in problems])
    if admission is not None:
        problems += admission.refuse(table, good)
        good &= ~np.logical_or.reduce([mask for _, mask, _ in problems])
    points = np.array(list(reading.labels.values()))
    battles = battles_of(
        reading.models,
        a[good],
        b[good],
        points[label[good]],
        {name: values[good] for name, values in numbers.items()},
        weight=None if weight is None else weight[good],
        cluster=None if reading.cluster is None else _clusters(_column(table, reading.cluster), before)[good],
        position=reading.position,
        kind=np.float32,
    )
    return battles, _refusals(table, problems)


def _clusters(column: pa.Array, before: int) -> Hashes:
    """As one cluster, all rows that name none would answer for each other; so each gets the hash of its place."""
    found = hashes(column)
    own = _mixed(_mixed(np.arange(before, before + len(column), dtype=np.uint64)))
    return np.where(pc.is_null(column).to_numpy(zero_copy_only=False), own, found)


def _refusals(table: pa.Table, problems: list[tuple[str, Mask, str]]) -> list[Refusal]:
    """One a row: the first that was found."""
    found: dict[int, Refusal] = {}
    for kind, mask, message in problems:
        for row in np.flatnonzero(mask).tolist():
            if row not in found:
                found[row] = Refusal(row, kind, _filled(message, table, row))
    return [found[row] for row in sorted(found)]


def _filled(message: str, table: pa.Table, row: int) -> str:
    start, _, rest = message.partition("{")
    name, _, end = rest.partition("}")
    return f"{start}{table.column(name)[row].as_py()!r}{end}" if name else message


def _column(table: pa.Table, name: str) -> pa.Array:
    if name not in table.column_names:
        raise KeyError(f"no column {name!r}; there are {', '.join(table.column_names)}")
    column = table.column(name)
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _index(column: pa.Array, values: Sequence[str]) -> Ints:
    """The place of each text in `values`, -1 where it is not there."""
    if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
        column = pc.cast(column, pa.string())
    places = pc.index_in(column, value_set=pa.array(list(values), type=column.type))
    return np.asarray(pc.fill_null(places, -1).to_numpy(zero_copy_only=False), dtype=np.int64)


def _floats(table: pa.Table, name: str) -> Array:
    """Numbers, NaN where there is none."""
    column = _column(table, name)
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type) or pa.types.is_null(column.type)):
        raise ValueError(f"column {name!r} holds {column.type}; a feature or weight holds numbers")
    return np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)


# -- ids ---------------------------------------------------------------------------------------------


def hashes(column: pa.Array) -> Hashes:
    """64 bits of every value, the same in every process. A missing value is a value of its own."""
    if pa.types.is_integer(column.type):
        values = pc.fill_null(column, -(2**31)).to_numpy(zero_copy_only=False).astype(np.int64).view(np.uint64)
        return _mixed(values)
    texts = pc.cast(pc.fill_null(pc.cast(column, pa.large_string()), "\0"), pa.large_binary())
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(texts.buffers()[2] or b"", dtype=np.uint8)[offsets[:1].sum() : offsets[-1:].sum()]
    lengths = np.diff(offsets)
    if not len(lengths):
        return np.empty(0, dtype=np.uint64)
    # A random odd factor for each place in the text, summed: a multilinear hash. Its low bits are weak: mix.
    place = np.arange(len(data)) - np.repeat(offsets[:-1] - offsets[0], lengths)
    factors = _mixed(np.arange(1, int(lengths.max(initial=0)) + 2, dtype=np.uint64)) | np.uint64(1)
    terms = np.concatenate([(data.astype(np.uint64) + np.uint64(1)) * factors[place], np.zeros(1, dtype=np.uint64)])
    summed = np.add.reduceat(terms, offsets[:-1] - offsets[0])
    summed[lengths == 0] = 0
    return _mixed(summed + lengths.astype(np.uint64))


def _mixed(values: Hashes) -> Hashes:
    """splitmix64 (Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        z = values + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


class _Counts:
    """How often each hash was seen: sorted arrays, 16 bytes for each different one."""

    def __init__(self) -> None:
        self._parts: list[tuple[Hashes, Ints]] = []

    def ordinal(self, keys: Hashes) -> Ints:
        """Of each key: how often it was there before, in earlier batches and in this one."""
        order = np.argsort(keys, kind="stable")
        unique, starts, counts = np.unique(keys[order], return_index=True, return_counts=True)
        earlier = np.zeros(len(unique), dtype=np.int64)
        for known, seen in self._parts:
            place = np.minimum(np.searchsorted(known, unique), len(known) - 1)
            earlier += np.where(known[place] == unique, seen[place], 0)
        ordinals = np.empty(len(keys), dtype=np.int64)
        ordinals[order] = np.arange(len(keys)) - np.repeat(starts - earlier, counts)
        if len(unique):
            self._parts.append((unique, counts))
            self._merge()
        return ordinals

    def _merge(self) -> None:
        """Keeps the parts few: each is more than twice as long as the next."""
        while len(self._parts) > 1 and len(self._parts[-2][0]) < 2 * len(self._parts[-1][0]):
            (a, of_a), (b, of_b) = self._parts.pop(), self._parts.pop()
            unique, inverse = np.unique(np.concatenate([a, b]), return_inverse=True)
            self._parts.append((unique, np.bincount(inverse, np.concatenate([of_a, of_b])).astype(np.int64)))


def spilled(battles: Battles) -> dict[str, Any]:
    """The columns of some battles by name, for a spill; `restored` makes battles of them."""
    columns: dict[str, Any] = {"pair": battles.pair, "score": battles.score}
    columns |= {f"feature {name}": column for name, column in zip(battles.features, battles.columns, strict=True)}
    columns |= {name: c for name, c in (("weight", battles.weight), ("cluster", battles.cluster)) if c is not None}
    return columns


def restored(models: Sequence[str], columns: Mapping[str, Array]) -> Battles:
    """Battles over columns that `spilled` named."""
    features = [name for name in columns if name.startswith("feature ")]
    return Battles(
        tuple(models),
        tuple(name.removeprefix("feature ") for name in features),
        columns["pair"],
        columns["score"],
        tuple(columns[name] for name in features),
        columns.get("weight"),
        columns.get("cluster"),
    )

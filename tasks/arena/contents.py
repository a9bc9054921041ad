"""What is in battles, told in one reading of their small columns: who played, in what, when, and what was counted.

Memory: a name for each model, category, language and period.
"""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from evals.style import FEATURES, count_differences
from tasks.arena.params import Period, RatingsParams

Floats = npt.NDArray[np.float64]

UNKNOWN = "unknown"
"""The winner where the judge did not say."""
MISSING = 0.05
"""A feature that more of the battles lack is not taken without being asked for."""

COUNTS = tuple(f"{name}_{side}" for side in ("a", "b") for name in FEATURES)
COLUMNS = (
    *("battle_id", "prompt_id", "model_a", "model_b", "winner", "weight", "judge", "simulated", "categories"),
    *("language", "user", "session", "at", *COUNTS, "extra", "place"),
)
"""All but the texts."""

CLUSTERS = {"prompt": "prompt_id", "user": "user", "session": "session"}
"""The column that says whose a battle is."""
_FORMS = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}


@dataclass(frozen=True, order=True)
class Board:
    """Which battles a leaderboard is about."""

    kind: str
    value: str = ""

    @property
    def name(self) -> str:
        return f"{self.kind} {self.value}" if self.value else self.kind


OVERALL = Board("overall")


@dataclass
class Contents:
    """Sums over batches."""

    rows: int = 0
    simulated: int = 0
    unknown: int = 0
    models: set[str] = field(default_factory=set)
    judges: Counter[str] = field(default_factory=Counter)
    boards: Counter[Board] = field(default_factory=Counter)
    """Battles of each category, language and period whose winner is known."""
    missing: Counter[str] = field(default_factory=Counter)
    """Battles in which a feature was not counted, ..."""
    without_cluster: int = 0
    """Battles that do not name whose they are, where clusters are by a column."""
    square: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """... and the sum of its squared differences, unnormalised: 0 where no two answers differ."""

    def spread(self, feature: str) -> float:
        """Root mean square of a feature's difference."""
        return float(np.sqrt(self.square[feature] / max(self.rows - self.missing[feature], 1)))

    def usable(self, feature: str) -> bool:
        """Whether it was counted nearly everywhere, and differs somewhere."""
        return self.missing[feature] <= MISSING * self.rows and self.square[feature] > 0


def contents(batches: Iterable[pa.RecordBatch], params: RatingsParams) -> Contents:
    """One reading."""
    found = Contents()
    for batch in batches:
        found.rows += batch.num_rows
        found.simulated += pc.sum(batch["simulated"]).as_py() or 0
        found.unknown += pc.sum(pc.equal(batch["winner"], UNKNOWN)).as_py() or 0
        found.models |= {*pc.unique(batch["model_a"]).to_pylist(), *pc.unique(batch["model_b"]).to_pylist()}
        found.judges.update(_counted(batch["judge"]))
        if params.cluster != "none":
            found.without_cluster += batch[CLUSTERS[params.cluster]].null_count
        decided = batch.filter(pc.not_equal(batch["winner"], UNKNOWN))
        for board, values in memberships(decided, params):
            found.boards.update({Board(board, value): count for value, count in _counted(values).items()})
        for name, values in raw_features(batch).items():
            known = np.isfinite(values)
            if name not in found.missing:  # in none of the batches before
                found.missing[name] = found.rows - batch.num_rows
            found.missing[name] += int((~known).sum())
            found.square[name] += float((values[known] ** 2).sum())
        for name in set(found.missing) - set(FEATURES) - set(extras(batch)):
            found.missing[name] += batch.num_rows
    return found


def memberships(batch: pa.RecordBatch, params: RatingsParams) -> Iterator[tuple[str, pa.Array]]:
    """(kind of board, the value of each row); categories are taken apart, a row of the array for each."""
    if "category" in params.boards:
        yield "category", batch["categories"].flatten()
    if "language" in params.boards:
        yield "language", batch["language"]
    if params.drift != "none":
        yield "period", period_of(batch["at"], params.drift)


def members(batch: pa.RecordBatch, board: Board, period: Period) -> npt.NDArray[np.bool_]:
    """Which rows of the batch belong to a board."""
    match board.kind:
        case "category":
            lists = batch["categories"]
            rows = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
            inside = np.zeros(batch.num_rows, dtype=bool)
            inside[rows[_is(lists.flatten(), board.value)]] = True
            return inside
        case "language":
            return _is(batch["language"], board.value)
        case "period":
            return _is(period_of(batch["at"], period), board.value)
        case _:
            return np.ones(batch.num_rows, dtype=bool)


def period_of(at: pa.Array, period: Period) -> pa.Array:
    """Names that sort by time: 2026-11, 2026-W47, 2026-11-24; null where there is no time."""
    if period == "none":
        return pa.nulls(len(at), pa.utf8())
    return pc.strftime(at, format=_FORMS[period])


def ordinal_of(name: str, period: Period) -> int:
    """The period's place in time, so that one after another differ by 1. Raises ValueError for no name of a period."""
    if period == "week":
        return datetime.datetime.strptime(f"{name}-1", "%G-W%V-%u").toordinal() // 7
    day = datetime.datetime.strptime(name, _FORMS[period])
    return day.toordinal() if period == "day" else 12 * day.year + day.month


def differences(
    batch: pa.RecordBatch, names: Iterable[str], params: RatingsParams, spread: Mapping[str, float]
) -> dict[str, Floats]:
    """The features as they are rated, model_a minus model_b; NaN where nobody counted."""
    wanted = list(names)
    counted = [name for name in wanted if name in FEATURES]
    needed = {*counted, "length"} if params.normalisation == "density" and counted else {*counted}
    a, b = ({name: floats(batch[f"{name}_{side}"]) for name in FEATURES if name in needed} for side in "ab")
    styled = count_differences(a, b, params.normalisation, spread) if counted else {}
    return {name: styled[name] if name in counted else _extra(batch, name) for name in wanted}


def raw_features(batch: pa.RecordBatch) -> dict[str, Floats]:
    """Every feature that a batch has: plain differences of counts, and what is in `extra`."""
    counted = {name: floats(batch[f"{name}_a"]) - floats(batch[f"{name}_b"]) for name in FEATURES}
    return counted | {name: _extra(batch, name) for name in extras(batch)}


def extras(batch: pa.RecordBatch) -> list[str]:
    """Names in `extra`, sorted."""
    return sorted(pc.unique(batch["extra"].keys).to_pylist())


def floats(column: pa.Array) -> Floats:
    """NaN for null."""
    return np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _extra(batch: pa.RecordBatch, name: str) -> Floats:
    column = batch["extra"]
    rows = np.repeat(np.arange(len(column)), np.diff(column.offsets.to_numpy()))
    here = _is(column.keys, name)
    values = np.full(len(column), np.nan)
    values[rows[here]] = floats(column.items)[here]
    return values


def _is(column: pa.Array, value: str) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.fill_null(pc.equal(column, value), False).to_numpy(zero_copy_only=False), dtype=bool)


def _counted(values: pa.Array) -> dict[Any, int]:
    counted = pc.value_counts(values)
    found = dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True))
    found.pop(None, None)
    return found

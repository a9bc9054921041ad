"""From Arrow batches of records to battles on disk: decoded once, in bounded memory, and mapped for the fits.

Each batch is read strictly, sorted by pair (fits are faster then, and come to the same), and appended to a spill of
some 25 bytes a battle. What is held in memory is a batch, the refusals, and what `Admission` knows of ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evals.ratings.battles import Battles, sorted_by_pair
from evals.ratings.records import Admission, Reading, Refusal, read, restored, spilled
from storage.spill import Spill


class Refused(NamedTuple):
    """A record that is not rated."""

    row: int
    """In the order of all batches."""
    kind: str
    message: str


@dataclass(frozen=True, eq=False)
class Decoded:
    battles: Battles
    refused: list[Refused]
    rows: int
    """Records that were read."""


@contextmanager
def decoded(
    batches: Iterable[pa.RecordBatch | pa.Table],
    reading: Reading,
    admission: Admission | None = None,
    folder: str | Path | None = None,
) -> Iterator[Decoded]:
    """The battles of all batches. `folder`: a local disk for the spill; None is the system's temporary folder."""
    with Spill(layout(reading), folder) as spill:
        refused: list[Refused] = []
        rows = 0
        for batch in batches:
            table = pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
            battles, failures = read(table, reading, admission, rows)
            refused += [_placed(failure, rows) for failure in failures]
            rows += table.num_rows
            spill.append(spilled(sorted_by_pair(battles)))
        yield Decoded(restored(reading.models, spill.columns()), refused, rows)


def named(
    batches: Iterable[pa.RecordBatch | pa.Table], columns: tuple[str, str] = ("model_a", "model_b")
) -> tuple[str, ...]:
    """The models that records name, sorted, for data that comes without a list of them; a missing name is none."""
    names: set[str] = set()
    for batch in batches:
        for column in columns:
            names |= {name for name in pc.unique(batch.column(column)).to_pylist() if name is not None}
    return tuple(sorted(names))


def _placed(refusal: Refusal, before: int) -> Refused:
    return Refused(refusal.row + before, refusal.kind, refusal.message)


def layout(reading: Reading) -> dict[str, np.dtype[np.generic]]:
    """The columns that `spilled` will make of such records."""
    empty = pa.table({name: pa.array([], pa.string()) for name in _texts(reading)} | _numbers(reading))
    return {name: column.dtype for name, column in spilled(read(empty, reading)[0]).items()}


def _texts(reading: Reading) -> list[str]:
    return [c for c in (reading.model_a, reading.model_b, reading.winner, reading.cluster) if c is not None]


def _numbers(reading: Reading) -> dict[str, pa.Array]:
    names = [*reading.features, *([] if reading.weight is None else [reading.weight])]
    return {name: pa.array([], pa.float64()) for name in names}

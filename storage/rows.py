"""Rows on their way into a schema: nothing is dropped, guessed or rounded on the way.

Guaranteed: a table that comes out of here has exactly the declared schema, no null where none is declared,
valid UTF-8, and no number that lost digits. What does not fit raises; one unfit row is named by id and
column, so that the caller can make a dead letter of it. NUL characters and long strings are fine; a lone
surrogate (which a tokenizer can produce and UTF-8 cannot hold) is not.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from storage.schemas import DEAD_SCHEMA, Dataset
from storage.secrets import masker

LETTER_BYTES = 10_000

Row = Mapping[str, Any]


class BadRow(ValueError):
    """One row that does not fit its schema."""

    def __init__(self, dataset: str, row_id: str, column: str, why: str):
        super().__init__(f"{dataset} row {row_id}, column {column!r}: {why}")
        self.dataset, self.row_id, self.column, self.why = dataset, row_id, column, why

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.dataset, self.row_id, self.column, self.why)


class SchemaMismatch(ValueError):
    """A table whose columns are not the declared ones."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A row that failed, kept so that it can be counted, understood and replayed."""

    id: str
    stage: str
    kind: str
    """One of few words, to be counted by: engine_error, unparsable, ..."""
    message: str
    place: str = ""
    """Where the row came from: file and line, or the id of the row it derives from."""
    payload: str = ""
    """JSON of what failed; cut at 10 kB, so a larger one cannot be replayed from here."""
    at: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))


def table_of(dataset: Dataset, rows: pa.Table | Sequence[Row]) -> pa.Table:
    """`rows` as a table of the dataset; raises SchemaMismatch for wrong columns, BadRow for an unfit row."""
    table = rows if isinstance(rows, pa.Table) else _from_rows(dataset, rows)
    table = _conform(table, dataset.schema, dataset.name)
    for name in dataset.schema.names:
        _check_nulls(dataset, table, name)
    table.validate(full=True)
    return table


def dead_table(letters: Iterable[DeadLetter]) -> pa.Table:
    """Dead letters as a table, secrets masked; never raises for what they say."""
    mask = masker()
    texts = [name for name in DEAD_SCHEMA.names if name != "at"]
    rows = [{name: _clean(mask(getattr(letter, name))) for name in texts} | {"at": letter.at} for letter in letters]
    return pa.Table.from_pylist(rows, schema=DEAD_SCHEMA)


def first_of_each(table: pa.Table, key: str) -> pa.Table:
    """The first row of every id, in the table's order."""
    numbered = pa.table({"id": table[key], "place": pa.array(range(table.num_rows), pa.int64())})
    firsts = numbered.group_by("id").aggregate([("place", "min")])["place_min"]
    return table.filter(pc.is_in(numbered["place"], value_set=firsts))  # take would copy texts into one array


def _from_rows(dataset: Dataset, rows: Sequence[Row]) -> pa.Table:
    names = set(dataset.schema.names)
    integers = [column for column in dataset.schema if "int" in str(column.type)]
    for row in rows:
        if row.keys() != names:
            raise _wrong_columns(dataset, row)
        for column in integers:
            if _has_float(row[column.name]):
                why = f"{_brief(row[column.name])} is no {column.type}"  # Arrow would cut 3.5 to 3
                raise BadRow(dataset.name, _id(dataset, row), column.name, why)
    try:
        return pa.Table.from_pylist(rows, schema=dataset.schema)
    except (ValueError, TypeError, OverflowError) as error:
        raise _first_bad(dataset, rows) or error from error


def _has_float(value: object) -> bool:
    return any(map(_has_float, value)) if isinstance(value, list | tuple) else isinstance(value, float)


def _first_bad(dataset: Dataset, rows: Sequence[Row]) -> BadRow | None:
    """Arrow names no row: convert one value after the other until one is refused."""
    for row in rows:
        for column in dataset.schema:
            try:
                pa.array([row[column.name]], column.type)
            except UnicodeEncodeError as error:
                why = (
                    f"character {error.start} is {error.object[error.start]!r}, half of a surrogate pair: "
                    "UTF-8 cannot hold it. Decode tokens with errors='replace', or make a dead letter of it"
                )
                return BadRow(dataset.name, _id(dataset, row), column.name, why)
            except (ValueError, TypeError, OverflowError) as error:
                why = f"{_brief(row[column.name])} is no {column.type} ({error})"
                return BadRow(dataset.name, _id(dataset, row), column.name, why)
    return None


def _wrong_columns(dataset: Dataset, row: Row) -> BadRow:
    missing = [name for name in dataset.schema.names if name not in row]
    if missing:
        return BadRow(dataset.name, _id(dataset, row), missing[0], f"missing (the row has {sorted(row)})")
    unknown = sorted(row.keys() - set(dataset.schema.names))[0]
    return BadRow(dataset.name, _id(dataset, row), unknown, f"not declared in v{dataset.version} of the schema")


def _conform(table: pa.Table, schema: pa.Schema, name: str) -> pa.Table:
    if set(table.schema.names) != set(schema.names) or len(table.schema.names) != len(schema.names):
        missing = sorted(set(schema.names) - set(table.schema.names))
        unknown = sorted(set(table.schema.names) - set(schema.names))
        raise SchemaMismatch(f"{name}: columns missing {missing}, not declared {unknown} (each once, by their names)")
    table = table.select(schema.names)
    wrong = [
        f"{want.name} is {have.type}, should be {want.type}"
        for have, want in zip(table.schema, schema, strict=True)
        if have.type != want.type
    ]
    if wrong:
        raise SchemaMismatch(f"{name}: " + "; ".join(wrong))
    return pa.Table.from_arrays(table.columns, schema=schema)


def _check_nulls(dataset: Dataset, table: pa.Table, name: str) -> None:
    column = table[name]
    if column.null_count and not dataset.schema.field(name).nullable:
        place = column.is_null().index(True).as_py()
        raise BadRow(dataset.name, str(table[dataset.key][place].as_py()), name, "null, but declared never null")


def _id(dataset: Dataset, row: Row) -> str:
    return _brief(row.get(dataset.key))


def _brief(value: object) -> str:
    text = ascii(value) if not isinstance(value, str) else value.encode("ascii", "backslashreplace").decode()
    return text if len(text) <= 80 else f"{text[:77]}..."


def _clean(text: str) -> str:
    return text.encode("utf-8", "backslashreplace")[:LETTER_BYTES].decode("utf-8", "ignore")

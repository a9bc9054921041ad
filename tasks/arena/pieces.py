"""Pieces of tables, as files have them: CSV, JSONL, Parquet or a hub data set, a few thousand rows at a time.

Only the columns that are asked for are read. A line or a part of a file that cannot be read is a refusal; a column that
was named and is not there raises SourceError, which lists what is there.
"""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, islice
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from evals.records import MAX_LINE_BYTES, Record, Refusal, shown
from evals.style import FEATURES
from storage.files import open_files
from tasks.arena.params import BattleImport
from tasks.records import SUFFIXES, SourceError, files_of, jsonl_records, records_of

TABLES = (*SUFFIXES, ".csv")
ROWS = 8192
"""Rows of a piece."""
TEXTS = ("battle_id", "prompt_id", "question", "model_a", "model_b", "winner", "judge", "user", "session", "language")
ANSWERS = ("text_a", "text_b")
NEEDED = ("model_a", "model_b", "winner")
COUNTS = tuple(f"{name}_{side}" for side in "ab" for name in FEATURES)
FIELDS = (*TEXTS, *ANSWERS, "category", "at", "weight", *COUNTS)


@dataclass(frozen=True)
class Piece:
    """Some rows, by the file's column names."""

    places: list[str]
    """Of each row, such as `votes.csv:2`."""
    table: pa.Table


def mapped(origin: BattleImport) -> dict[str, str]:
    """Our field to the file's column."""
    if unknown := sorted(origin.columns.keys() - set(FIELDS)):
        raise SourceError(f"columns: {unknown} are no fields of a battle; there are {', '.join(FIELDS)}")
    return {name: origin.columns.get(name, name) for name in FIELDS}


# -- battles -----------------------------------------------------------------------------------------


def pieces(origin: BattleImport, columns: Mapping[str, str]) -> Iterator[Piece | Refusal]:
    """At most `limit` rows of all files. Raises SourceError."""
    wanted = [*columns.values(), *origin.extra]
    if origin.source == "hub":
        yield from _of_records(records_of(origin), columns, origin)
        return
    left = origin.limit
    for folder, name in files_of(origin.path or "", TABLES):
        with open_files(folder).open(name) as handle:
            for piece in _of_file(handle, name, wanted, columns, origin):
                if isinstance(piece, Piece) and left is not None:
                    piece = Piece(piece.places[:left], piece.table.slice(0, left))
                    left -= len(piece.places)
                yield piece
                if left == 0:
                    return


def _of_file(
    handle: BinaryIO, name: str, wanted: list[str], columns: Mapping[str, str], origin: BattleImport
) -> Iterator[Piece | Refusal]:
    if name.endswith(".parquet"):
        yield from _parquet(handle, name, wanted, columns, origin)
    elif name.endswith(".csv"):
        yield from _of_records(_csv(handle, name), columns, origin)
    else:
        yield from _of_records(jsonl_records(handle, name), columns, origin)


def _parquet(
    handle: BinaryIO, name: str, wanted: list[str], columns: Mapping[str, str], origin: BattleImport
) -> Iterator[Piece | Refusal]:
    try:
        file = pq.ParquetFile(handle, pre_buffer=False)  # buffered ahead, Arrow would keep all that it has read
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{name}: is no whole Parquet file ({error}); was it cut off? Write it again") from error
    there = file.schema_arrow.names
    _require(columns, origin, there, name)
    first = 1
    for group in range(file.num_row_groups):
        last = first + file.metadata.row_group(group).num_rows - 1
        try:
            for batch in file.iter_batches(ROWS, row_groups=[group], columns=[c for c in wanted if c in there]):
                places = [f"{name}:{row}" for row in range(first, first + batch.num_rows)]
                yield Piece(places, pa.Table.from_batches([batch]))
                first += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            message = f"rows {first} to {last} cannot be read ({error}); write the file again"
            yield Refusal("unreadable_rows", message, f"{name}:{first}-{last}", shown({"row_group": group}))
            first = last + 1


def _require(columns: Mapping[str, str], origin: BattleImport, there: Iterable[str], name: str) -> None:
    """Raises SourceError for a column that has to be there, or was named, and is not."""
    have = set(there)
    missing = [columns[field] for field in (*NEEDED, *origin.columns) if columns[field] not in have]
    missing += [column for column in origin.extra if column not in have]
    if missing:
        raise SourceError(
            f"{name}: no columns {', '.join(dict.fromkeys(missing))}; there are {', '.join(sorted(have))}. Say with "
            '`columns` which column holds which field, as in --set \'imported.columns={"winner": "vote"}\''
        )


def _csv(handle: BinaryIO, name: str) -> Iterator[Record | Refusal]:
    csv.field_size_limit(MAX_LINE_BYTES)
    reader = csv.reader(io.TextIOWrapper(handle, encoding="utf-8-sig", errors="surrogateescape", newline=""))
    header = next(reader, None)
    if header is None:
        raise SourceError(f"{name}: is empty; the first line names the columns")
    for number in count(2):
        place = f"{name}:{number}"
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Refusal("not_csv", f"{error}; write the row again", place, shown({}))
            continue
        if len(cells) != len(header):
            message = f"{len(cells)} cells, but {len(header)} columns; quote cells that hold commas"
            yield Refusal("wrong_width", message, place, shown({"cells": cells}))
        else:
            yield Record(place, {key: cell or None for key, cell in zip(header, cells, strict=True)})


def _of_records(
    records: Iterator[Record | Refusal], columns: Mapping[str, str], origin: BattleImport
) -> Iterator[Piece | Refusal]:
    first = True
    while chunk := list(islice(records, ROWS)):
        yield from (each for each in chunk if isinstance(each, Refusal))
        good = [each for each in chunk if isinstance(each, Record)]
        if not good:
            continue
        there = {name for record in good for name in record.fields}
        if first:
            _require(columns, origin, there, good[0].place.rpartition(":")[0])
            first = False
        wanted = {*columns.values(), *origin.extra} & there
        lists = {columns["category"]}
        table = {name: _cells([record.fields.get(name) for record in good], name in lists) for name in sorted(wanted)}
        yield Piece([record.place for record in good], pa.table(table))


def _cells(values: list[Any], lists: bool) -> pa.Array:
    """Texts, whatever a record holds; lists of texts where several may stand."""
    if lists:
        several = [v if isinstance(v, list) else None if v is None else [v] for v in values]
        return pa.array([None if v is None else [_text(each) for each in v] for v in several], pa.list_(pa.utf8()))
    return pa.array([_text(value) for value in values], pa.utf8())


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = value.isoformat() if isinstance(value, datetime.datetime) else str(value)
    return text.encode("utf-8", "backslashreplace").decode()

"""Rows on disk for one run: appended in any order, read in the order of their places.

For a stage whose rows come as engines finish them and are more than memory should hold: its code puts each at its
place, and hands the reader on to the commit. A row goes to the shelf of its place, `SHELF` places to a shelf; reading
takes up one shelf after the other and sorts what is on it. Rows of one place stay in the order they came, or the first
counts alone. In memory are the rows that wait to be shelved, and the shelf that is being read: of rows of a kilobyte
some 20 MB, however many there are. One anonymous temporary file on a local disk, compressed, so that nothing is left
behind, not even by kill -9. It is no dataset: nothing is synced. (storage/row_spill.py is for rows that come in order.)
"""

from __future__ import annotations

import contextlib
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from storage.ids import Ints
from storage.scratch import room_for

SHELF = 4096
WAITING_ROWS = 16_384
WAITING_BYTES = 32 * 2**20

_PLACE = "place of the row"
_PIECE = 256
"""Rows that are Python values at a time."""
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


class PlacedRows:
    """Rows of one schema. `folder`: a local disk; None is the system's temporary folder. `first`: of the rows of
    one place the one that came first is there alone."""

    def __init__(self, schema: pa.Schema, folder: str | Path | None = None, *, first: bool = False):
        self._schema, self._folder, self._first = schema, folder, first
        self._stored = schema.append(pa.field(_PLACE, pa.int64()))
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._writer = pa.ipc.new_file(self._file, self._stored, options=_OPTIONS)
        self._shelves: defaultdict[int, list[int]] = defaultdict(list)
        """Shelf to the numbers of its batches in the file."""
        self._batches = 0
        self._waiting: list[pa.Table] = []
        self._rows = self._bytes = 0

    def append(self, rows: pa.Table, places: Sequence[int] | Ints) -> None:
        """Adds rows, each with its place. Raises ValueError for another schema, or once they are read, and
        StorageFull."""
        if self._writer is None:
            raise ValueError("the rows are being read: append everything before")
        if rows.schema != self._schema:
            raise ValueError(f"the rows are of schema\n{self._schema}\nand not\n{rows.schema}")
        self._waiting.append(rows.append_column(self._stored.field(_PLACE), pa.array(places, pa.int64())))
        self._rows += rows.num_rows
        self._bytes += rows.nbytes
        if self._rows >= WAITING_ROWS or self._bytes >= WAITING_BYTES:
            self._shelve()

    def reader(self) -> pa.RecordBatchReader:
        """All rows, in the order of their places. Ends the appending."""
        batches = (batch for shelf in self._in_order(self._schema.names) for batch in _batches(shelf))
        return pa.RecordBatchReader.from_batches(self._schema, batches)

    def items(self, columns: Sequence[str] | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
        """(place, row) of all rows, in the order of their places. Ends the appending."""
        for shelf in self._in_order(columns or self._schema.names):
            for start in range(0, shelf.num_rows, _PIECE):
                for row in shelf.slice(start, _PIECE).to_pylist():
                    yield row.pop(_PLACE), row

    def _shelve(self) -> None:
        """Writes what waits, one batch to a shelf."""
        if not self._rows:
            return
        table = pa.concat_tables(self._waiting).sort_by(_PLACE)  # stable
        self._waiting.clear()
        self._rows = self._bytes = 0
        shelves, starts = np.unique(table[_PLACE].to_numpy() // SHELF, return_index=True)
        for shelf, start, stop in zip(shelves.tolist(), starts, [*starts[1:], table.num_rows], strict=True):
            [batch] = table.slice(start, stop - start).combine_chunks().to_batches()
            with self._room():
                self._writer.write_batch(batch)
            self._shelves[shelf].append(self._batches)
            self._batches += 1

    def _in_order(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """One shelf after the other, with the places beside the columns."""
        if self._writer is not None:
            self._shelve()
            with self._room():
                self._writer.close()
                self._file.flush()
            self._writer = None
        file = pa.ipc.open_file(self._file)
        for shelf in sorted(self._shelves):
            batches = [file.get_batch(number).select([*columns, _PLACE]) for number in self._shelves[shelf]]
            table = pa.Table.from_batches(batches).sort_by(_PLACE)
            yield table.filter(pa.array(_firsts(table[_PLACE].to_numpy()))) if self._first else table

    def _room(self) -> contextlib.AbstractContextManager[None]:
        return room_for(f"rows on {len(self._shelves):,} shelves of {SHELF:,}", self._folder)


def _firsts(places: Ints) -> npt.NDArray[np.bool_]:
    """Which of the places, in their order, are not those of the row before."""
    return np.concatenate([[True], places[1:] != places[:-1]])


def _batches(shelf: pa.Table) -> list[pa.RecordBatch]:
    return list(shelf.drop_columns([_PLACE]).combine_chunks().to_batches())

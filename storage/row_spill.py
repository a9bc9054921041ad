"""Rows on disk for one run: appended batch by batch, then read once from the beginning.

For a stage that makes more rows than memory should hold: its code spills them, and hands the reader on to the commit,
which writes them part by part. One anonymous temporary file on a local disk in Arrow's stream form, compressed, so that
nothing is left behind, not even by kill -9. A spill is no dataset: nothing is synced, and nobody else reads it.
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import pyarrow as pa

from storage.scratch import room_for

_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


class RowSpill:
    """Rows of one schema. `folder`: a local disk; None is the system's temporary folder."""

    def __init__(self, schema: pa.Schema, folder: str | Path | None = None):
        self._schema, self._folder = schema, folder
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._writer = pa.ipc.new_stream(self._file, schema, options=_OPTIONS)
        self.rows = 0

    def append(self, table: pa.Table) -> None:
        """Adds rows. Raises ValueError for another schema, or once the spill is read, and StorageFull."""
        if self._writer is None:
            raise ValueError("the spill is being read: append everything before")
        if table.schema != self._schema:
            raise ValueError(f"the spill holds\n{self._schema}\nand not\n{table.schema}")
        with self._room():
            self._writer.write_table(table)
        self.rows += table.num_rows

    def reader(self) -> pa.RecordBatchReader:
        """All rows, in the order they came. Ends the appending; the disk is free again when the reader is gone."""
        if self._writer is None:
            raise ValueError("the spill is being read: it is read once")
        with self._room():
            self._writer.close()
            self._file.seek(0)
        self._writer = None
        return pa.ipc.open_stream(self._file)

    def _room(self) -> contextlib.AbstractContextManager[None]:
        return room_for(f"a spill of {self.rows:,} rows", self._folder)

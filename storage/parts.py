"""Parquet parts of an attempt: tables of any size in, files of bounded size out.

A part holds at most `PART_ROWS` rows and about `PART_BYTES` of Arrow data, so that memory stays bounded on
both sides while texts of a megabyte pass. The same table written in the same way gives the same bytes. Pages
carry checksums.
"""

from __future__ import annotations

import hashlib
import io

import pyarrow as pa
import pyarrow.parquet as pq

from storage.files import Files
from storage.manifest import Part

PART_ROWS = 65_536
PART_BYTES = 128 * 2**20


class PartWriter:
    def __init__(self, files: Files, folder: str, stem: str, schema: pa.Schema):
        self._files, self._folder, self._stem, self._schema = files, folder, stem, schema
        self._waiting: list[pa.Table] = []
        self.parts: list[Part] = []

    def write(self, table: pa.Table) -> None:
        while table.num_rows:
            rows = self._room(table)
            self._waiting.append(table.slice(0, rows))
            table = table.slice(rows)
            if not self._room(table):
                self.finish()

    def finish(self) -> None:
        """Writes what waits as one part."""
        table = pa.concat_tables([self._schema.empty_table(), *self._waiting]).combine_chunks()
        if table.num_rows == 0:
            return
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
        data = sink.getvalue()
        path = f"{self._stem}-{len(self.parts):05d}.parquet"
        self._files.write(f"{self._folder}/{path}", data)
        self.parts.append(
            Part(path=path, rows=table.num_rows, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        )
        self._waiting.clear()

    def _room(self, table: pa.Table) -> int:
        """How many of the table's rows the next part still takes; at least one, if it has none yet."""
        rows: int = sum(waiting.num_rows for waiting in self._waiting)
        size: int = sum(waiting.nbytes for waiting in self._waiting)
        a_row = max(1, table.nbytes // max(1, table.num_rows))
        return max(0 if rows else 1, min(PART_ROWS - rows, (PART_BYTES - size) // a_row))

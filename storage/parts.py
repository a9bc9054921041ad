"""Parquet parts of an attempt: tables of any size in, files of bounded size out.

A part holds at most `PART_ROWS` rows and about `PART_BYTES` of Arrow data, so that memory stays bounded on
both sides while texts of a megabyte pass. The same rows in the same order give the same bytes, so that a
dataset that was made again keeps its digest; where rows are so long that `PART_BYTES` counts, they have to
be handed over in the same pieces too. Pages carry checksums.
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
    def __init__(self, files: Files, folder: str, stem: str):
        self._files, self._folder, self._stem = files, folder, stem
        self._waiting: list[pa.Table] = []
        self._rows = self._bytes = 0
        self.parts: list[Part] = []

    def write(self, table: pa.Table) -> None:
        while table.num_rows:
            piece = table.slice(0, self._room(table))
            self._waiting.append(piece)
            self._rows += piece.num_rows
            self._bytes += piece.nbytes
            table = table.slice(piece.num_rows)
            if not self._room(table):
                self.finish()

    def finish(self) -> None:
        """Writes what waits as one part."""
        if not self._rows:
            return
        sink = io.BytesIO()
        # In one chunk, so that the bytes do not depend on how the rows were handed over.
        table = pa.concat_tables(self._waiting).combine_chunks()
        pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
        data = sink.getvalue()
        path = f"{self._stem}-{len(self.parts):05d}.parquet"
        self._files.write(f"{self._folder}/{path}", data)
        self.parts.append(
            Part(path=path, rows=table.num_rows, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        )
        self._waiting.clear()
        self._rows = self._bytes = 0

    def _room(self, table: pa.Table) -> int:
        """How many of the table's rows the next part still takes; at least one, if it has none yet."""
        a_row: int = max(1, table.nbytes // max(1, table.num_rows))
        room: int = min(PART_ROWS - self._rows, (PART_BYTES - self._bytes) // a_row)
        return max(room, 0 if self._rows else 1)

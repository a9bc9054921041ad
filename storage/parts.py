"""Parquet parts of an attempt: tables of any size in, files of bounded size out.

A part has `PART_GROUPS` row groups, each of at most `GROUP_ROWS` rows and about `GROUP_BYTES` of Arrow data. A group is
encoded as soon as it is full, so that memory holds the rows of one and the compressed bytes of a part, while texts of a
megabyte pass. The same rows in the same order give the same bytes, so that a dataset that was made again keeps its
digest; where rows are so long that `GROUP_BYTES` counts, they have to be handed over in the same pieces too. Pages
carry checksums.
"""

from __future__ import annotations

import hashlib
import io

import pyarrow as pa
import pyarrow.parquet as pq

from storage.files import Files
from storage.manifest import Part

PART_GROUPS = 4
GROUP_ROWS = 16_384
GROUP_BYTES = 32 * 2**20


class PartWriter:
    def __init__(self, files: Files, folder: str, stem: str):
        self._files, self._folder, self._stem = files, folder, stem
        self._waiting: list[pa.Table] = []
        """Rows of the next group."""
        self._rows = self._bytes = 0
        self._sink = io.BytesIO()
        self._part: pq.ParquetWriter | None = None
        self._groups: list[int] = []
        """Rows of each group of the part that is being made."""
        self.parts: list[Part] = []

    def write(self, table: pa.Table) -> None:
        while table.num_rows:
            piece = table.slice(0, self._room(table))
            self._waiting.append(piece)
            self._rows += piece.num_rows
            self._bytes += piece.nbytes
            table = table.slice(piece.num_rows)
            if not self._room(table):
                self._end_group()

    def finish(self) -> None:
        """Writes what waits as one part."""
        if self._rows:
            self._encode()
        if self._part is None:
            return
        self._part.close()
        data = self._sink.getvalue()
        path = f"{self._stem}-{len(self.parts):05d}.parquet"
        self._files.write(f"{self._folder}/{path}", data)
        sha256 = hashlib.sha256(data).hexdigest()
        self.parts.append(Part(path=path, rows=sum(self._groups), bytes=len(data), sha256=sha256))
        self._part, self._sink, self._groups = None, io.BytesIO(), []

    def _end_group(self) -> None:
        self._encode()
        if len(self._groups) == PART_GROUPS:
            self.finish()

    def _encode(self) -> None:
        """Adds what waits to the part, as a row group."""
        # In one chunk, so that the bytes do not depend on how the rows were handed over.
        table = pa.concat_tables(self._waiting).combine_chunks()
        if self._part is None:
            self._part = pq.ParquetWriter(self._sink, table.schema, compression="zstd", write_page_checksum=True)
        self._part.write_table(table, row_group_size=table.num_rows)
        self._groups.append(table.num_rows)
        self._waiting.clear()
        self._rows = self._bytes = 0

    def _room(self, table: pa.Table) -> int:
        """How many of the table's rows the next group still takes; at least one, if it has none yet."""
        a_row: int = max(1, table.nbytes // max(1, table.num_rows))
        room: int = min(GROUP_ROWS - self._rows, (GROUP_BYTES - self._bytes) // a_row)
        return max(room, 0 if self._rows else 1)

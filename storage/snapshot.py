"""A committed partition as one manifest names it: what every read goes through.

A snapshot stays the same while others commit: their files are new ones, and the old stay until they are
collected as garbage. Every read compares each file's size with the manifest and checks the checksums of the
Parquet pages it decodes; `verify` also compares the sha256 of whole files. What differs raises Damaged with
both values.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import pyarrow as pa
import pyarrow.parquet as pq

from storage.files import Files
from storage.manifest import Damaged, Manifest, Part
from storage.schemas import DEAD_SCHEMA, Dataset


@dataclass(frozen=True)
class Snapshot:
    fs: Files
    folder: str
    dataset: Dataset
    manifest: Manifest

    def read(self, columns: Sequence[str] | None = None, verify: bool = False) -> pa.Table:
        """All rows, in the order they were written."""
        schema = self._schema(columns)
        return read_parts(self.fs, self.folder, self.manifest.parts, schema, verify)

    def batches(
        self, columns: Sequence[str] | None = None, batch_rows: int = 8192, verify: bool = False
    ) -> Iterator[pa.RecordBatch]:
        """The same rows, a few at a time."""
        schema = self._schema(columns)
        yield from part_batches(self.fs, self.folder, self.manifest.parts, schema, batch_rows, verify)

    def dead(self) -> pa.Table:
        return read_parts(self.fs, self.folder, self.manifest.dead_parts, DEAD_SCHEMA)

    def files(self) -> list[str]:
        """The data files, for other programs to open."""
        return [self.fs.address(f"{self.folder}/{part.path}") for part in self.manifest.parts]

    def verify(self) -> None:
        """Raises Damaged at the first file that is not what was committed."""
        for part in (*self.manifest.parts, *self.manifest.dead_parts):
            with _opened(self.fs, self.folder, part, verify=True):
                pass

    def _schema(self, columns: Sequence[str] | None) -> pa.Schema:
        schema = self.dataset.schema
        unknown = sorted(set(columns or ()) - set(schema.names))
        if unknown:
            raise KeyError(f"{self.dataset.name} has no columns {unknown}; it has {schema.names}")
        return schema if columns is None else pa.schema([schema.field(name) for name in columns])


def read_parts(files: Files, folder: str, parts: Sequence[Part], schema: pa.Schema, verify: bool = False) -> pa.Table:
    tables = [schema.empty_table()]
    for part in parts:
        with _opened(files, folder, part, verify) as parquet, _explained(files, folder, part):
            tables.append(parquet.read(columns=schema.names).cast(schema))
    return pa.concat_tables(tables)


def part_batches(
    files: Files, folder: str, parts: Sequence[Part], schema: pa.Schema, batch_rows: int, verify: bool = False
) -> Iterator[pa.RecordBatch]:
    for part in parts:
        with _opened(files, folder, part, verify) as parquet, _explained(files, folder, part):
            # One row group at a time: Arrow keeps all that it fetched ahead for what it was asked for at once.
            for group in range(parquet.num_row_groups):
                yield from parquet.iter_batches(batch_rows, row_groups=[group], columns=schema.names)


@contextlib.contextmanager
def _opened(files: Files, folder: str, part: Part, verify: bool) -> Iterator[pq.ParquetFile]:
    address = files.address(f"{folder}/{part.path}")
    try:
        file = files.open(f"{folder}/{part.path}")
    except FileNotFoundError:
        raise Damaged(f"{address} is gone; {part.bytes:,} bytes with sha256 {part.sha256} were committed") from None
    with file:
        size = file.seek(0, os.SEEK_END)
        if size != part.bytes:
            raise Damaged(f"{address} has {size:,} bytes; {part.bytes:,} with sha256 {part.sha256} were committed")
        file.seek(0)
        if verify:
            sha256 = hashlib.file_digest(cast(io.BufferedReader, file), "sha256").hexdigest()
            if sha256 != part.sha256:
                raise Damaged(f"{address} has sha256 {sha256}; {part.sha256} was committed")
            file.seek(0)
        with _explained(files, folder, part):
            parquet = pq.ParquetFile(file, page_checksum_verification=True)
        yield parquet


@contextlib.contextmanager
def _explained(files: Files, folder: str, part: Part) -> Iterator[None]:
    try:
        yield
    except ConnectionError:  # of the network, and says nothing of the file
        raise
    except (pa.ArrowException, OSError) as error:
        address = files.address(f"{folder}/{part.path}")
        raise Damaged(f"{address} cannot be read; sha256 {part.sha256} was committed: {error}") from error

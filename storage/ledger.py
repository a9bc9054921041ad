"""The ledger: expensive rows, kept while they come, so that a kill costs seconds of work and not hours.

Rows are buffered and flushed as one Parquet file each time `rows` are waiting or the oldest waited `seconds`;
a file appears under its name as a whole or not at all. Whoever starts next reads them back with `kept`: of
several rows with one id the first counts, files that cannot be read, or whose pages are not what was written, are
skipped and counted in `torn`.

Guaranteed: what `flush` or `close` returned from is kept, through kill -9 and power cuts. A kill loses at
most the last `seconds`. Only the partition's writer reads a ledger; it is no data until a commit compacts it.
"""

from __future__ import annotations

import datetime
import io
import logging
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from storage.files import Files
from storage.ids import Ids
from storage.rows import Row, SchemaMismatch, first_of_each, table_of
from storage.schemas import Dataset

LEDGER = "ledger"
_log = logging.getLogger(__name__)


class Ledger:
    """Thread-safe. An error of a flush in the background is raised by the next append, unless it passed meanwhile; all
    rows stay, those of that append too, and are tried again by `flush` and `close`."""

    def __init__(self, files: Files, folder: str, dataset: Dataset, rows: int = 512, seconds: float = 5.0):
        self._files, self._folder, self._dataset = files, folder, dataset
        self._rows, self._seconds = rows, seconds
        self._waiting: list[pa.Table] = []
        self._oldest = 0.0
        self._error: Exception | None = None
        self._closed = False
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self.torn = 0
        """Unreadable or half-written files that the last `kept` skipped."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def kept(self) -> pa.Table:
        """All flushed rows of earlier attempts and of this one, each id once."""
        return first_of_each(pa.concat_tables([self._dataset.schema.empty_table(), *self.tables()]), self._dataset.key)

    def tables(self) -> Iterator[pa.Table]:
        """The same rows file by file, the oldest first; ids may come again."""
        with self._writing:
            names = sorted(self._files.names(self._folder))
        self.torn = 0
        for name in names:
            if (table := self._read(name)) is not None:
                yield table
            else:
                self.torn += 1
        if self.torn:
            _log.warning("%s: skipped %d torn files", self._files.address(self._folder), self.torn)

    def count(self) -> int:
        """How many ids are kept."""
        ids = Ids()
        for table in self.tables():
            ids.add(table[self._dataset.key])
        return ids.distinct()

    def append(self, rows: pa.Table | Sequence[Row]) -> None:
        """Takes rows in the dataset's schema; raises BadRow for an unfit one, and then takes none."""
        table = table_of(self._dataset, rows)
        with self._changed:
            if self._closed:
                raise ValueError(f"{self._files.address(self._folder)}: the ledger is closed")
            if table.num_rows:
                self._take(table)
            self._raise_error()

    def _take(self, table: pa.Table) -> None:
        if not self._waiting:
            self._oldest = time.monotonic()
        self._waiting.append(table)
        if self._thread is None:
            self._thread = threading.Thread(target=self._flush_in_time, name="ledger", daemon=True)
            self._thread.start()
        self._changed.notify()

    def flush(self) -> None:
        """Writes what waits, before it returns."""
        self._write()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        self.flush()

    def put(self, rows: pa.Table | Sequence[Row]) -> str:
        """Writes rows at once, as a file of their own, and names it: for rows that later ones replace, see `drop`."""
        table = table_of(self._dataset, rows)
        with self._writing:
            return self._save(table)

    def drop(self, names: Iterable[str]) -> None:
        """Forgets files that `put` wrote. Put first what replaces them: a kill in between then leaves both."""
        for name in names:
            self._files.remove(f"{self._folder}/{name}")

    def clear(self) -> None:
        """Forgets everything: what a commit has compacted, or what a changed mind does not want."""
        self._files.remove(self._folder)

    def _flush_in_time(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (wait := self._wait()) > 0:
                    self._changed.wait(wait)
                if self._closed:
                    return
            try:
                self._write()
            except Exception as error:
                with self._changed:
                    self._error = error
                    self._oldest = time.monotonic()  # try again after another pause, not at once

    def _wait(self) -> float:
        """Seconds until the next flush is due."""
        if not self._waiting:
            return 3600.0
        full = self._error is None and sum(table.num_rows for table in self._waiting) >= self._rows
        return 0.0 if full else self._oldest + self._seconds - time.monotonic()

    def _write(self) -> None:
        with self._writing:
            with self._changed:
                tables = list(self._waiting)
            if not tables:
                return
            self._save(pa.concat_tables(tables))
            with self._changed:
                del self._waiting[: len(tables)]
                self._oldest = time.monotonic()
                self._error = None  # what could not be written then is written now

    def _save(self, table: pa.Table) -> str:
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
        # Names sort by time, so that "first" means the same at every reading.
        name = f"{time.time_ns():019d}-{uuid.uuid4().hex}.parquet"
        self._files.write(f"{self._folder}/{name}", sink.getvalue())
        return name

    def _read(self, name: str) -> pa.Table | None:
        path = f"{self._folder}/{name}"
        if not name.endswith(".parquet"):
            return None
        stored = self._files.load(path)
        try:
            file = io.BytesIO(stored.data if stored else b"")
            table = pq.ParquetFile(file, page_checksum_verification=True).read()
        except (pa.ArrowException, OSError) as error:
            _log.warning("%s: %s", self._files.address(path), error)
            return None
        try:
            return table_of(self._dataset, table)
        except ValueError as error:
            what = "the schema changed and its version did not; bump it, or remove the ledger's folder"
            raise SchemaMismatch(f"{self._files.address(path)}: {what} ({error})") from error

    def _raise_error(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error


def written_last(files: Files, folder: str) -> datetime.datetime | None:
    """When the newest file of a ledger was flushed, by its name; None where there is none."""
    stamps = [int(name[:19]) for name in files.names(folder) if name[:19].isdigit()]
    return datetime.datetime.fromtimestamp(max(stamps) / 1e9, datetime.UTC) if stamps else None

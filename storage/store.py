"""The store: a root folder or bucket with all datasets in it, and the locations of their partitions.

<root>/<dataset>/v<schema>/<partition>/_manifest.json     what the data is
                                       _lease.json        who is writing
                                       attempts/<id>/     attempt.json, part-*.parquet, dead-*.parquet
                                       ledger/<kept fingerprint>/*.parquet
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import ValidationError

from storage.attempt import ATTEMPTS, Attempt, AttemptRecord
from storage.files import Files, open_files
from storage.lease import LEASE, TIME_TO_LIVE, Lease, load_holder
from storage.ledger import LEDGER, Ledger
from storage.manifest import Damaged, Expected, Manifest, load_manifest
from storage.partition import Partition
from storage.rows import first_of_each
from storage.schemas import DATASETS, DEAD_SCHEMA, Dataset
from storage.snapshot import Snapshot, part_batches, read_parts
from storage.status import Status, assess

_log = logging.getLogger(__name__)


class Missing(LookupError):
    """Nothing was committed where something was to be read."""


class Store:
    """`root`: a local path or an fsspec URL; `options` (endpoint_url=..., key=...) go to fsspec."""

    def __init__(self, root: str | Path, **options: Any):
        self.files = open_files(root, **options)

    def at(self, dataset: str, partition: Partition) -> Location:
        return Location(self.files, _dataset(dataset), partition)

    def partitions(self, dataset: str) -> list[Partition]:
        """Those that have anything at all, be it a failed attempt; in the order of their names."""
        known = _dataset(dataset)
        return [Partition.parse(text) for text in _walk(self.files, f"{known.name}/v{known.version}", "")]

    def locations(self) -> Iterator[Location]:
        """Every partition of every dataset that has anything at all, those of older schema versions among them."""
        for dataset in DATASETS.values():
            for version in range(1, dataset.version + 1):
                older = replace(dataset, version=version)
                for text in _walk(self.files, f"{dataset.name}/v{version}", ""):
                    yield Location(self.files, older, Partition.parse(text))


@dataclass(frozen=True)
class Location:
    """One partition of one dataset. It opens nothing until asked."""

    fs: Files
    dataset: Dataset
    partition: Partition
    pin: Manifest | None = None

    def pinned(self) -> Location:
        """The same place, read as it is now whatever others commit meanwhile. Raises Missing."""
        return replace(self, pin=self.snapshot().manifest)

    @property
    def folder(self) -> str:
        return _folder(self.dataset, self.dataset.version, self.partition)

    def manifest(self) -> Manifest | None:
        return self.pin or load_manifest(self.fs, self.folder)[0]

    def snapshot(self) -> Snapshot:
        """What is committed now, to be read any number of times. Raises Missing."""
        manifest = self.manifest()
        if manifest is None:
            raise Missing(f"nothing is committed at {self.fs.address(self.folder)}")
        return Snapshot(self.fs, self.folder, self.dataset, manifest)

    def read(self, columns: Sequence[str] | None = None, verify: bool = False) -> pa.Table:
        return self.snapshot().read(columns, verify)

    def batches(self, columns: Sequence[str] | None = None, batch_rows: int = 8192) -> Iterator[pa.RecordBatch]:
        return self.snapshot().batches(columns, batch_rows)

    def files(self) -> list[str]:
        """Absolute paths or URLs of the committed data files."""
        return self.snapshot().files()

    def dead(self, attempt: str | None = None) -> pa.Table:
        """Dead letters of what is committed, or of any attempt that is left."""
        if attempt is None:
            return self.snapshot().dead()
        return read_parts(self.fs, self.folder, self._record(attempt).dead_parts, DEAD_SCHEMA)

    def batches_of(self, attempt: str, batch_rows: int = 8192) -> Iterator[pa.RecordBatch]:
        """Rows of any attempt that is left, committed or not: to compare with, never to make data of."""
        yield from part_batches(self.fs, self.folder, self._record(attempt).parts, self.dataset.schema, batch_rows)

    def lease(self, owner: str, seconds: float = TIME_TO_LIVE) -> Lease:
        return Lease(self.fs, self.folder, owner, seconds)

    def ledger(self, kept_fingerprint: str, rows: int = 512, seconds: float = 5.0) -> Ledger:
        folder = f"{self.folder}/{LEDGER}/{kept_fingerprint}"
        return Ledger(self.fs, folder, self.dataset, rows, seconds)

    def kept(self, kept_fingerprint: str) -> pa.Table:
        """Expensive rows that need not be made again: committed ones first, then those of the ledger, each id once."""
        tables = self.kept_tables(kept_fingerprint)
        return first_of_each(pa.concat_tables([self.dataset.schema.empty_table(), *tables]), self.dataset.key)

    def kept_tables(self, kept_fingerprint: str) -> Iterator[pa.Table]:
        """The same rows in the same order, some thousand at a time; ids may come again. What a damaged part held is
        owed again, as a torn ledger's rows are: else nobody could make the partition anew."""
        manifest = self.manifest()
        for part in manifest.parts if manifest and manifest.kept_fingerprint == kept_fingerprint else ():
            try:
                for batch in part_batches(self.fs, self.folder, [part], self.dataset.schema, batch_rows=8192):
                    yield pa.Table.from_batches([batch]).cast(self.dataset.schema)
            except Damaged as error:
                _log.warning("rows are owed again: %s", error)
        yield from self.ledger(kept_fingerprint).tables()

    def attempt(self, expected: Expected) -> Attempt:
        return Attempt(self.fs, self.folder, str(self.partition), self.dataset, expected)

    def attempts(self) -> list[AttemptRecord]:
        """Records of all attempts that are left, oldest first; for people and status, not to read data by."""
        return list(self._records(sorted(self.fs.names(f"{self.folder}/{ATTEMPTS}"))))

    def status(self, expected: Expected) -> Status:
        holder, _ = load_holder(self.fs, f"{self.folder}/{LEASE}")
        newest = self._records(sorted(self.fs.names(f"{self.folder}/{ATTEMPTS}"), reverse=True))
        return assess(expected, self._newest_manifest(), holder, next(newest, None))

    def _newest_manifest(self) -> Manifest | None:
        """A raised schema version has its own folder; what lies in the older one is stale, not missing."""
        for version in range(self.dataset.version, 0, -1):
            manifest, _ = load_manifest(self.fs, _folder(self.dataset, version, self.partition))
            if manifest:
                return manifest
        return None

    def _record(self, attempt: str) -> AttemptRecord:
        record = next(self._records([attempt]), None)
        if record is None:
            raise Missing(f"there is no attempt {attempt} at {self.fs.address(self.folder)}")
        return record

    def _records(self, attempts: Iterable[str]) -> Iterator[AttemptRecord]:
        for attempt in attempts:
            path = f"{self.folder}/{ATTEMPTS}/{attempt}/attempt.json"
            stored = self.fs.load(path)
            if stored is None:  # killed before its first record, or being removed
                continue
            try:
                yield AttemptRecord.model_validate_json(stored.data)
            except ValidationError as error:
                raise Damaged(f"{self.fs.address(path)} is no attempt's record: {error}") from error


def _dataset(name: str) -> Dataset:
    if name not in DATASETS:
        raise KeyError(f"there is no dataset {name!r}; there are {', '.join(DATASETS)}")
    return DATASETS[name]


def _folder(dataset: Dataset, version: int, partition: Partition) -> str:
    return f"{dataset.name}/v{version}/{partition}"


def _walk(files: Files, root: str, path: str) -> Iterator[str]:
    """Texts of the partitions below `path`: they end at the key `run`."""
    for name in sorted(files.names(f"{root}/{path}" if path else root)):
        text = f"{path}/{name}" if path else name
        if name.startswith("run="):
            yield text
        elif name.startswith(("date=", "source=", "model=")):
            yield from _walk(files, root, text)

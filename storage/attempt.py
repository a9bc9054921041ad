"""An attempt to make a partition's data: a folder of its own, invisible to readers until it is committed.

    with location.lease("nightly") as lease, location.attempt(expected) as attempt:
        attempt.write(rows)
        attempt.dead(letters)
        attempt.commit(lease=lease, facts=Facts(...), rows=1000, max_dead=0.05)

Leaving the block by an exception, or without a commit, leaves `attempt.json` behind with state "failed" and
the error, with the dead letters beside it. After a kill -9 it still says "running", with no live lease:
status reads that as failed. Until the commit 8 bytes of each row are held, to find ids that are repeated.
"""

from __future__ import annotations

import collections
import contextlib
import datetime
import logging
import os
import socket
import uuid
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Literal, Protocol, Self

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from storage import commit
from storage.files import Files, StorageFull
from storage.ids import Ids
from storage.manifest import Expected, Facts, Manifest, Part, digest_of, load_manifest
from storage.parts import PartWriter
from storage.rows import DeadLetter, Row, dead_table, table_of
from storage.schemas import Dataset
from storage.secrets import masked
from storage.snapshot import part_batches

ATTEMPTS = "attempts"
_log = logging.getLogger(__name__)


class AttemptRecord(BaseModel):
    """`attempt.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    state: Literal["running", "committed", "failed"]
    stage: str
    fingerprint: str
    host: str
    pid: int
    started: datetime.datetime
    heartbeat: datetime.datetime
    """When this record was last written: at the start, with each part, at the end."""
    parts: tuple[Part, ...] = ()
    dead_parts: tuple[Part, ...] = ()
    error: str | None = None


class Held(Protocol):
    """A lease, as far as a commit cares."""

    def check(self) -> None:
        """Raises LeaseLost."""


class Attempt:
    def __init__(self, files: Files, folder: str, partition: str, dataset: Dataset, expected: Expected):
        if expected.schema_version != dataset.version:
            raise ValueError(
                f"{dataset.name} is written in schema version {dataset.version}, but version "
                f"{expected.schema_version} is expected"
            )
        now = _now()
        self.id = f"{now:%Y%m%dT%H%M%S.%fZ}-{uuid.uuid4().hex[:8]}"
        self._files, self._folder, self._partition, self._dataset = files, folder, partition, dataset
        self._expected = expected
        self._place = files.address(folder)
        self._base, self._replaces = load_manifest(files, folder)
        self._rows = PartWriter(files, folder, f"{ATTEMPTS}/{self.id}/part")
        self._dead = PartWriter(files, folder, f"{ATTEMPTS}/{self.id}/dead")
        self._ids = Ids()
        self._kinds: collections.Counter[str] = collections.Counter()
        self._record = AttemptRecord(
            id=self.id,
            state="running",
            stage=expected.stage,
            fingerprint=expected.fingerprint,
            host=socket.gethostname(),
            pid=os.getpid(),
            started=now,
            heartbeat=now,
        )
        self._over = False

    def __enter__(self) -> Self:
        self._save()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._over:
            self._fail(error)

    def write(self, rows: pa.Table | Sequence[Row]) -> None:
        """Takes rows in the dataset's schema; raises BadRow or SchemaMismatch, and then takes none."""
        table = table_of(self._dataset, rows)
        self._ids.add(table[self._dataset.key])
        before = len(self._rows.parts)
        self._rows.write(table)
        if len(self._rows.parts) > before:
            self._save()

    def dead(self, letters: Sequence[DeadLetter]) -> None:
        self._kinds.update(letter.kind for letter in letters)
        self._dead.write(dead_table(letters))

    def commit(
        self, *, lease: Held, facts: Facts | None = None, rows: int | None = None, max_dead: float = 1.0
    ) -> Manifest:
        """Validates, and makes this attempt the partition's data.

        `rows`: how many there have to be, where the stage knows. `max_dead`: the share of dead letters, 0 to
        1, above which the partition fails. Raises InvalidData, LeaseLost, CommitLost, StorageFull.
        """
        self._rows.finish()
        self._dead.finish()
        counts = self._validated(facts or Facts(), rows, max_dead)
        lease.check()
        manifest = self._manifest((facts or Facts()).model_copy(update={"counts": counts}))
        try:
            commit.publish(self._files, self._folder, manifest, self._replaces)
        except commit.CommitLost:
            self._over = True  # nothing is left to record
            raise
        self._over = True
        with _tolerated(self._place):
            self._save(state="committed")
        commit.forget_ledger(self._files, self._folder, manifest.kept_fingerprint)
        return manifest

    def _validated(self, facts: Facts, promised: int | None, max_dead: float) -> dict[str, int]:
        rows, dead = len(self._ids), sum(self._kinds.values())
        commit.check_rows(self._place, rows, promised)
        commit.check_unique(self._place, self._dataset.key, self._suspects())
        commit.check_dead(self._place, rows, dict(self._kinds), max_dead)
        return commit.settle_counts(self._place, facts.counts, rows, dead)

    def _suspects(self) -> Iterator[str]:
        """Ids that may be there more than once, read from the files that were written."""
        if self._ids.distinct() == len(self._ids):
            return
        key = pa.schema([self._dataset.schema.field(self._dataset.key)])
        for batch in part_batches(self._files, self._folder, self._rows.parts, key, batch_rows=8192):
            yield from self._ids.repeated(batch.column(0))

    def _manifest(self, facts: Facts) -> Manifest:
        asked, told = self._expected.model_dump(), facts.model_dump()
        told["model_digest"] = told["model_digest"] or asked["model_digest"]
        return Manifest(
            **(asked | told),
            dataset=self._dataset.name,
            partition=self._partition,
            generation=self._base.generation + 1 if self._base else 1,
            attempt=self.id,
            parts=tuple(self._rows.parts),
            dead_parts=tuple(self._dead.parts),
            committed_at=_now(),
            digest=digest_of(self._dataset.version, self._rows.parts),
        )

    def _fail(self, error: BaseException | None) -> None:
        if isinstance(error, StorageFull):  # make room to say so
            for part in self._rows.parts:
                self._files.remove(f"{self._folder}/{part.path}")
            self._rows.parts.clear()
        said = masked(f"{type(error).__name__}: {error}") if error else "ended without a commit"
        with _tolerated(self._place):
            self._dead.finish()
        with _tolerated(self._place):
            self._save(state="failed", error=said.encode("utf-8", "backslashreplace").decode())

    def _save(self, **changes: object) -> None:
        parts, dead = tuple(self._rows.parts), tuple(self._dead.parts)
        self._record = self._record.model_copy(
            update={"heartbeat": _now(), "parts": parts, "dead_parts": dead, **changes}
        )
        path = f"{self._folder}/{ATTEMPTS}/{self.id}/attempt.json"
        self._files.write(path, self._record.model_dump_json(indent=1).encode())


@contextlib.contextmanager
def _tolerated(place: str) -> Iterator[None]:
    """For records about what was decided already: their failure must not change it."""
    try:
        yield
    except OSError as error:
        _log.warning("%s: the attempt's record could not be written: %s", place, error)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)

"""Versions of a dataset, as a person names them: what is committed, what it replaced, another run, or plain files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from flows.run.addresses import Unclear
from flows.views.selection import Selection, committed
from storage.attempt import AttemptRecord
from storage.files import open_files
from storage.manifest import Damaged
from storage.partition import Partition
from storage.schemas import DATASETS
from storage.store import Location, Missing, Store

PREVIOUS = "previous"
_FORM = re.compile(r"(?P<dataset>\w+)(?::(?P<run>[^@/]+)|/(?P<partition>date=[^@]+))?(?:@(?P<attempt>[\w.-]+))?")


@dataclass(frozen=True)
class Version:
    """Rows to compare, read a few at a time and any number of times."""

    name: str
    schema: pa.Schema
    batches: Callable[[], Iterator[pa.RecordBatch]]
    key: tuple[str, ...] = ()
    """Columns that name a row; empty where nobody said."""


def version_named(text: str, store: Store, selection: Selection) -> Version:
    """`selection` chooses among partitions where `text` leaves them open.

    Raises Unclear where `text` is none of the forms, and Missing where nothing is there.
    """
    if "://" in text or Path(text).exists():
        return _files(text)
    form = _FORM.fullmatch(text)
    if form is None or form["dataset"] not in DATASETS:
        raise Unclear(
            f"{text!r} is no file or folder that is there, and no version of a dataset: write DATASET, DATASET:RUN, "
            f"DATASET@{PREVIOUS}, DATASET@ATTEMPT or DATASET/date=.../run=...; datasets are {', '.join(DATASETS)}"
        )
    location = _location(form, store, selection)
    name = f"{form['dataset']} {location.partition}"
    if form["attempt"] is None:
        location = location.pinned()
        return Version(name, location.dataset.schema, location.batches, (location.dataset.key,))
    attempt = _attempt(location, form["attempt"])
    return Version(
        f"{name} attempt {attempt}",
        location.dataset.schema,
        lambda: location.batches_of(attempt),
        (location.dataset.key,),
    )


def _location(form: re.Match[str], store: Store, selection: Selection) -> Location:
    if form["partition"] is not None:
        try:
            return store.at(form["dataset"], Partition.parse(form["partition"]))
        except ValueError as error:
            raise Unclear(str(error)) from None
    chosen = Selection(selection.date, selection.source, selection.model, form["run"])
    [(location, _)] = committed(store, form["dataset"], chosen)
    return location


def _attempt(location: Location, wanted: str) -> str:
    """The id of the attempt that begins with `wanted`, or of the one that was committed before the current one."""
    records = location.attempts()
    manifest = location.manifest()
    before = [each for each in records if manifest and each.state == "committed" and each.id < manifest.attempt]
    found = before[-1:] if wanted == PREVIOUS else [each for each in records if each.id.startswith(wanted)]
    if len(found) == 1:
        return found[0].id
    where = f"{location.dataset.name}/{location.partition}"
    if wanted == PREVIOUS:
        raise Missing(f"{where} replaced nothing: there is no earlier attempt that was committed")
    raise Missing(f"{len(found)} attempts at {where} begin with {wanted!r}; there are:\n{_listing(records)}")


def _listing(records: list[AttemptRecord]) -> str:
    return "\n".join(f"  {each.id} {each.state}" for each in records) or "  none"


def _files(path: str) -> Version:
    """A Parquet file, or those right in a folder by their names; their schemas have to be the same."""
    folder, _, file = path.rstrip("/").rpartition("/")
    files, names = open_files(folder or "."), [file]
    if not file.endswith(".parquet"):
        files = open_files(path)
        names = sorted(name for name in files.names("") if name.endswith(".parquet"))
    if not names:
        raise Missing(f"{path} holds no .parquet file")

    def opened(name: str) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(files.open(name))
        except FileNotFoundError:
            raise Missing(f"{files.address(name)} is not there") from None
        except (pa.ArrowException, OSError) as error:
            raise Damaged(f"{files.address(name)} is no whole Parquet file: {error}") from error

    schema = opened(names[0]).schema_arrow.remove_metadata()
    for name in names[1:]:
        if not opened(name).schema_arrow.equals(schema):
            raise Unclear(f"{files.address(name)} has other columns or types than {names[0]}: compare files one by one")
    return Version(path, schema, lambda: (batch for name in names for batch in opened(name).iter_batches(8192)))

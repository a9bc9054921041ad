"""Committed partitions of one dataset as one Arrow dataset, for engines that read the columns and rows they need.

Beside the columns of its schema it has two that tell the partitions apart: `date`, and `partition`, the canonical
string; a condition on them skips the files of the others. Files have to be of the size that their manifest says, as
for every read (storage/snapshot.py); a torn page shows when it is read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
from pyarrow.fs import LocalFileSystem

from storage.files import Files
from storage.local import LocalFiles
from storage.manifest import Damaged
from storage.snapshot import Snapshot
from storage.store import Location

ADDRESS = (pa.field("date", pa.date32()), pa.field("partition", pa.utf8()))


@contextlib.contextmanager
def scanned(locations: Sequence[Location]) -> Iterator[pads.Dataset]:
    """The rows of all `locations` (at least one, of the same dataset), to be read in the block.

    Raises Missing where nothing is committed, and Damaged.
    """
    schema = pa.schema([*ADDRESS, *locations[0].dataset.schema])
    form = pads.ParquetFileFormat(page_checksum_verification=True)
    with contextlib.ExitStack() as opened:
        fragments = [
            fragment for location in locations for fragment in _fragments(location, location.snapshot(), form, opened)
        ]
        yield pads.FileSystemDataset(fragments, schema, form)


def _fragments(
    location: Location, snapshot: Snapshot, form: pads.ParquetFileFormat, opened: contextlib.ExitStack
) -> Iterator[pads.ParquetFileFragment]:
    day = pa.scalar(location.partition.date, pa.date32())
    where = (pc.field("date") == day) & (pc.field("partition") == str(location.partition))
    for part in snapshot.manifest.parts:
        path = f"{snapshot.folder}/{part.path}"
        if (size := snapshot.fs.size(path)) != part.bytes:
            address = snapshot.fs.address(path)
            raise Damaged(f"{address} has {size:,} bytes; {part.bytes:,} with sha256 {part.sha256} were committed")
        yield form.make_fragment(*_source(snapshot.fs, path, opened), partition_expression=where)


def _source(fs: Files, path: str, opened: contextlib.ExitStack) -> tuple[Any, ...]:
    """What Arrow reads a file by. On a local disk it opens it for as long as it reads: years of nights are more files
    than a process may hold open."""
    if isinstance(fs, LocalFiles):
        return fs.address(path), LocalFileSystem()
    return (opened.enter_context(fs.open(path)),)

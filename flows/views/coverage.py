"""The grid of partitions in the Prefect UI: what a night or a backfill leaves when it ends, however it ends.

It is what `proctor status` shows of these days: read from storage when the run is over.
"""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager

from flows.views.grid import as_section, grid
from storage.store import Store
from tasks.artifacts import leave_status

NIGHTS = datetime.timedelta(days=14)
"""As many days as a night shows, its own counted."""


@contextmanager
def coverage_shown(root: str, first: datetime.date, last: datetime.date) -> Iterator[None]:
    """Leaves the artifact `status` of these days, both included, when the block ends."""
    try:
        yield
    finally:
        lines = grid(Store(root), lambda partition: first <= partition.date <= last)
        days = f"{first} to {last}" if first != last else f"{first}"
        leave_status(as_section(lines), f"{days}: {len(lines)} partitions in {root}")

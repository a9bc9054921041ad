"""Temporary files without a name on a local disk, and what is to be done when that disk is full.

Nothing of them is left behind, not even by kill -9.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from storage.files import FULL, StorageFull


@contextlib.contextmanager
def room_for(what: str, folder: str | Path | None) -> Iterator[None]:
    """Writing to such a file in `folder` (None: the system's temporary folder). Raises StorageFull, which names it."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        where = folder or tempfile.gettempdir()
        remedy = "give it a folder on a larger disk" if folder else "set TMPDIR to a folder on a larger disk"
        raise StorageFull(
            error.errno, f"no space in {where} for {what}; {remedy}, and run again: what the ledger holds is kept"
        ) from error

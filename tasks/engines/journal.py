"""Which requests an engine has really finished, written where the engine runs.

The driver's own books cannot prove that a rerun generates nothing twice; this file can. A line is `request
id<TAB>pid`. Many processes may write to one journal: each write appends whole lines (O_APPEND). It is for
audits and tests, and is not synced to disk: a machine that loses power loses lines, a process that is killed
does not.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


class Journal:
    """A writer of one process."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def add(self, request_ids: Iterable[str]) -> None:
        if lines := "".join(f"{request_id}\t{os.getpid()}\n" for request_id in request_ids):
            os.write(self._file, lines.encode())

    def close(self) -> None:
        os.close(self._file)


def read_journal(path: str | Path) -> list[tuple[str, int]]:
    """(request id, pid of the engine) of all finished requests, in order; empty where nothing was written
    yet."""
    if not Path(path).exists():
        return []
    lines = Path(path).read_text().splitlines()
    return [(request_id, int(pid)) for request_id, pid in (line.split("\t") for line in lines)]

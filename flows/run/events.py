"""What happened to partitions, as events: one JSON object a line, for grep, DuckDB and collectors of logs.

Each has `time` (UTC), `level`, `event`, `stage`, `partition`, `run_id` (the flow run's id; outside of Prefect one of
its own for each call), `host` and `pid`, and what belongs to the event. Secrets are masked. A line is appended to
`<root>/logs/events-YYYY-MM-DD.jsonl` in one write, so that processes on one machine share the file; every other handler
of the logger `proctor.events` is given it too, such as the run's own log in Prefect (flows/run/partition_run.py).

Not guaranteed: that a line is written. What is done is told by storage; a full disk costs the line, and a warning.
"""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage.manifest import Manifest
from storage.secrets import mask_error, masked_json, masker

LONGEST_REASON = 2_000
"""Characters; attempts and dead letters say the rest."""
EVENTS = logging.getLogger("proctor.events")
_log = logging.getLogger(__name__)


def logs_folder(root: str) -> Path:
    """Where logs lie: in the data root, or in the working folder where the root is a URL. Made if it is not there."""
    folder = Path("proctor-logs") if "://" in root else Path(root) / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True)
class Events:
    """Tells what happens to one stage at one partition in one run."""

    root: str
    stage: str
    partition: str
    run_id: str

    def tell(self, event: str, level: int = logging.INFO, **facts: Any) -> None:
        told = {"stage": self.stage, "partition": self.partition, "run_id": self.run_id, **facts}
        EVENTS.setLevel(logging.INFO)
        EVENTS.propagate = False  # the handlers of others would print the event's name alone
        if not any(isinstance(handler, EventFile) for handler in EVENTS.handlers):
            EVENTS.addHandler(EventFile())
        EVENTS.log(level, event, extra={"facts": told, "root": self.root})

    def committed(self, manifest: Manifest) -> None:
        self.tell(
            "stage_committed",
            dataset=manifest.dataset,
            attempt=manifest.attempt,
            rows=manifest.rows,
            dead=manifest.counts.get("dead", 0),
            unknown=manifest.counts.get("unknown", 0),
            tokens=manifest.tokens,
            seconds=round(manifest.seconds, 3),
        )

    @contextmanager
    def until_the_end(self) -> Iterator[None]:
        """Tells of the start, and of an end by an exception, whose words are masked for all who hear of it after."""
        self.tell("stage_started")
        try:
            yield
        except BaseException as error:
            mask_error(error)
            reason = {"error": type(error).__name__, "reason": str(error)[:LONGEST_REASON]}
            if isinstance(error, KeyboardInterrupt):
                self.tell("stage_interrupted", logging.WARNING, **reason)
            else:
                self.tell("stage_failed", logging.ERROR, **reason)
            raise


class JsonLine(logging.Formatter):
    """A record of `Events` as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {"time": at, "level": record.levelname.lower(), "event": record.getMessage()}
        told |= record.facts | {"host": socket.gethostname(), "pid": os.getpid()}  # type: ignore[attr-defined]
        mask = masker()
        return json.dumps(masked_json(told, lambda text: mask(_whole(text))))


class EventFile(logging.Handler):
    """Appends records to the file of their day below their root."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLine())

    def emit(self, record: logging.LogRecord) -> None:
        name = f"events-{datetime.fromtimestamp(record.created, UTC):%Y-%m-%d}.jsonl"
        try:
            path = logs_folder(record.root) / name  # type: ignore[attr-defined]
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(descriptor, f"{self.format(record)}\n".encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            _log.warning("the event %s was not written: %s", record.getMessage(), error)


def _whole(text: str) -> str:
    """Half of a surrogate pair is no text to most readers."""
    return text.encode("utf-8", "backslashreplace").decode()

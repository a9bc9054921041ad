"""A lease on a partition: one runner at a time, so that no GPU works twice for the same rows.

A second runner is told at once who is at work (LeaseHeld). A lease whose process is gone (same machine: the
pid does not run, or runs another process since) is taken over at once, one of another machine when its
heartbeat is older than its time to live. The holder that lost it that way learns so at `check`, before it
commits (LeaseLost).

Not guaranteed: exclusion. A paused holder may wake beside its successor, and hosts whose clocks differ by
more than the time to live misjudge each other. Correctness comes from the commit, which compares what it
replaces.
"""

from __future__ import annotations

import datetime
import logging
import os
import socket
import threading
import uuid
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from storage.files import Conflict, Files
from storage.manifest import Damaged

LEASE = "_lease.json"
TIME_TO_LIVE = 120.0

_log = logging.getLogger(__name__)


class Holder(BaseModel):
    """Who holds, or held, a lease: the content of its file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    owner: str
    host: str
    machine: str
    """Boot and pid namespace: where it is equal, pids mean the same."""
    pid: int
    process_start: str | None
    token: str
    since: datetime.datetime
    heartbeat: datetime.datetime
    seconds: float
    released: bool = False

    @property
    def expires(self) -> datetime.datetime:
        return self.heartbeat + datetime.timedelta(seconds=self.seconds)

    def __str__(self) -> str:
        return f"{self.owner} (host {self.host}, pid {self.pid}) since {self.since:%Y-%m-%d %H:%M:%S} UTC"


class LeaseHeld(Exception):
    def __init__(self, place: str, holder: Holder):
        super().__init__(
            f"{place} is being written by {holder}. Wait for it or stop it; if it stays as silent as since "
            f"{holder.heartbeat:%H:%M:%S}, its lease can be taken over from {holder.expires:%H:%M:%S} UTC on"
        )
        self.place, self.holder = place, holder
        self.owner, self.host, self.pid, self.since = holder.owner, holder.host, holder.pid, holder.since

    def __reduce__(
        self,
    ) -> tuple[Any, ...]:  # exceptions cross processes, and would come back as a bare message
        return type(self), (self.place, self.holder)


class LeaseLost(Exception):
    """Another runner took the lease over while this one was silent."""


class Lease:
    """`with location.lease("nightly"):` takes it, keeps it alive from a thread, and gives it back."""

    def __init__(self, files: Files, folder: str, owner: str, seconds: float = TIME_TO_LIVE):
        self._files, self._path, self._place = files, f"{folder}/{LEASE}", files.address(folder)
        self._owner, self._seconds = owner, seconds
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        found, version = load_holder(self._files, self._path)
        if found and is_live(found):
            raise LeaseHeld(self._place, found)
        if found and not found.released:
            _log.warning("%s: taking over the lease of %s", self._place, found)
        self._holder = _this_process(self._owner, self._seconds)
        try:
            self._version = self._swap(self._holder, version)
        except Conflict:
            winner, _ = load_holder(self._files, self._path)
            raise LeaseHeld(self._place, winner or self._holder) from None
        threading.Thread(target=self._beat, name="lease", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        try:
            with self._turn:
                self._renew(released=True)
        except (Damaged, LeaseLost, OSError) as error:  # it runs out by itself, and must not hide the block's error
            _log.warning("%s: the lease was not given back: %s", self._place, error)

    def check(self) -> None:
        """Renews the lease now. Raises LeaseLost where another runner has it."""
        with self._turn:
            self._renew()

    def _renew(self, released: bool = False) -> None:
        fresh = self._holder.model_copy(update={"heartbeat": _now(), "released": released})
        while True:
            try:
                self._version = self._swap(fresh, self._version)
                return
            except Conflict:
                found, version = load_holder(self._files, self._path)
                if found is None or version is None or found.token != self._holder.token:
                    raise LeaseLost(f"{self._place}: the lease of {self._holder} now belongs to {found}") from None
                self._version = version  # our own write, whose answer was lost

    def _swap(self, holder: Holder, old: str | None) -> str:
        return self._files.swap(self._path, holder.model_dump_json(indent=1).encode(), old)

    def _beat(self) -> None:
        while not self._stop.wait(self._seconds / 4):
            try:
                with self._turn:
                    if not self._stop.is_set():
                        self._renew()
            except LeaseLost as error:
                _log.error("%s", error)
                return
            except Exception as error:  # a full disk or a lost network may pass before the lease runs out
                _log.warning("%s: heartbeat failed: %s", self._place, error)


def load_holder(files: Files, path: str) -> tuple[Holder | None, str | None]:
    stored = files.load(path)
    if stored is None:
        return None, None
    try:
        return Holder.model_validate_json(stored.data), stored.version
    except ValidationError as error:
        raise Damaged(f"{files.address(path)} is no lease; remove it if nobody writes there: {error}") from error


def is_live(holder: Holder) -> bool:
    if holder.released or _now() > holder.expires:
        return False
    same_machine = holder.machine != "" and holder.machine == _machine()
    return not same_machine or holder.process_start == _process_start(holder.pid)


def _this_process(owner: str, seconds: float) -> Holder:
    now, pid = _now(), os.getpid()
    return Holder(
        owner=owner,
        host=socket.gethostname(),
        machine=_machine(),
        pid=pid,
        process_start=_process_start(pid),
        token=uuid.uuid4().hex,
        since=now,
        heartbeat=now,
        seconds=seconds,
    )


def _machine() -> str:
    """Empty where the system does not tell; then only the heartbeat counts."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _process_start(pid: int) -> str | None:
    """Clock ticks from boot to the start of a process, which tells two users of a pid apart; None: gone.

    A killed process that its parent has not reaped yet (state Z) does no work any more.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()  # the command before it may hold spaces and parentheses
    return None if state in "ZX" else fields[18]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)

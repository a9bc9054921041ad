"""What storage's fault tests run in processes of their own, to be killed, paused or raced there."""

import sys
import time
from multiprocessing.synchronize import Barrier, Event
from typing import Any

from storage.commit import CommitLost
from storage.lease import LeaseLost
from storage.manifest import Facts
from tests.storage.samples import NoLease, expected, location, orm, orms


def fill_ledger(root: str, start: int) -> None:
    """Flushes row after row without end, and says so after each; a late duplicate follows each."""
    ledger = location(root).ledger("kept", rows=1, seconds=60)
    for number in range(start, sys.maxsize):
        ledger.append([orm(number, f"first {number}")])
        ledger.flush()
        print(number, flush=True)
        ledger.append([orm(number, "late duplicate")])


def hold_lease(root: str, seconds: float) -> None:
    """Says when it has the lease, and commits when told to."""
    place = location(root)
    with place.lease("child", seconds=seconds) as lease, place.attempt(expected()) as attempt:
        print("held", flush=True)
        sys.stdin.readline()
        attempt.write(orms(3, "from the child"))
        try:
            attempt.commit(lease=lease)
        except LeaseLost as error:
            print(f"lost: {error}", flush=True)
            return
        print("committed", flush=True)


def race(root: str, options: dict[str, Any], name: str, rounds: int, together: Barrier, won: Any) -> None:
    """Commits against its twin, round after round, from the same generation."""
    place = location(root, **options)
    for turn in range(rounds):
        together.wait(150)
        with place.attempt(expected()) as attempt:
            attempt.write(orms(20, f"{name} {turn}"))
            together.wait(150)
            try:
                manifest = attempt.commit(lease=NoLease(), facts=Facts(summary={"by": f"{name} {turn}"}))
            except CommitLost:
                continue
        won.put((name, turn, manifest.generation, manifest.attempt))


def read_on(root: str, options: dict[str, Any], stop: Event, seen: Any) -> None:
    """Reads until told to stop; every read has to be one writer's rows, whole."""
    place = location(root, **options)
    reads, mixes = 0, []
    while not stop.is_set():
        if place.manifest() is None:
            time.sleep(0.01)
            continue
        snapshot = place.snapshot()
        texts = snapshot.read(verify=True)["completion"].to_pylist()
        reads += 1
        if texts != [snapshot.manifest.summary["by"]] * 20:
            mixes.append((snapshot.manifest.attempt, texts))
    seen.put((reads, mixes))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["fill_ledger", root, start]:
            fill_ledger(root, int(start))
        case ["hold_lease", root, seconds]:
            hold_lease(root, float(seconds))

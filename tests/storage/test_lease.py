import datetime
import fcntl
import os
import pickle
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from storage import lease as leases
from storage.files import Conflict
from storage.lease import LEASE, Holder, LeaseHeld, LeaseLost, is_live, load_holder
from storage.store import Location
from tests.storage.conftest import Start
from tests.storage.samples import committed, expected, location, orms


def holder_of(place: Location) -> Holder:
    holder, _ = load_holder(place.fs, f"{place.folder}/{LEASE}")
    assert holder
    return holder


def plant(place: Location, **changes: Any) -> None:
    """Leaves the lease of somebody else."""
    holder = leases._this_process("planted", 120).model_copy(update=changes)
    place.fs.write(f"{place.folder}/{LEASE}", holder.model_dump_json().encode())


def held(start: Start, root: Path, seconds: float = 120) -> "subprocess.Popen[str]":
    child = start("hold_lease", root, seconds)
    assert child.stdout
    assert child.stdout.readline() == "held\n"
    return child


def ago(seconds: float) -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=seconds)


def test_a_second_runner_learns_at_once_who_is_at_work(root: str) -> None:
    place = location(root)
    with place.lease("nightly"), pytest.raises(LeaseHeld) as caught, place.lease("backfill"):
        pass
    error = caught.value
    assert (error.owner, error.pid) == ("nightly", os.getpid())
    for said in (
        "nightly",
        error.host,
        str(error.pid),
        f"{error.since:%Y-%m-%d %H:%M:%S}",
        str(place.partition),
    ):
        assert said in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.owner) == (str(error), "nightly")


def test_a_lease_that_was_given_back_is_free(root: str) -> None:
    place = location(root)
    for owner in ("one", "two"):
        with place.lease(owner):
            assert is_live(holder_of(place))
        assert not is_live(holder_of(place))


def test_a_lease_is_given_back_when_the_work_fails(place: Location) -> None:
    with pytest.raises(ZeroDivisionError), place.lease("one"):
        raise ZeroDivisionError
    with place.lease("two"):
        pass


def test_partitions_have_leases_of_their_own(place: Location, tmp_path: Path) -> None:
    other = location(tmp_path, partition=place.partition.without_model())
    with place.lease("one"), other.lease("two"):
        pass


def test_a_pid_that_another_process_has_by_now_holds_nothing(place: Location) -> None:
    plant(place, process_start="1")
    with place.lease("next"):
        assert holder_of(place).owner == "next"


def test_a_process_on_another_machine_is_believed_until_its_heartbeat_is_old(place: Location) -> None:
    elsewhere = {"machine": "another boot", "pid": 2**22 + 1, "process_start": "1"}
    plant(place, heartbeat=ago(100), **elsewhere)
    with pytest.raises(LeaseHeld), place.lease("next"):
        pass
    plant(place, heartbeat=ago(121), **elsewhere)
    with place.lease("next"):
        assert holder_of(place).owner == "next"


def test_the_heartbeat_keeps_a_lease(place: Location) -> None:
    with place.lease("one", seconds=0.4) as lease:
        for _ in range(4):
            time.sleep(0.2)
            assert is_live(holder_of(place))
        lease.check()


def test_a_failing_heartbeat_is_tried_again(place: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    with place.lease("one", seconds=1) as lease:
        swap, failures = lease._files.swap, iter([OSError("the network is down")] * 2)

        def flaky(path: str, data: bytes, old: str | None) -> str:
            if error := next(failures, None):
                raise error
            return swap(path, data, old)

        monkeypatch.setattr(lease._files, "swap", flaky)
        before = holder_of(place).heartbeat
        time.sleep(1.2)
        assert holder_of(place).heartbeat > before
        lease.check()


def test_a_lease_that_another_took_is_lost(place: Location) -> None:
    with place.lease("one") as lease:
        plant_over = holder_of(place).model_copy(update={"token": "other", "owner": "two"})
        place.fs.write(f"{place.folder}/{LEASE}", plant_over.model_dump_json().encode())
        with pytest.raises(LeaseLost, match="now belongs to two"):
            lease.check()
    assert holder_of(place).owner == "two"  # leaving took nothing away from it


def test_a_lease_that_another_takes_while_a_lost_answer_is_looked_into_is_lost(
    place: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer_lost(*_: Any) -> str:
        raise Conflict("the client tried again, and met itself")

    def taken_over(path: str, data: bytes, old: str | None) -> str:
        plant(place, token="other", owner="two")
        return swap(path, data, old)

    with place.lease("one") as lease:
        swap, turns = place.fs.swap, iter([answer_lost, taken_over])
        with monkeypatch.context() as patch:
            patch.setattr(place.fs, "swap", lambda *asked: next(turns, swap)(*asked))
            with pytest.raises(LeaseLost, match="now belongs to two"):
                lease.check()


def test_a_lease_that_cannot_be_read_hides_no_error_of_the_work(place: Location) -> None:
    def work() -> None:
        place.fs.write(f"{place.folder}/{LEASE}", b"{")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), place.lease("one"):
        work()


def test_a_process_with_parentheses_in_its_name_is_told_apart(tmp_path: Path) -> None:
    program = tmp_path / "a) S (b"
    program.symlink_to(shutil.which("sleep") or "/bin/sleep")
    child = subprocess.Popen([program, "60"])
    try:
        start = leases._process_start(child.pid)
        assert start
        assert int(start) >= int(leases._process_start(os.getpid()) or 0)
    finally:
        child.kill()
        child.wait()
    assert leases._process_start(child.pid) is None


@pytest.mark.faults
def test_the_lease_of_a_killed_process_is_taken_over_at_once(place: Location, start: Start, tmp_path: Path) -> None:
    child = held(start, tmp_path)
    with pytest.raises(LeaseHeld, match=f"pid {child.pid}"), place.lease("next"):
        pass
    child.send_signal(signal.SIGKILL)
    while leases._process_start(child.pid):  # it is a zombie then: nobody has waited for it
        time.sleep(0.01)
    assert child.returncode is None
    with place.lease("next"):
        assert holder_of(place).owner == "next"


@pytest.mark.faults
def test_a_paused_holder_whose_lease_was_taken_over_cannot_commit(
    place: Location, start: Start, tmp_path: Path
) -> None:
    child = held(start, tmp_path, seconds=1)
    pause_between_heartbeats(child, Path(place.fs.address(place.folder)))
    while is_live(holder_of(place)):
        time.sleep(0.05)
    manifest = committed(place, completion="from the successor")
    child.send_signal(signal.SIGCONT)
    said, _ = child.communicate("commit\n", timeout=60)
    assert said.startswith("lost: ")
    assert place.manifest() == manifest
    assert [attempt.state for attempt in place.attempts()] == ["failed", "committed"]
    assert place.status(expected()).state == "complete"


@pytest.mark.faults
def test_a_holder_that_keeps_its_lease_commits(place: Location, start: Start, tmp_path: Path) -> None:
    said, _ = held(start, tmp_path, seconds=1).communicate("commit\n", timeout=60)
    assert said == "committed\n"
    assert place.read()["completion"].to_pylist() == [row["completion"] for row in orms(3, "from the child")]


def pause_between_heartbeats(child: "subprocess.Popen[str]", folder: Path) -> None:
    """Stopped inside a heartbeat, it would hold the lock that its successor needs for a moment."""
    while True:
        child.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
        with open(folder / f".{LEASE}.lock", "ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                child.send_signal(signal.SIGCONT)
                time.sleep(0.05)


class Clock:
    """The clocks of the machines that take part: `jump` moves the one that storage sees from now on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.off = datetime.timedelta()
        for module in ("storage.lease", "storage.attempt"):
            monkeypatch.setattr(f"{module}._now", lambda: datetime.datetime.now(datetime.UTC) + self.off)

    def jump(self, **by: float) -> None:
        self.off += datetime.timedelta(**by)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.mark.parametrize("hours", [-24, 24])
def test_a_clock_that_jumps_takes_no_lease_from_its_holder(root: str, clock: Clock, hours: int) -> None:
    place = location(root)
    with place.lease("one") as lease, place.attempt(expected()) as attempt:
        attempt.write(orms(3))
        clock.jump(hours=hours)
        lease.check()
        attempt.commit(lease=lease)
    assert place.status(expected()).state == "complete"
    assert not is_live(holder_of(place))


def test_a_clock_that_jumps_ahead_lets_another_take_over_and_the_commit_is_the_successor_s(
    root: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another machine, where a heartbeat is all that is known; here it would be seen that the process lives."""
    place = location(root)
    with place.lease("one") as first, place.attempt(expected()) as attempt:
        attempt.write(orms(3, "first"))
        clock.jump(hours=24)
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(leases, "_machine", lambda: "another boot")
            manifest = committed(place, completion="from the successor")
        with pytest.raises(LeaseLost):
            attempt.commit(lease=first)
    assert place.manifest() == manifest
    assert place.status(expected()).state == "complete"


def test_a_dead_process_holds_nothing_whatever_the_clock_says(place: Location, clock: Clock) -> None:
    plant(place, process_start="1", heartbeat=ago(-3600))  # it died after its clock was an hour ahead
    clock.jump(hours=-24)
    with place.lease("next"):
        assert holder_of(place).owner == "next"


def test_heartbeats_do_not_wait_for_the_clock(place: Location, clock: Clock) -> None:
    with place.lease("one", seconds=0.4) as lease:
        clock.jump(hours=-24)
        time.sleep(0.5)
        assert abs(holder_of(place).heartbeat - leases._now()) < datetime.timedelta(seconds=0.4)
        lease.check()


@pytest.mark.parametrize("hours", [-24, 24])
def test_generations_and_states_do_not_depend_on_the_clock(root: str, clock: Clock, hours: int) -> None:
    place = location(root)
    with pytest.raises(RuntimeError), place.attempt(expected()):
        raise RuntimeError("failed before the jump")
    clock.jump(hours=hours)
    assert [committed(place).generation, committed(place, 4).generation] == [1, 2]
    clock.jump(hours=-hours)
    assert committed(place, 5).generation == 3
    assert place.read().num_rows == 5
    assert place.status(expected()).state == "complete"

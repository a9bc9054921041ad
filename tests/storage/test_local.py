import fcntl
import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import local
from storage.files import StorageFull
from storage.ledger import Ledger
from storage.local import LocalFiles
from tests.storage.samples import attempted, committed, expected, location, orm, orms

MEBIBYTE = 2**20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def grow(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=32m", str(disk)], check=True)


def fill(ledger: Ledger) -> None:
    for number in itertools.count():
        ledger.append([noise(number)])
        ledger.flush()


def noise(number: int) -> dict[str, object]:
    return orm(number, os.urandom(MEBIBYTE // 4).hex())


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = LocalFiles(tmp_path)
    files.write("a", b"old")

    def broken(*_: object) -> None:
        raise OSError("the disk was pulled out")

    monkeypatch.setattr(local.os, "replace", broken)
    with pytest.raises(OSError, match="pulled out"):
        files.write("a", b"new")
    assert files.names("") == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_lock_that_is_never_given_back_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "LOCK_SECONDS", 0.1)
    with open(tmp_path / ".a.lock", "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(TimeoutError, match=r"\.a\.lock stayed locked"):
            LocalFiles(tmp_path).swap("a", b"1", None)


@pytest.mark.faults
def test_a_full_disk_is_named_and_what_is_committed_stays(small_disk: Path) -> None:
    place = location(small_disk)
    before = committed(place)
    with pytest.raises(StorageFull) as caught:
        attempted(place, [noise(number) for number in range(16)])
    attempt = place.attempts()[-1].id
    for said in (str(small_disk), f"attempts/{attempt}/part-00000.parquet", "bytes are free", "run again"):
        assert said in str(caught.value)
    assert place.manifest() == before
    place.snapshot().verify()
    assert place.read(verify=True).to_pylist() == orms(3)
    assert place.attempts()[-1].state == "failed"
    status = place.status(expected(checker="2"))
    assert status.state == "failed"
    assert "StorageFull" in status.reasons[0]
    grow(small_disk)
    assert committed(place, 5).generation == 2
    assert place.read(verify=True).num_rows == 5


@pytest.mark.faults
def test_a_ledger_on_a_full_disk_keeps_what_it_flushed_and_goes_on_with_space(small_disk: Path) -> None:
    place = location(small_disk)
    ledger = place.ledger("kept", rows=10**6, seconds=3600)
    with pytest.raises(StorageFull, match="what was flushed to the ledger is kept"):
        fill(ledger)
    flushed = place.ledger("kept").kept().num_rows
    assert flushed > 0
    grow(small_disk)
    ledger.close()  # the row that found no space waits still
    assert place.ledger("kept").kept().num_rows == flushed + 1
    assert ledger.torn == 0

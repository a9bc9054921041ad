"""Partitions in a bucket of S3, as moto speaks it over HTTP; its faults are in test_object_faults.py."""

from pathlib import Path
from typing import Any

import pytest

from storage.commit import CommitLost
from storage.files import Conflict, UnsafeStore
from storage.garbage import collect, garbage
from storage.manifest import Damaged
from storage.store import Location, Store
from tests.storage.s3 import Network
from tests.storage.samples import DAY, NoLease, attempted, committed, expected, location, orm, orms
from tests.storage.test_commit import raced


@pytest.fixture
def place(bucket: str, options: dict[str, Any]) -> Location:
    return location(bucket, **options)


def test_a_partition_is_committed_and_read_in_a_bucket(place: Location, bucket: str) -> None:
    assert place.status(expected()).state == "missing"
    assert committed(place, 3).generation == 1
    assert committed(place, 5).generation == 2
    assert place.status(expected()).state == "complete"
    assert place.read(verify=True).to_pylist() == orms(5)
    assert [batch.num_rows for batch in place.batches(["label"], batch_rows=4)] == [4, 1]
    assert place.files()[0].startswith(f"{bucket}/orm/v1/{DAY}/attempts/")
    assert len(place.attempts()) == 2


def test_partitions_of_a_bucket_are_listed(place: Location, bucket: str, options: dict[str, Any]) -> None:
    committed(place)
    assert Store(bucket, **options).partitions("orm") == [DAY]


def test_a_ledger_in_a_bucket_is_kept_and_taken_up(place: Location) -> None:
    with place.ledger("kept", rows=2) as ledger:
        ledger.append(orms(3))
    with place.ledger("kept") as ledger:
        ledger.append([orm(2, "late"), orm(3)])
    assert place.kept("kept").to_pylist() == orms(4)
    committed(place, 4, kept_fingerprint="kept")
    assert place.ledger("kept").kept().num_rows == 0
    assert place.kept("kept").num_rows == 4


def test_a_swap_in_a_bucket_needs_the_version_that_its_caller_saw(place: Location) -> None:
    first = place.fs.swap("a", b"1", None)
    second = place.fs.swap("a", b"2", first)
    for old in (None, first, '"another"'):
        with pytest.raises(Conflict):
            place.fs.swap("a", b"3", old)
    with pytest.raises(Conflict):
        place.fs.swap("absent", b"3", second)
    assert place.fs.load("a") == (b"2", second)


def test_the_second_of_two_commits_is_lost_in_a_bucket_too(place: Location) -> None:
    with place.attempt(expected()) as first, place.attempt(expected()) as second:
        first.write(orms(3, "first"))
        second.write(orms(3, "second"))
        first.commit(lease=NoLease())
        with pytest.raises(CommitLost, match="generation 1"):
            second.commit(lease=NoLease())
    assert [record.id for record in place.attempts()] == [first.id]
    assert place.read()["completion"].to_pylist() == ["first"] * 3


def test_a_commit_whose_answer_was_lost_is_no_conflict_with_itself(place: Location, network: Network) -> None:
    committed(place)
    network.loses_answer_to = "_manifest.json"
    manifest = attempted(place, orms(5))
    assert sum(path.endswith("_manifest.json") for path in network.puts) == 3
    assert place.manifest() == manifest
    assert place.read(verify=True).num_rows == 5


def test_a_heartbeat_whose_answer_was_lost_does_not_lose_the_lease(place: Location, network: Network) -> None:
    with place.lease("one") as lease:
        network.loses_answer_to = "_lease.json"
        lease.check()
        assert not network.loses_answer_to
        lease.check()


def test_a_store_that_ignores_conditions_is_refused(place: Location, network: Network) -> None:
    network.ignores_conditions = True
    with pytest.raises(UnsafeStore, match="ignored If-None-Match"), place.lease("one"):
        pass
    assert place.fs.names("") == []  # the probe left nothing


def test_a_truncated_object_is_named(place: Location) -> None:
    committed(place)
    path = f"{place.folder}/{place.snapshot().manifest.parts[0].path}"
    stored = place.fs.load(path)
    assert stored
    place.fs.write(path, stored.data[:-10])
    with pytest.raises(Damaged, match=r"s3://.*part-00000\.parquet has"):
        place.read()


def test_a_bucket_that_does_not_exist_is_named(options: dict[str, Any]) -> None:
    place = location("s3://no-such-bucket/root", **options)
    assert place.manifest() is None
    with pytest.raises(OSError, match=r"s3://no-such-bucket/.*does not exist"), place.lease("one"):
        pass


def test_another_kind_of_store_is_read_but_not_committed_to(tmp_path: Path) -> None:
    committed(location(tmp_path))
    place = location(f"local://{tmp_path}")  # a filesystem that is reached through fsspec and is no S3
    assert place.read(verify=True).to_pylist() == orms(3)
    with pytest.raises(UnsafeStore, match="no compare-and-replace is known"), place.lease("one"):
        pass


@pytest.mark.faults
def test_of_commits_raced_in_a_bucket_one_wins_each_generation(bucket: str, options: dict[str, Any]) -> None:
    wins, reads, mixes = raced(bucket, options, rounds=5)
    assert sorted(generation for _, _, generation, _ in wins) == [1, 2, 3, 4, 5]
    attempts = location(bucket, **options).attempts()
    assert sorted(record.id for record in attempts) == sorted(attempt for *_, attempt in wins)
    assert reads > 0
    assert mixes == []


def test_garbage_of_a_bucket_is_measured_and_removed(place: Location) -> None:
    committed(place, 3)
    with place.ledger("old") as ledger:
        ledger.append(orms(2))
    committed(place, 4)
    newest = committed(place, 5)
    found = garbage(place, 1)
    assert [each.why for each in found] == ["a replaced commit", "a replaced commit", "an old ledger"]
    assert all(each.bytes > 0 for each in found)
    assert collect(place, 1, "gc") == found
    assert [each.id for each in place.attempts()] == [newest.attempt]
    assert place.ledger("old").kept().num_rows == 0
    assert place.read(verify=True).num_rows == 5
    assert garbage(place, 1) == []

"""A bucket whose store fails, and a network that breaks, while data is written to it and read from it.

A large object is put in parts of 5 MiB here, S3's smallest; by itself s3fs does so from 100 MiB on.
"""

import os
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from storage.commit import CommitLost
from storage.files import UnsafeStore
from storage.store import Location
from tests.storage.s3 import Network, Wire
from tests.storage.samples import NoLease, attempted, committed, expected, location, orm, orms

LARGE = os.urandom(11 * 2**20).hex()
"""A text whose Parquet file is put in three parts."""
PART_2 = "partNumber=2"
SECONDS_OF_PATIENCE = {"retries": {"total_max_attempts": 1}, "connect_timeout": 5, "read_timeout": 5}


@pytest.fixture
def wire(s3: tuple[Network, int]) -> Iterator[Wire]:
    wire = Wire(s3[1])
    yield wire
    wire.close()


@pytest.fixture
def place(bucket: str, options: dict[str, Any], wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Location:
    """With one commit of three rows in it. botocore tries once, so that it is s3fs and storage that are tested."""
    through = {"endpoint_url": f"http://127.0.0.1:{wire.port}", "config_kwargs": SECONDS_OF_PATIENCE}
    place = location(bucket, **(options | through))
    fs: Any = place.fs
    monkeypatch.setattr(fs.fs, "pipe_file", partial(fs.fs.pipe_file, chunksize=5 * 2**20))
    committed(place)
    return place


def large(place: Location) -> None:
    attempted(place, [orm(0, LARGE), *orms(3)[1:]])


def uploads(place: Location) -> list[str]:
    """Keys of uploads that were begun and neither completed nor given up."""
    fs: Any = place.fs
    bucket = fs.root.partition("/")[0]
    return [each["Key"] for each in fs.fs.call_s3("list_multipart_uploads", Bucket=bucket).get("Uploads", [])]


def check_nothing_changed(place: Location) -> None:
    """The attempt failed and says so; data is as it was; no part of the upload is left, and the next commit works."""
    assert place.read(verify=True).to_pylist() == orms(3)
    assert [each.state for each in place.attempts()] == ["committed", "failed"]
    assert uploads(place) == []
    newest = place.attempts()[-1]
    assert not [name for name in place.fs.names(f"{place.folder}/attempts/{newest.id}") if name.startswith("part")]


def check_a_rerun_commits(place: Location) -> None:
    large(place)
    assert place.read(["completion"], verify=True)["completion"][0].as_py() == LARGE


@pytest.mark.faults
@pytest.mark.parametrize(("status", "code"), [(500, "InternalError"), (503, "SlowDown"), (503, "ServiceUnavailable")])
def test_an_error_in_the_middle_of_an_upload_fails_the_attempt_and_changes_nothing(
    place: Location, network: Network, monkeypatch: pytest.MonkeyPatch, status: int, code: str
) -> None:
    monkeypatch.setattr(place.fs.fs, "retries", 2)  # type: ignore[attr-defined]
    refused = network.refuse("PUT", PART_2, status, code)
    with pytest.raises(OSError):  # noqa: PT011
        large(place)
    assert refused.seen
    assert place.attempts()[-1].error
    check_nothing_changed(place)
    network.heal()
    check_a_rerun_commits(place)


@pytest.mark.faults
def test_a_store_that_is_busy_for_a_while_gets_the_upload_whole(place: Location, network: Network) -> None:
    refused = network.refuse("PUT", PART_2, 503, "SlowDown", times=2)
    check_a_rerun_commits(place)
    assert refused.seen == 2


@pytest.mark.faults
@pytest.mark.parametrize("after", [0, 100_000, 4_000_000])
def test_a_connection_that_breaks_in_the_middle_of_a_part_is_made_anew(place: Location, wire: Wire, after: int) -> None:
    wire.cut(b"PUT", PART_2.encode(), after, times=1)
    check_a_rerun_commits(place)
    assert wire.cuts == 1


@pytest.mark.faults
def test_a_network_that_keeps_breaking_fails_the_attempt_and_changes_nothing(
    place: Location, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place.fs.fs, "retries", 2)  # type: ignore[attr-defined]
    wire.cut(b"PUT", PART_2.encode(), 100_000)
    with pytest.raises(OSError):  # noqa: PT011
        large(place)
    assert wire.cuts > 1
    wire.heal()
    check_nothing_changed(place)
    check_a_rerun_commits(place)


@pytest.mark.faults
def test_a_part_that_breaks_off_while_it_is_read_is_read_whole_or_not_at_all(
    place: Location, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_a_rerun_commits(place)
    wire.cut(b"GET", b"part-00000", 100_000, times=1, coming_back=True)
    assert place.read(["completion"])["completion"][0].as_py() == LARGE
    assert wire.cuts == 1
    monkeypatch.setattr(place.fs.fs, "retries", 2)  # type: ignore[attr-defined]
    wire.cut(b"GET", b"part-00000", 100_000, coming_back=True)
    with pytest.raises(ConnectionError, match=r"part-00000\.parquet: the store was not reached, or not to the end"):
        place.read(["completion"])


@pytest.mark.parametrize(("status", "code"), [(500, "InternalError"), (403, "AccessDenied")])
def test_a_manifest_that_cannot_be_put_is_named_and_the_old_one_stays(
    place: Location, network: Network, status: int, code: str
) -> None:
    network.refuse("PUT", "_manifest.json", status, code)
    with pytest.raises(OSError, match=r"_manifest\.json cannot be written"):
        attempted(place, orms(5))
    assert place.read(verify=True).to_pylist() == orms(3)
    assert place.attempts()[-1].state == "failed"
    assert place.manifest() == place.snapshot().manifest
    network.heal()
    assert attempted(place, orms(5)).generation == 2


def test_a_conditional_put_that_is_refused_leaves_the_winner_and_removes_the_loser(
    place: Location, network: Network
) -> None:
    network.refuse("PUT", "_manifest.json", 412, "PreconditionFailed")
    with place.attempt(expected()) as attempt:
        attempt.write(orms(5))
        with pytest.raises(CommitLost, match="changed while attempt"):
            attempt.commit(lease=NoLease())
    assert [each.state for each in place.attempts()] == ["committed"]
    assert place.read(verify=True).to_pylist() == orms(3)


def test_a_put_that_meets_another_under_way_is_tried_again(place: Location, network: Network) -> None:
    refused = network.refuse("PUT", "_manifest.json", 409, "ConditionalRequestConflict", times=2)
    assert attempted(place, orms(5)).generation == 2
    assert refused.seen == 2


def test_a_put_that_meets_others_without_end_gives_up(
    place: Location, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.objects._BUSY_TRIES", 3)
    network.refuse("PUT", "_manifest.json", 409, "ConditionalRequestConflict")
    with pytest.raises(TimeoutError, match="other writers kept it busy through 3 tries"):
        attempted(place, orms(5))
    assert place.read(verify=True).to_pylist() == orms(3)


def test_a_store_without_conditional_put_is_named(place: Location, network: Network) -> None:
    network.refuse("PUT", "_manifest.json", 501, "NotImplemented")
    with pytest.raises(UnsafeStore, match="does not implement conditional PUT"):
        attempted(place, orms(5))
    assert place.read(verify=True).to_pylist() == orms(3)


def test_a_ledger_keeps_what_a_store_that_fails_could_not_take(place: Location, network: Network) -> None:
    refused = network.refuse("PUT", "/ledger/", 500, "InternalError", times=1)
    with place.ledger("kept") as ledger:
        ledger.append(orms(3))
        with pytest.raises(OSError):  # noqa: PT011
            ledger.flush()
        assert refused.seen == 1
        ledger.append([orm(3)])
    assert place.kept("kept").num_rows == 4

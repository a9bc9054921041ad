import contextlib
import datetime
import resource
from pathlib import Path

import pyarrow as pa
import pytest

from storage.manifest import Damaged
from storage.scan import scanned
from storage.store import Location
from tests.storage.samples import DAY, committed, location


def nights(root: str, count: int) -> list[Location]:
    days = [DAY.date + datetime.timedelta(days=number) for number in range(count)]
    places = [location(root, partition=DAY.model_copy(update={"date": day})) for day in days]
    for number, place in enumerate(places):
        committed(place, 1 + number % 3)
    return places


def test_rows_say_which_partition_they_are_of(root: str) -> None:
    places = nights(root, 3)
    with scanned(places) as rows:
        found = rows.to_table(columns=["date", "partition", "trace_id"]).to_pylist()
    assert [(row["partition"], row["trace_id"]) for row in found] == [
        (str(place.partition), f"trace-{number:04d}")
        for turn, place in enumerate(places)
        for number in range(1 + turn % 3)
    ]
    assert {str(row["date"]) for row in found} == {str(place.partition.date) for place in places}


def test_more_files_than_a_process_may_hold_open_can_be_scanned(tmp_path: Path) -> None:
    places = nights(str(tmp_path), 60)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) + 40, hard))
    try:
        with scanned(places) as rows:
            assert rows.count_rows() == rows.to_table().num_rows == 120
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_part_that_is_gone_or_cut_is_damaged(place: Location) -> None:
    committed(place)
    [part] = map(Path, place.files())
    whole = part.read_bytes()
    for change in (lambda: part.write_bytes(whole[:-1]), part.unlink):
        change()
        with pytest.raises(Damaged, match=rf"part-00000\.parquet has .* bytes; {len(whole):,} with"), scanned([place]):
            pass


def test_a_bit_that_turned_on_the_disk_changes_no_row(place: Location) -> None:
    committed(place, 50, "a completion of some length")
    [part] = map(Path, place.files())
    whole, rows = part.read_bytes(), place.read()
    for turned in range(4, whole.index(b"trace_id")):  # the pages: their columns are named behind them
        part.write_bytes(whole[:turned] + bytes([whole[turned] ^ 16]) + whole[turned + 1 :])
        with scanned([place]) as scan, contextlib.suppress(OSError, pa.ArrowException):
            assert scan.to_table(columns=rows.schema.names) == rows

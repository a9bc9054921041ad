import threading
import time
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.rows import BadRow, SchemaMismatch
from storage.store import Location
from tests.storage.conftest import Start
from tests.storage.samples import location, orm, orms

BATCHES = st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=5)


def ids(table: pa.Table) -> list[str]:
    return sorted(table["trace_id"].to_pylist())


def folder_of(place: Location, kept: str = "kept") -> Path:
    return Path(place.fs.address(f"{place.folder}/ledger/{kept}"))


def eventually(place: Location, rows: int) -> int:
    for _ in range(200):
        if (found := place.ledger("kept").kept().num_rows) >= rows:
            return found
        time.sleep(0.02)
    return found


@settings(max_examples=40)
@given(BATCHES)
def test_keeping_a_row_again_changes_nothing(batches: list[list[int]]) -> None:
    place = location(f"memory://{uuid.uuid4().hex}")
    for number, batch in enumerate(batches):
        with place.ledger("kept") as ledger:
            ledger.append([orm(row, f"batch {number}") for row in batch])
    before = place.ledger("kept").kept()
    assert ids(before) == sorted({f"trace-{row:04d}" for batch in batches for row in batch})
    with place.ledger("kept") as ledger:
        ledger.append(before)
        ledger.append([orm(row, "again") for batch in batches for row in batch])
    assert place.ledger("kept").kept() == before


def test_rows_are_flushed_when_enough_wait(place: Location) -> None:
    with place.ledger("kept", rows=4, seconds=3600) as ledger:
        ledger.append(orms(3))
        assert not folder_of(place).exists()
        ledger.append([orm(3)])
        assert eventually(place, 4) == 4


def test_rows_are_flushed_in_time_though_no_new_one_comes(place: Location) -> None:
    with place.ledger("kept", rows=1000, seconds=0.2) as ledger:
        ledger.append(orms(3))
        assert eventually(place, 3) == 3


def test_no_rows_make_no_file(place: Location) -> None:
    with place.ledger("kept") as ledger:
        ledger.append([])
    assert not folder_of(place).exists()


def test_threads_append_together_without_losing_a_row(place: Location) -> None:
    with place.ledger("kept", rows=7, seconds=0.01) as ledger:

        def work(start: int) -> None:
            for number in range(start, start + 50):
                ledger.append([orm(number)])

        threads = [threading.Thread(target=work, args=(start,)) for start in (0, 50, 100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert ids(place.ledger("kept").kept()) == [f"trace-{number:04d}" for number in range(150)]


def test_ledgers_of_two_fingerprints_do_not_meet(place: Location) -> None:
    with place.ledger("warm") as ledger:
        ledger.append(orms(3))
    assert place.kept("cold").num_rows == 0


def test_torn_files_are_skipped_and_counted(place: Location) -> None:
    for number in range(3):
        with place.ledger("kept") as ledger:
            ledger.append([orm(number)])
    first, second, _ = sorted(folder_of(place).iterdir())
    first.write_bytes(first.read_bytes()[:-7])
    second.write_bytes(b"")
    (folder_of(place) / ".x.parquet.0.tmp").write_bytes(b"half")
    ledger = place.ledger("kept")
    assert ids(ledger.kept()) == ["trace-0002"]
    assert ledger.torn == 3


def test_a_bit_that_turned_on_the_disk_changes_no_row(place: Location) -> None:
    """Bytes of a page that decode to another text, were they not checked."""
    ledger = place.ledger("kept")
    ledger.put(orms(50))
    kept, [file] = ledger.kept(), folder_of(place).iterdir()
    whole = file.read_bytes()
    pages = pq.ParquetFile(file).metadata.row_group(0)
    for turned in range(4, pages.column(pages.num_columns - 1).data_page_offset):
        file.write_bytes(whole[:turned] + bytes([whole[turned] ^ 16]) + whole[turned + 1 :])
        assert ledger.kept() == kept or ledger.torn == 1


def test_a_ledger_of_another_schema_is_no_torn_file(place: Location) -> None:
    folder_of(place).mkdir(parents=True)
    pq.write_table(pa.table({"trace_id": ["1"]}), folder_of(place) / "0.parquet")
    with pytest.raises(SchemaMismatch, match=r"0\.parquet.*bump it"):
        place.ledger("kept").kept()


def test_a_row_that_does_not_fit_is_refused_at_once_and_the_others_stay(place: Location) -> None:
    with place.ledger("kept") as ledger:
        ledger.append(orms(2))
        with pytest.raises(BadRow, match="trace-0002"):
            ledger.append([orm(2, "\ud800")])
    assert place.ledger("kept").kept().num_rows == 2


def test_an_error_in_the_background_is_raised_and_its_rows_are_not_lost(place: Location) -> None:
    folder_of(place).parent.mkdir(parents=True)
    folder_of(place).write_text("a file where the ledger's folder has to be")
    ledger = place.ledger("kept", rows=1)
    ledger.append([orm(0)])
    while ledger._error is None:
        time.sleep(0.01)
    with pytest.raises(FileExistsError):
        ledger.append([orm(1)])
    folder_of(place).unlink()
    ledger.close()
    assert place.ledger("kept").kept().num_rows == 2


def test_an_error_in_the_background_that_passed_ends_no_run(place: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    write, failures = place.fs.write, iter([OSError("the network is down")])

    def flaky(path: str, data: bytes) -> None:
        if error := next(failures, None):
            raise error
        write(path, data)

    monkeypatch.setattr(place.fs, "write", flaky)
    with place.ledger("kept", rows=1, seconds=0.05) as ledger:
        ledger.append([orm(0)])
        while ledger._waiting:
            time.sleep(0.01)
        ledger.append([orm(1)])
    assert place.ledger("kept").kept().num_rows == 2


def test_a_closed_ledger_takes_nothing(place: Location) -> None:
    ledger = place.ledger("kept")
    ledger.close()
    with pytest.raises(ValueError, match="closed"):
        ledger.append(orms(1))


@pytest.mark.faults
def test_a_killed_writer_loses_nothing_that_it_flushed(place: Location, start: Start, tmp_path: Path) -> None:
    flushed = 0
    for pause in (0.0, 0.05, 0.11):
        child = start("fill_ledger", tmp_path, flushed)
        assert child.stdout
        said = [int(child.stdout.readline()) for _ in range(3)]
        time.sleep(pause)
        child.kill()  # SIGKILL, at any place between two flushes
        said += [int(line) for line in child.stdout.read().split()]
        kept = place.ledger("kept").kept()
        texts = dict(zip(ids(kept), kept.sort_by("trace_id")["completion"].to_pylist(), strict=True))
        assert texts == {f"trace-{number:04d}": f"first {number}" for number in range(len(texts))}
        assert len(texts) > said[-1]
        flushed = len(texts)


def test_rows_that_replace_others_are_there_before_those_are_dropped() -> None:
    place = location(f"memory://{uuid.uuid4().hex}")
    ledger = place.ledger("kept")
    old = ledger.put([orm(1, "old")])
    ledger.put([orm(2, "new")])
    assert ids(place.ledger("kept").kept()) == ["trace-0001", "trace-0002"]
    ledger.drop([old])
    assert ids(place.ledger("kept").kept()) == ["trace-0002"]

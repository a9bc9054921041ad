import time
from pathlib import Path

import pytest

from storage.commit import InvalidData
from storage.manifest import Damaged, Facts
from storage.rows import BadRow, DeadLetter, SchemaMismatch, table_of
from storage.schemas import DATASETS
from storage.store import Location
from tests.storage.samples import NoLease, attempted, committed, expected, location, orm, orms


def letters(count: int, kind: str = "engine_error") -> list[DeadLetter]:
    return [DeadLetter(f"dead-{number}", "prm", kind, "the engine said no", "labels:1") for number in range(count)]


def failed(place: Location, error: str, **commit: object) -> None:
    with pytest.raises(InvalidData, match=error):
        attempted(place, orms(3), dead=letters(1), **commit)
    record = place.attempts()[-1]
    assert record.state == "failed"
    assert record.error
    assert record.error.startswith("InvalidData: ")
    assert place.dead(record.id)["id"].to_pylist() == ["dead-0"]


def test_a_commit_says_what_was_made_and_how(root: str) -> None:
    place = location(root)
    facts = Facts(counts={"unknown": 1, "groups": 2}, tokens=7, seconds=1.5, model_digest="m", summary={"pass": 0.5})
    manifest = attempted(place, orms(3), dead=letters(2), facts=facts, rows=3, max_dead=0.5)
    assert manifest == place.manifest()
    assert manifest.counts == {"ok": 2, "dead": 2, "unknown": 1, "groups": 2}
    assert (manifest.generation, manifest.rows, manifest.tokens, manifest.model_digest) == (1, 3, 7, "m")
    assert manifest.params == expected().params
    assert place.read(verify=True).to_pylist() == orms(3)
    assert place.dead()["id"].to_pylist() == ["dead-0", "dead-1"]
    assert [record.state for record in place.attempts()] == ["committed"]


def test_nothing_of_an_attempt_is_seen_before_its_commit(place: Location) -> None:
    before = committed(place, 3)
    with place.attempt(expected()) as attempt:
        attempt.write(orms(5))
        assert place.manifest() == before
        assert place.read().num_rows == 3
        assert place.attempts()[-1].state == "running"
        attempt.commit(lease=NoLease())
    assert place.read().num_rows == 5


def test_an_attempt_without_rows_commits_an_empty_partition(place: Location) -> None:
    manifest = committed(place, 0)
    assert manifest.parts == ()
    assert place.read() == DATASETS["orm"].schema.empty_table()


def test_the_digest_is_of_the_content_alone(place: Location) -> None:
    first, same, other = committed(place, 3), committed(place, 3), committed(place, 3, "so it is 5")
    assert first.digest == same.digest != other.digest
    assert [manifest.generation for manifest in (first, same, other)] == [1, 2, 3]


def attempt_that_dies(place: Location) -> None:
    with place.attempt(expected()) as attempt:
        attempt.write(orms(2))
        attempt.dead(letters(1))
        raise RuntimeError("the actor died \ud800")


def test_an_error_in_the_block_is_recorded(place: Location) -> None:
    with pytest.raises(RuntimeError):
        attempt_that_dies(place)
    (record,) = place.attempts()
    assert (record.state, record.error) == ("failed", r"RuntimeError: the actor died \ud800")
    assert place.manifest() is None


def test_leaving_without_a_commit_is_a_failure(place: Location) -> None:
    with place.attempt(expected()) as attempt:
        attempt.write(orms(2))
    assert place.attempts()[0].error == "ended without a commit"


def test_repeated_ids_are_refused_with_examples(place: Location) -> None:
    with pytest.raises(InvalidData, match=r"2 rows repeat a trace_id.*trace-0001, trace-0002"):
        attempted(place, orms(3), [orm(1), orm(2)])


def test_another_number_of_rows_than_promised_is_refused(place: Location) -> None:
    failed(place, "3 rows were written, 4 were promised", rows=4)


def test_counts_that_contradict_the_rows_are_refused(place: Location) -> None:
    failed(place, "ok 1 . unknown 1 and dead 1", facts=Facts(counts={"ok": 1, "unknown": 1}))


def test_more_dead_letters_than_allowed_fail_the_partition(place: Location) -> None:
    failed(place, r"1 of 4 rows failed \(25.0%, allowed 10.0%\): engine_error 1", max_dead=0.1)


def test_what_is_not_in_the_schema_is_refused_and_the_rest_can_go_on(place: Location) -> None:
    with place.attempt(expected()) as attempt:
        attempt.write(orms(2))
        with pytest.raises(BadRow, match=r"trace-0002.*surrogate"):
            attempt.write([orm(2, "\udcff")])
        with pytest.raises(SchemaMismatch):
            attempt.write(table_of(DATASETS["orm"], orms(2)).drop_columns(["label"]))
        assert attempt.commit(lease=NoLease(), rows=2).rows == 2


def test_another_schema_version_than_expected_is_refused_at_the_start(place: Location) -> None:
    with pytest.raises(ValueError, match="version 1, but version 2 is expected"):
        place.attempt(expected(schema_version=2))


def test_rows_come_back_in_order_from_parts_of_bounded_size(place: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.parts.GROUP_ROWS", 5)
    monkeypatch.setattr("storage.parts.PART_GROUPS", 2)
    manifest = attempted(place, orms(7), [orm(number) for number in range(7, 40)])
    assert [part.rows for part in manifest.parts] == [10, 10, 10, 10]
    assert place.read().to_pylist() == orms(40)


def test_texts_of_a_megabyte_make_many_parts(place: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.parts.GROUP_BYTES", 2**20)
    monkeypatch.setattr("storage.parts.PART_GROUPS", 2)
    manifest = attempted(place, orms(6, "x" * 2**20))
    assert len(manifest.parts) >= 3
    assert place.read()["completion"].to_pylist() == ["x" * 2**20] * 6


def test_the_same_rows_make_the_same_bytes_however_they_are_handed_over(place: Location) -> None:
    rows = orms(100)
    whole, pieces = attempted(place, rows), attempted(place, rows[:30], rows[30:31], rows[31:])
    assert [part.sha256 for part in whole.parts] == [part.sha256 for part in pieces.parts]


def test_a_commit_takes_up_the_ledger_and_its_rows_stay_kept(place: Location) -> None:
    with place.ledger("kept") as ledger:
        ledger.append([orm(0, "from the ledger"), orm(9, "beyond the stop")])
    assert place.kept("kept").num_rows == 2
    committed(place, 3, "committed", kept_fingerprint="kept")
    assert place.ledger("kept").kept().num_rows == 0
    with place.ledger("kept") as ledger:
        ledger.append([orm(2, "late"), orm(3, "new")])
    kept = place.kept("kept").to_pylist()
    assert kept == [*orms(3, "committed"), orm(3, "new")]
    assert place.kept("other").num_rows == 0


def test_of_committed_rows_that_are_damaged_the_others_stay_kept(
    place: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.parts.GROUP_ROWS", 2)
    monkeypatch.setattr("storage.parts.PART_GROUPS", 1)
    committed(place, 6, kept_fingerprint="kept")
    first, second, _ = map(Path, place.files())
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1])
    assert place.kept("kept").to_pylist() == orms(6)[4:], "a run of the stage makes the rest anew"
    with pytest.raises(Damaged):
        place.read()


def test_a_failed_attempt_leaves_the_ledger(place: Location) -> None:
    with place.ledger("kept") as ledger:
        ledger.append(orms(2))
    failed(place, "promised", rows=4, facts=Facts(kept_fingerprint="kept"))
    assert place.kept("kept").num_rows == 2


def test_attempts_are_named_in_the_order_of_their_start(place: Location) -> None:
    ids = []
    for _ in range(3):
        ids.append(place.attempt(expected()).id)
        time.sleep(0.001)
    assert ids == sorted(ids)

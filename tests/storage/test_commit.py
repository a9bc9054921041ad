import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from storage.commit import CommitLost
from storage.store import Location
from tests.storage import children
from tests.storage.samples import NoLease, committed, expected, location, orms

ROUNDS = 25


def test_the_second_of_two_commits_is_lost_and_leaves_nothing(root: str) -> None:
    place = location(root)
    with place.attempt(expected()) as first, place.attempt(expected()) as second:
        first.write(orms(3, "first"))
        second.write(orms(3, "second"))
        first.commit(lease=NoLease())
        with pytest.raises(CommitLost, match=f"generation 1 by attempt {first.id}"):
            second.commit(lease=NoLease())
    assert [record.id for record in place.attempts()] == [first.id]
    assert place.read()["completion"].to_pylist() == ["first"] * 3


def test_a_commit_onto_a_manifest_that_was_removed_is_lost(place: Location) -> None:
    committed(place)
    with place.attempt(expected()) as attempt:
        attempt.write(orms(3))
        place.fs.remove(f"{place.folder}/_manifest.json")
        with pytest.raises(CommitLost, match="was removed"):
            attempt.commit(lease=NoLease())


def raced(root: str, options: dict[str, Any], rounds: int) -> tuple[list[Any], int, list[Any]]:
    """(commits that won, reads meanwhile, reads that saw no single whole)"""
    spawn = multiprocessing.get_context("spawn")
    together, stop, won, seen = spawn.Barrier(2), spawn.Event(), spawn.Queue(), spawn.Queue()
    writers = [spawn.Process(target=children.race, args=(root, options, name, rounds, together, won)) for name in "ab"]
    reader = spawn.Process(target=children.read_on, args=(root, options, stop, seen))
    try:
        for child in (reader, *writers):
            child.start()
        wins = [won.get(timeout=200) for _ in range(rounds)]
        for writer in writers:
            writer.join(60)
        stop.set()
        reads, mixes = seen.get(timeout=60)
        assert won.empty()
        assert [writer.exitcode for writer in writers] == [0, 0]
    finally:
        for child in (reader, *writers):
            child.kill()
            child.join()
    return wins, reads, mixes


@pytest.mark.faults
def test_of_raced_commits_one_wins_each_generation_and_readers_see_no_mix(tmp_path: Path) -> None:
    wins, reads, mixes = raced(str(tmp_path), {}, ROUNDS)
    assert sorted((turn, generation) for _, turn, generation, _ in wins) == [(turn, turn + 1) for turn in range(ROUNDS)]
    attempts = location(tmp_path).attempts()
    assert sorted(record.id for record in attempts) == sorted(attempt for *_, attempt in wins)
    assert {record.state for record in attempts} == {"committed"}
    assert reads > 0
    assert mixes == []

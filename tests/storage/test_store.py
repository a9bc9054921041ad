import datetime

import pytest

from storage.partition import Partition
from storage.store import Missing, Store
from tests.storage.samples import DAY, committed, expected


def test_the_path_says_dataset_version_and_partition(tmp_path: object) -> None:
    place = Store(str(tmp_path)).at("orm", DAY)
    committed(place)
    assert place.files()[0].startswith(
        f"{tmp_path}/orm/v1/date=2026-11-22/source=generated/model=tiny_reasoner/run=main/attempts/"
    )


def test_partitions_with_anything_at_all_are_listed_in_order(root: str) -> None:
    store = Store(root)
    days = [datetime.date(2026, 11, day) for day in (23, 21)]
    partitions = [DAY, *(Partition(date=day, source="gsm8k", run="x") for day in days)]
    for partition in partitions:
        committed(store.at("orm", partition))
    failed = DAY.without_model()
    store.at("orm", failed).attempt(expected()).__enter__()
    assert store.partitions("orm") == sorted([*partitions, failed], key=str)
    assert store.partitions("traces") == []


def test_strange_folders_are_no_partitions(root: str) -> None:
    store = Store(root)
    store.files.write("orm/v1/notes/run=main/readme.txt", b"")
    store.files.write("orm/v1/date=2026-11-22/readme.txt", b"")
    assert store.partitions("orm") == []


def test_an_unknown_dataset_is_refused_with_those_there_are(tmp_path: object) -> None:
    with pytest.raises(KeyError, match="'trace'; there are problems, traces"):
        Store(str(tmp_path)).at("trace", DAY)


def test_a_pinned_location_is_read_as_it_was(root: str) -> None:
    place = Store(root).at("orm", DAY)
    first = committed(place, 3)
    pinned = place.pinned()
    committed(place, 5)
    assert (pinned.manifest(), pinned.read().num_rows, place.read().num_rows) == (first, 3, 5)


def test_dead_letters_of_an_unknown_attempt_are_missing(root: str) -> None:
    with pytest.raises(Missing, match="no attempt x"):
        Store(root).at("orm", DAY).dead("x")

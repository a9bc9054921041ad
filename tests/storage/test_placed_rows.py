import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import placed_rows
from storage.files import StorageFull
from storage.placed_rows import PlacedRows

SCHEMA = pa.schema([pa.field("id", pa.utf8(), nullable=False), pa.field("n", pa.list_(pa.int8()))])


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def named(places: list[int]) -> list[dict[str, Any]]:
    """A row for each place, which says when it came."""
    return [{"id": f"{place}, {turn}", "n": [None, place % 100]} for turn, place in enumerate(places)]


def filled(places: list[int], piece: int, **changes: Any) -> PlacedRows:
    rows = PlacedRows(SCHEMA, **changes)
    for start in range(0, len(places), piece):
        rows.append(table(named(places)[start : start + piece]), places[start : start + piece])
    return rows


@settings(max_examples=50)
@given(st.lists(st.integers(0, 9999), max_size=60), st.integers(1, 9), st.integers(1, 20), st.integers(1, 5000))
def test_rows_come_in_the_order_of_their_places_and_then_of_their_coming(
    places: list[int], piece: int, waiting: int, shelf: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(placed_rows, "WAITING_ROWS", waiting)
        patch.setattr(placed_rows, "SHELF", shelf)
        rows = filled(places, piece)
        wanted = [row for _, row in sorted(zip(places, named(places), strict=True), key=lambda pair: pair[0])]
        assert list(rows.items()) == list(zip(sorted(places), wanted, strict=True))
        assert rows.reader().read_all() == table(wanted)


def test_of_each_place_the_first_row_may_count_alone() -> None:
    places = [3, 1, 3, 5000, 1, 1]
    rows = filled(places, 2, first=True)
    assert list(rows.items()) == [(place, named(places)[places.index(place)]) for place in (1, 3, 5000)]


def test_they_can_be_read_again_and_by_columns() -> None:
    rows = filled([2, 0, 1], 2)
    assert [row for _, row in rows.items(["n"])] == [{"n": [None, 0]}, {"n": [None, 1]}, {"n": [None, 2]}]
    assert rows.reader().read_all() == rows.reader().read_all()


def test_batches_are_cut_by_place_and_not_by_coming() -> None:
    places = list(range(3 * placed_rows.SHELF))
    random.Random(0).shuffle(places)
    [few, many] = [[batch.num_rows for batch in filled(places, piece).reader()] for piece in (1000, 5000)]
    assert few == many == [placed_rows.SHELF] * 3


def test_it_takes_no_other_columns_no_other_number_of_places_and_nothing_once_it_is_read(tmp_path: Path) -> None:
    rows = PlacedRows(SCHEMA, tmp_path)
    with pytest.raises(ValueError, match="the rows are of schema"):
        rows.append(pa.table({"id": ["a"]}), [0])
    with pytest.raises(ValueError, match="Expected length 1 but got length 2"):
        rows.append(table(named([0])), [0, 1])
    assert rows.reader().read_all() == SCHEMA.empty_table()
    with pytest.raises(ValueError, match="append everything before"):
        rows.append(table(named([0])), [0])
    assert not list(tmp_path.iterdir()), "it has no name on the disk"


@pytest.mark.parametrize("count", [1, 20_000], ids=["at the end", "at once"])
def test_a_full_disk_says_where_and_what_to_do(count: int, full_disk: None) -> None:
    def read() -> None:
        filled(list(range(count)), count).reader().read_all()

    with pytest.raises(StorageFull, match=r"no space in /.* for rows on \d shelves of 4,096; set TMPDIR to"):
        read()

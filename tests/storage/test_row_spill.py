import pyarrow as pa
import pytest

from storage.files import StorageFull
from storage.row_spill import RowSpill

SCHEMA = pa.schema([pa.field("id", pa.utf8(), nullable=False), pa.field("n", pa.list_(pa.int32()))])


def rows(*names: str) -> pa.Table:
    return pa.table({"id": list(names), "n": [[1]] * len(names)}, schema=SCHEMA)


def test_rows_come_back_in_the_order_they_went_in() -> None:
    spill = RowSpill(SCHEMA)
    for piece in (rows("a", "b"), rows(), rows("c")):
        spill.append(piece)
    assert spill.rows == 3
    assert spill.reader().read_all() == rows("a", "b", "c")


def test_a_spill_without_rows_has_its_schema() -> None:
    assert RowSpill(SCHEMA).reader().read_all() == SCHEMA.empty_table()


def test_it_takes_no_other_columns_and_nothing_once_it_is_read(tmp_path) -> None:
    spill = RowSpill(SCHEMA, tmp_path)
    with pytest.raises(ValueError, match="the spill holds"):
        spill.append(pa.table({"id": ["a"]}))
    spill.reader()
    with pytest.raises(ValueError, match="append everything before"):
        spill.append(rows("a"))
    with pytest.raises(ValueError, match="read once"):
        spill.reader()
    assert not list(tmp_path.iterdir()), "it has no name on the disk"


@pytest.mark.parametrize("count", [1, 200_000], ids=["at the end", "at once"])
def test_a_full_disk_says_where_and_what_to_do(count: int, full_disk: None) -> None:
    def spilled() -> None:
        spill = RowSpill(SCHEMA)
        spill.append(rows(*map(str, range(count))))
        spill.reader()

    with pytest.raises(StorageFull, match=r"no space in /.* for a spill of \d rows; set TMPDIR to"):
        spilled()

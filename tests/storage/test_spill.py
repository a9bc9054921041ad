import os

import numpy as np
import pytest

from storage import spill as module
from storage.files import StorageFull
from storage.spill import Spill

LAYOUT = {"pair": "int32", "score": "uint8", "style": "float32"}


def batch(start: int, rows: int) -> dict[str, np.ndarray]:
    values = np.arange(start, start + rows)
    return {"pair": values.astype(np.int32), "score": (values % 3).astype(np.uint8), "style": values / 7}


def test_what_was_appended_comes_back_mapped_and_read_only(tmp_path) -> None:
    with Spill(LAYOUT, tmp_path) as spill:
        for start in range(0, 1000, 250):
            spill.append(batch(start, 250))
        columns = spill.columns()
        assert spill.rows == 1000
        for name, expected in batch(0, 1000).items():
            assert isinstance(columns[name], np.memmap)
            np.testing.assert_array_equal(columns[name], expected.astype(LAYOUT[name]))
        with pytest.raises(ValueError, match="read-only"):
            columns["pair"][0] = 1


def test_it_takes_the_bytes_of_its_types_and_no_more(tmp_path) -> None:
    with Spill(LAYOUT, tmp_path) as spill:
        spill.append(batch(0, 100))
        assert spill.row_bytes == 9
        assert sum(column.nbytes for column in spill.columns().values()) == 900


def test_no_file_has_a_name_so_that_nothing_can_be_left_behind(tmp_path) -> None:
    with Spill(LAYOUT, tmp_path) as spill:
        spill.append(batch(0, 100))
        spill.columns()
        assert os.listdir(tmp_path) == []


def test_an_empty_spill_has_empty_columns(tmp_path) -> None:
    with Spill(LAYOUT, tmp_path) as spill:
        spill.append(batch(0, 0))
        assert {name: len(column) for name, column in spill.columns().items()} == dict.fromkeys(LAYOUT, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": np.zeros(3, np.uint8)}, "one length"),
        ({"score": np.zeros(5)}, "'score' holds uint8, the batch float64"),
        ({"user": np.zeros(5)}, "the batch .*'user'"),
    ],
)
def test_an_unfit_batch_is_refused_as_a_whole(tmp_path, change, message: str) -> None:
    with Spill(LAYOUT, tmp_path) as spill:
        with pytest.raises(ValueError, match=message):
            spill.append(batch(0, 5) | change)
        spill.append(batch(0, 5))
        assert len(spill.columns()["pair"]) == spill.rows == 5


def test_nothing_is_appended_to_what_is_mapped(tmp_path) -> None:
    with Spill(LAYOUT, tmp_path) as spill:
        spill.append(batch(0, 5))
        spill.columns()
        with pytest.raises(ValueError, match="mapped already"):
            spill.append(batch(5, 5))


def test_objects_have_no_place_in_it() -> None:
    with pytest.raises(TypeError, match=r"\['user'\] hold Python objects"):
        Spill({"user": object})


def test_a_full_disk_says_where_and_what_to_do(tmp_path) -> None:
    with Spill(LAYOUT, "/dev/shm") as spill, pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_write", full)
        with pytest.raises(StorageFull, match="/dev/shm for a spill that holds 0 rows of 9 bytes"):
            spill.append(batch(0, 5))


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")

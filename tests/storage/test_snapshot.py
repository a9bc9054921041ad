import tracemalloc
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage.manifest import Damaged, Part
from storage.snapshot import part_batches
from storage.store import Location, Missing
from tests.storage.samples import committed, location, orms


def part(place: Location) -> Path:
    return Path(place.files()[0])


def test_nothing_can_be_read_before_the_first_commit(place: Location) -> None:
    with pytest.raises(Missing, match="date=2026-11-22"):
        place.read()


def test_only_what_the_manifest_names_is_read(place: Location) -> None:
    committed(place)
    stray = part(place).with_name("part-00001.parquet")
    stray.write_bytes(part(place).read_bytes())
    assert place.read().num_rows == 3


def test_a_snapshot_stays_while_others_commit(place: Location) -> None:
    committed(place, 3, "old")
    snapshot = place.snapshot()
    committed(place, 5, "new")
    assert snapshot.read(verify=True)["completion"].to_pylist() == ["old"] * 3
    assert place.snapshot().manifest.generation == 2


def test_columns_are_read_as_asked(root: str) -> None:
    place = location(root)
    committed(place)
    assert place.read(["label", "trace_id"]).schema.names == ["label", "trace_id"]
    assert place.read(["label", "trace_id"]).to_pylist()[1] == {"label": True, "trace_id": "trace-0001"}
    with pytest.raises(KeyError, match=r"no columns \['answer'\]; it has \['trace_id'"):
        place.read(["answer"])


def test_batches_give_the_same_rows_a_few_at_a_time(root: str) -> None:
    place = location(root)
    committed(place, 10)
    batches = list(place.batches(batch_rows=4))
    assert [batch.num_rows for batch in batches] == [4, 4, 2]
    assert [row for batch in batches for row in batch.to_pylist()] == orms(10)
    assert next(place.batches(["label", "trace_id"])).schema.names == ["label", "trace_id"]


def test_a_truncated_file_is_named_with_both_sizes_and_its_digest(place: Location) -> None:
    named = committed(place).parts[0]
    part(place).write_bytes(part(place).read_bytes()[:-100])
    with pytest.raises(Damaged) as caught:
        place.read()
    for said in (str(part(place)), f"{named.bytes - 100:,} bytes", f"{named.bytes:,}", named.sha256):
        assert said in str(caught.value)
    with pytest.raises(Damaged):
        list(place.batches())


def test_a_file_that_is_gone_is_named(place: Location) -> None:
    committed(place)
    path = part(place)
    path.unlink()
    with pytest.raises(Damaged, match=f"{path} is gone; [0-9,]+ bytes with sha256"):
        place.read()


def test_changed_bytes_of_the_same_length_are_found(place: Location) -> None:
    committed(place, 2000, "text")
    data = bytearray(part(place).read_bytes())
    middle = len(data) // 4
    data[middle : middle + 4] = bytes(255 - byte for byte in data[middle : middle + 4])
    part(place).write_bytes(data)
    with pytest.raises(Damaged, match=r"has sha256 .*; .* was committed"):
        place.read(verify=True)
    with pytest.raises(Damaged, match="has sha256"):
        place.snapshot().verify()
    with pytest.raises(Damaged, match="cannot be read"):
        place.read()  # the checksum of the page


def test_a_manifest_that_was_edited_into_nonsense_is_named(place: Location) -> None:
    committed(place)
    place.fs.write(f"{place.folder}/_manifest.json", b'{"generation": 0}')
    with pytest.raises(Damaged, match=r"_manifest\.json is no manifest"):
        place.read()


def test_other_programs_open_the_files(place: Location) -> None:
    committed(place)
    files = place.files()
    assert pd.read_parquet(files, partitioning=None).to_dict("records") == orms(3)
    assert duckdb.read_parquet(files, hive_partitioning=False).fetchall()[0][0] == "trace-0000"
    assert pq.ParquetFile(files[0]).schema_arrow == place.dataset.schema


def test_hugging_face_datasets_opens_the_files(place: Location, tmp_path: Path) -> None:
    import datasets

    committed(place)
    opened = datasets.load_dataset(
        "parquet", data_files=place.files(), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert opened.to_list() == orms(3)


def test_batches_hold_a_row_group_at_a_time_and_not_the_file(place: Location, tmp_path: Path) -> None:
    groups, rows = 16, 20_000
    table = pa.table({"label": np.random.default_rng(0).random(groups * rows)})  # which nothing compresses
    file = tmp_path / "part-00000.parquet"
    pq.write_table(table, file, row_group_size=rows)
    named = Part(path=file.name, rows=table.num_rows, bytes=file.stat().st_size, sha256="")
    tracemalloc.start()  # what is fetched are Python's bytes, of which Arrow's pool knows nothing
    try:
        seen = sum(b.num_rows for b in part_batches(place.fs, ".", [named], table.schema, batch_rows=rows))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seen == table.num_rows
    assert most < named.bytes / 3

"""Files as rows."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.verifier.chunks import Damaged, chunks, files_of
from tasks.verifier.weights import unpack

FILES = st.dictionaries(st.sampled_from(["a.json", "b.safetensors", "c"]), st.binary(max_size=40), min_size=1)


@given(FILES, st.integers(1, 50))
def test_files_come_back_from_their_chunks_in_any_order(files: dict[str, bytes], size: int) -> None:
    rows = list(chunks("process", files, size))
    assert files_of("process", reversed(rows)) == files
    assert len({row["chunk_id"] for row in rows}) == len(rows)
    assert files_of("outcome", rows) == {}


def test_a_missing_chunk_is_noticed() -> None:
    rows = list(chunks("process", {"a": b"123456"}, 2))
    with pytest.raises(Damaged, match="6 bytes"):
        files_of("process", rows[:-1])


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "a/b", "..", "", "a\0b"])
def test_a_file_that_would_lie_elsewhere_is_not_unpacked(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has to lie right in its folder"):
        unpack({name: b"x"}, tmp_path / "verifier")
    assert [path.name for path in tmp_path.rglob("*")] == ["verifier"]

"""Files as rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.verifier.chunks import Damaged, chunks, files_of

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
